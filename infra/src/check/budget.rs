//! CloudFormation takes 500 resources in a stack, and SAM makes several of one function: the count is estimated here, where
//! there is still time to act.

use serde_json::Value;
use testkit::template::Template;

use super::Finding;

/// Where it must stop: some room is left for what SAM makes in ways not counted here.
const MOST: usize = 480;

/// API Gateway takes this many integrations in one API; every function with a route is one.
const MOST_INTEGRATIONS: usize = 300;

/// The template's size as it will be deployed.
pub fn check(template: &Template) -> Vec<Finding> {
    let mut findings = Vec::new();
    let resources = template.resources().map(|(_, resource)| weight(resource)).sum::<usize>();
    if resources > MOST {
        let text = format!(
            "about {resources} resources of at most {MOST}: move alarms or logs into a nested stack, share roles"
        );
        findings.push(Finding::new("template.yaml", text));
    }
    let functions = template.resources().filter(|(_, resource)| events(resource, "HttpApi") > 0).count();
    if functions > MOST_INTEGRATIONS {
        let text = format!("{functions} functions have routes, an API takes {MOST_INTEGRATIONS}: split the API");
        findings.push(Finding::new("template.yaml", text));
    }
    findings
}

/// How many resources SAM makes of this one: a permission per route, a mapping per queue, a schedule per schedule, a role
/// where none is named.
fn weight(resource: &Value) -> usize {
    let own_role = |properties: &Value, key: &str| usize::from(properties[key].is_null());
    let properties = &resource["Properties"];
    match resource["Type"].as_str().unwrap_or_default() {
        "AWS::Serverless::Function" => {
            let of_schedules = properties["Events"].as_object().into_iter().flatten();
            let of_schedules = of_schedules.filter(|(_, event)| event["Type"] == "ScheduleV2");
            let roles: usize = of_schedules.map(|(_, event)| own_role(&event["Properties"], "RoleArn")).sum();
            let made = events(resource, "HttpApi") + events(resource, "SQS") + events(resource, "ScheduleV2");
            1 + own_role(properties, "Role") + made + roles
        }
        "AWS::Serverless::HttpApi" => 2,
        _ => 1,
    }
}

fn events(resource: &Value, kind: &str) -> usize {
    resource["Properties"]["Events"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, event)| event["Type"] == kind)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(functions: usize) -> Vec<Finding> {
        let mut text = "Resources:\n  Api: { Type: \"AWS::Serverless::HttpApi\" }\n".to_owned();
        for number in 0..functions {
            text.push_str(&format!(
                "  F{number}: {{ Type: \"AWS::Serverless::Function\", Properties: {{ Role: r, Events: {{ R: {{ Type: HttpApi }} }} }} }}\n"
            ));
        }
        check(&Template::parse(&text).unwrap())
    }

    #[test]
    fn a_function_with_a_route_counts_twice() {
        assert_eq!(with(239), []);
        assert_eq!(with(240).len(), 1);
    }

    #[test]
    fn a_role_of_its_own_counts() {
        let function = serde_json::json!({"Type": "AWS::Serverless::Function", "Properties": {}});
        assert_eq!(weight(&function), 2);
    }
}
