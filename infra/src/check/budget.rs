//! What one stack may hold: CloudFormation takes 500 resources and 1 MB of template after SAM has made its own of it, an API 300
//! routes and 300 integrations, a function 4 KB of variables. All is counted here, where there is still time to act.

use serde_json::Value;
use testkit::template::{FunctionDef, Template, Values};

use super::Finding;

/// Of 500: some room is left for what an update makes before it removes, and for what SAM makes in ways not counted here.
const MOST_RESOURCES: usize = 450;

/// The account's quota: an alias and a HEAD are routes as well.
const MOST_ROUTES: usize = 300;

/// Of 300, which is fixed: every function with a route is one.
const MOST_INTEGRATIONS: usize = 295;

/// Of 1 MB, in bytes.
const MOST_BYTES: usize = 900 * 1024;

/// Of Lambda's 4 KB, in bytes of names and values.
const MOST_ENVIRONMENT: usize = 3584;

/// What SAM adds to a function: where its code lies, and a tag.
const ADDED_BYTES: usize = 200;

/// What a deployment sets a parameter to when it is as long as it gets: keys of 2048 bits, and in place of what is local the
/// cloud's values, which are known there only. Other parameters count as their default.
const LONGEST: &[(&str, usize)] = &[
    ("NamePrefix", 16),
    ("LogLevel", 100),
    ("ConsoleUrl", 80),
    ("JwtPublicKey", 460),
    ("JwtIssuer", 120),
    ("JwtAudience", 60),
    ("LocalDatabaseUrl", 140),
    ("LocalMigrationDatabaseUrl", 140),
    ("AppDatabasePassword", 40),
    ("LocalSecretsKey", 44),
    ("LocalJwtPrivateKey", 1710),
];

/// The template's size as it will be deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    resources: usize,
    routes: usize,
    integrations: usize,
    bytes: usize,
    /// Bytes of the function with most variables, and its name.
    environment: (usize, String),
}

impl Size {
    /// Counts; `body` is the API's generated body.
    ///
    /// # Errors
    /// When a function or its variables cannot be read.
    pub fn of(template: &Template, body: &str) -> anyhow::Result<Self> {
        let functions = template.functions()?;
        let mut environment = (0, String::new());
        for function in &functions {
            environment = environment.max((environment_bytes(template, function)?, function.name.clone()));
        }
        let bytes: usize = template.root().as_object().into_iter().flatten().map(|(_, part)| compact(part)).sum();
        let made: usize = template.resources().map(|(id, resource)| added_bytes(template, id, resource)).sum();
        let body = serde_json::from_str(body).map_or(body.len(), |body: Value| compact(&body));
        Ok(Self {
            resources: template.resources().map(|(_, resource)| weight(resource)).sum(),
            routes: functions.iter().map(|function| function.routes.len()).sum(),
            integrations: functions.iter().filter(|function| !function.routes.is_empty()).count(),
            bytes: bytes + made + body,
            environment,
        })
    }

    /// What is too much, and what to do.
    pub fn findings(&self) -> Vec<Finding> {
        let Self { resources, routes, integrations, bytes, environment: (variables, function) } = self;
        let kilobytes = bytes.div_ceil(1024);
        let texts = [
            (*resources > MOST_RESOURCES).then(|| {
                format!("makes {resources} resources of at most {MOST_RESOURCES}: move some without functions into infra/stacks, share roles and log groups")
            }),
            (*routes > MOST_ROUTES).then(|| {
                format!("has {routes} routes, the account's quota is {MOST_ROUTES}: have it raised, say so in the README and raise it here")
            }),
            (*integrations > MOST_INTEGRATIONS).then(|| {
                format!("has {integrations} functions with routes of at most {MOST_INTEGRATIONS}: an API takes 300 integrations, so split the API")
            }),
            (*bytes > MOST_BYTES).then(|| {
                format!("is {kilobytes} KB after SAM of at most {} KB: share what many functions repeat", MOST_BYTES / 1024)
            }),
            (*variables > MOST_ENVIRONMENT).then(|| {
                format!("gives {function} {variables} bytes of variables of at most {MOST_ENVIRONMENT}: it needs fewer, or shorter ones")
            }),
        ];
        texts.into_iter().flatten().map(|text| Finding::new("template.yaml", text)).collect()
    }

    /// All of it in a line for people.
    pub fn summary(&self) -> String {
        format!(
            "stack: {} of {MOST_RESOURCES} resources, {} of {MOST_ROUTES} routes, {} of {MOST_INTEGRATIONS} integrations, {} of {} KB, \
             variables at most {} of {MOST_ENVIRONMENT} bytes ({})",
            self.resources,
            self.routes,
            self.integrations,
            self.bytes.div_ceil(1024),
            MOST_BYTES / 1024,
            self.environment.0,
            self.environment.1
        )
    }
}

/// How many resources SAM makes of this one: a mapping per queue, a schedule per schedule, a configuration of asynchronous calls, and a
/// role where none is named.
fn weight(resource: &Value) -> usize {
    let absent = |value: &Value| usize::from(value.is_null());
    let properties = &resource["Properties"];
    match resource["Type"].as_str().unwrap_or_default() {
        "AWS::Serverless::Function" => {
            let events = properties["Events"].as_object().into_iter().flatten();
            let of_events: usize = events
                .map(|(_, event)| match event["Type"].as_str() {
                    Some("ScheduleV2") => 1 + absent(&event["Properties"]["RoleArn"]),
                    _ => 1,
                })
                .sum();
            1 + absent(&properties["Role"]) + of_events + usize::from(!properties["EventInvokeConfig"].is_null())
        }
        // The API and its stage.
        "AWS::Serverless::HttpApi" => 2,
        _ => 1,
    }
}

/// What SAM writes into every function from `Globals`, and adds itself.
fn added_bytes(template: &Template, logical_id: &str, resource: &Value) -> usize {
    if resource["Type"] != "AWS::Serverless::Function" {
        return 0;
    }
    let merged = compact(&template.properties(logical_id));
    merged.saturating_sub(compact(&resource["Properties"])) + ADDED_BYTES
}

fn compact(value: &Value) -> usize {
    value.to_string().len()
}

fn environment_bytes(template: &Template, function: &FunctionDef) -> anyhow::Result<usize> {
    let known = &template.root()["Parameters"];
    let values = LONGEST.iter().filter(|(name, _)| !known[*name].is_null());
    let values = values.fold(Values::default(), |values, (name, length)| values.parameter(name, "x".repeat(*length)));
    let variables = template.resolve_env(function, &values)?;
    Ok(variables.iter().map(|(name, value)| name.len() + value.len()).sum())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::generate::api;

    /// As many endpoints, each with so many routes.
    fn with(functions: usize, routes: usize, more: &str) -> Size {
        let mut text = format!("{more}\nResources:\n  Api: {{ Type: \"AWS::Serverless::HttpApi\" }}\n");
        for number in 0..functions {
            let routes: String = (0..routes).map(|route| format!("GET /{number}/{route}, ")).collect();
            text.push_str(&format!(
                "  F{number}: {{ Type: \"AWS::Serverless::Function\", Metadata: {{ Routes: [{routes}] }}, Properties: {{ Role: r, CodeUri: x/f{number}/ }} }}\n"
            ));
        }
        Size::of(&Template::parse(&text).unwrap(), "{}").unwrap()
    }

    fn texts(size: &Size) -> String {
        size.findings().into_iter().map(|finding| finding.text + "\n").collect()
    }

    #[test]
    fn an_endpoint_is_one_resource() {
        assert_eq!(with(448, 0, "").resources, 450);
        assert_eq!(texts(&with(448, 0, "")), "");
        assert!(texts(&with(449, 0, "")).contains("makes 451 resources of at most 450"));
    }

    #[test]
    fn aliases_are_routes_but_no_integrations() {
        let size = with(150, 2, "");
        assert_eq!((size.routes, size.integrations, texts(&size).as_str()), (300, 150, ""));
        assert!(texts(&with(151, 2, "")).contains("has 302 routes"));
        assert_eq!(texts(&with(295, 1, "")), "");
        assert!(texts(&with(296, 1, "")).contains("has 296 functions with routes"));
    }

    #[test]
    fn what_sam_makes_of_a_function_counts() {
        let event = |kind: &str, properties: Value| json!({"Type": kind, "Properties": properties});
        for (properties, expected) in [
            (json!({}), 2),
            (json!({"Role": "r"}), 1),
            (json!({"Role": "r", "Events": {"Queue": event("SQS", json!({}))}}), 2),
            (json!({"Role": "r", "Events": {"Hourly": event("ScheduleV2", json!({}))}}), 3),
            (
                json!({"Role": "r", "Events": {"Hourly": event("ScheduleV2", json!({"RoleArn": "r"}))}, "EventInvokeConfig": {}}),
                3,
            ),
        ] {
            assert_eq!(
                weight(&json!({"Type": "AWS::Serverless::Function", "Properties": properties})),
                expected,
                "{properties}"
            );
        }
    }

    #[test]
    fn globals_are_written_into_every_function() {
        let globals = |length: usize| format!("Globals: {{ Function: {{ Description: {} }} }}", "x".repeat(length));
        let (short, long) = (with(100, 0, &globals(1000)).bytes, with(100, 0, &globals(2000)).bytes);
        assert_eq!(long - short, 101 * 1000);
        let limit = |length: usize| texts(&with(100, 0, &globals(length)));
        let room = (MOST_BYTES - short) / 101;
        assert_eq!(limit(1000 + room), "");
        assert!(limit(1000 + room + 1).contains("is 901 KB after SAM of at most 900 KB"));
    }

    #[test]
    fn variables_count_with_their_names_and_as_long_as_they_get() {
        let variables = |length: usize| {
            format!(
                "Parameters: {{ JwtPublicKey: {{ Type: String, Default: \"\" }} }}\n\
                 Globals: {{ Function: {{ Environment: {{ Variables: {{ KEY: !Ref JwtPublicKey, TEXT: {} }} }} }} }}",
                "x".repeat(length)
            )
        };
        let most = MOST_ENVIRONMENT - 460 - "KEYTEXT".len();
        assert_eq!(texts(&with(1, 0, &variables(most))), "");
        assert!(texts(&with(1, 0, &variables(most + 1))).contains("gives f0 3585 bytes of variables"));
    }

    /// The real template, grown to what is planned: 13 consumers and 13 jobs among 305 functions, in 20 areas with 26 roles.
    #[test]
    fn there_is_room_for_305_functions() {
        let template = Template::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")).unwrap();
        let mut root = template.root().clone();
        let resources = root["Resources"].as_object_mut().unwrap();
        let count = |resources: &serde_json::Map<String, Value>, fits: &dyn Fn(&Value) -> bool| {
            resources.values().filter(|resource| fits(resource)).count()
        };
        let of = |kind: &'static str| move |resource: &Value| resource["Type"] == kind;
        let with_event = |kind: &'static str| {
            move |resource: &Value| {
                let mut events = resource["Properties"]["Events"].as_object().into_iter().flatten();
                events.any(|(_, event)| event["Type"] == kind)
            }
        };
        let mut grow = |like: &str, most: usize, fits: &dyn Fn(&Value) -> bool| {
            let mut copy = resources[like].clone();
            for number in count(resources, fits)..most {
                if copy["Metadata"]["Routes"].is_array() {
                    copy["Metadata"]["Routes"] = json!([format!("GET /api/v1/planned/{{id}}/{number}")]);
                }
                resources.insert(format!("Planned{like}{number}"), copy.clone());
            }
        };
        // The keeper of the dead letters consumes too.
        grow("SlackWorker", 14, &with_event("SQS"));
        grow("ScoreDecay", 13, &with_event("ScheduleV2"));
        grow("SlackQueue", 14, &of("AWS::SQS::Queue"));
        grow("SlackRole", 26, &of("AWS::IAM::Role"));
        grow("HealthLogs", 20, &of("AWS::Logs::LogGroup"));
        grow("LeadsUpdate", 305, &of("AWS::Serverless::Function"));
        let grown = Template::parse(&root.to_string()).unwrap();
        let size = Size::of(&grown, &api::text(&grown).unwrap()).unwrap();
        assert_eq!(size.findings(), [], "{}", size.summary());
        assert!((400..=440).contains(&size.resources), "{}", size.summary());
    }
}
