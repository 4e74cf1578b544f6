//! Alarms and dashboard name metrics that exist: ours as the functions write them, with the dimensions they have, of functions, queues
//! and areas that are in the template; AWS's own by a list of those we read. A name that nobody writes makes an alarm that is silent for
//! ever, and a curve that is always calm.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::Context as _;
use regex::Regex;
use serde_json::Value;
use testkit::template::{Template, Values};

use super::sources::{files, only_tests, without_tests};
use super::{Finding, pattern};

const TABLE: &str = "shared/src/telemetry/metrics.rs";
const ALARMS: &str = "infra/stacks/alarms.yaml";
const DASHBOARD: &str = "infra/stacks/dashboard.yaml";

/// Our namespace.
const OURS: &str = "Lotse";

/// Metrics of every area with a route that the dashboard shows.
const OF_AREAS: [&str; 2] = ["RequestDuration", "Answers5xx"];

/// What we read of AWS's own metrics. Another one is added here, with its name copied from the service's documentation.
const AWS: &[(&str, &[&str])] = &[
    ("AWS/ApiGateway", &["Count", "4xx", "5xx", "Latency"]),
    ("AWS/Lambda", &["Errors", "Invocations"]),
    (
        "AWS/RDS",
        &["ACUUtilization", "CPUUtilization", "DatabaseConnections", "DatabaseConnectionsCurrentlySessionPinned"],
    ),
    ("AWS/SQS", &["ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "NumberOfMessagesReceived"]),
];

static DEFINED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"pub const ([A-Z0-9_]+): Metric =\s*Metric::(count|by_function|by_route|by_partner)\(\s*"([A-Za-z0-9]+)""#,
    )
});
static USED: LazyLock<Regex> = LazyLock::new(|| pattern(r"&([A-Z0-9_]+)\b|\b([A-Z0-9_]+)\.(?:add|count_of|took)\("));

/// A metric as the functions write it.
#[derive(Debug)]
struct Written {
    /// Its constant.
    constant: String,
    name: String,
    /// Sets of dimensions, in the order of names.
    dimensions: &'static [&'static [&'static str]],
}

/// A metric as an alarm or the dashboard names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    place: String,
    namespace: String,
    name: String,
    dimensions: Vec<(String, String)>,
}

/// What a dimension may be of.
struct Known {
    functions: BTreeSet<String>,
    queues: BTreeSet<String>,
    areas: BTreeSet<String>,
    /// Those with a route.
    areas_with_routes: BTreeSet<String>,
}

/// Compares alarms and dashboard with the metrics that the functions write.
///
/// # Errors
/// When one of the files cannot be read.
pub fn check(root: &Path, template: &Template) -> anyhow::Result<Vec<Finding>> {
    let table = fs::read_to_string(root.join(TABLE)).with_context(|| format!("cannot read {TABLE}"))?;
    let mut code = without_tests(&table).to_owned();
    for folder in ["shared/src", "functions"] {
        for file in files(&root.join(folder))? {
            let place = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            if place.ends_with(".rs") && place != TABLE && !place.contains("/tests/") && !only_tests(&file) {
                let text = fs::read_to_string(&file).with_context(|| format!("cannot read {place}"))?;
                code.push_str(without_tests(&text));
            }
        }
    }
    let mut named = in_alarms(&Template::read(root.join(ALARMS))?)?;
    named.extend(in_dashboard(&Template::read(root.join(DASHBOARD))?)?);
    Ok(compared(&table, &code, &named, &Known::of(template)?))
}

impl Known {
    fn of(template: &Template) -> anyhow::Result<Self> {
        let functions = template.functions()?;
        let mut known = Self {
            functions: functions.iter().map(|function| function.name.clone()).collect(),
            queues: template.queues(&Values::default())?.into_iter().map(|queue| queue.name).collect(),
            areas: BTreeSet::new(),
            areas_with_routes: BTreeSet::new(),
        };
        for function in &functions {
            let group = &template.properties(&function.logical_id)["LoggingConfig"]["LogGroup"];
            let Some(group) = group["Ref"].as_str().and_then(|id| template.resource(id)) else { continue };
            let group = template.resolve(&group["Properties"]["LogGroupName"], &Values::default())?;
            let area = group.as_deref().and_then(|group| group.rsplit('/').next()).unwrap_or_default().to_owned();
            if !function.routes.is_empty() {
                known.areas_with_routes.insert(area.clone());
            }
            known.areas.insert(area);
        }
        Ok(known)
    }

    /// What is wrong with a dimension's value; what AWS gives a name to itself is taken as it is.
    fn wrong(&self, dimension: &str, value: &str) -> Option<String> {
        let (known, what) = match dimension {
            "function" | "FunctionName" => (&self.functions, "function"),
            "QueueName" | "partner" => (&self.queues, "queue"),
            "area" => (&self.areas, "area"),
            _ => return None,
        };
        (!known.contains(value)).then(|| format!("there is no {what} {value} in template.yaml"))
    }
}

fn compared(table: &str, code: &str, named: &[Named], known: &Known) -> Vec<Finding> {
    let mut findings = Vec::new();
    let written = written(table);
    let used: BTreeSet<&str> = USED
        .captures_iter(code)
        .filter_map(|found| found.get(1).or(found.get(2)).map(|constant| constant.as_str()))
        .collect();
    for metric in written.iter().filter(|metric| !used.contains(metric.constant.as_str())) {
        findings.push(Finding::new(TABLE, format!("nobody writes {}: write it or take it away", metric.constant)));
    }
    for one in named {
        let problem = match one.namespace.as_str() {
            OURS => of_ours(&written, one),
            aws => match AWS.iter().find(|(namespace, _)| *namespace == aws) {
                Some((_, names)) if names.contains(&one.name.as_str()) => None,
                _ => Some(format!("{aws} {} is not in the list AWS of infra/src/check/metrics.rs", one.name)),
            },
        };
        let values = one.dimensions.iter().filter_map(|(dimension, value)| known.wrong(dimension, value));
        findings.extend(problem.into_iter().chain(values).map(|text| Finding::new(one.place.clone(), text)));
    }
    for area in &known.areas_with_routes {
        for metric in OF_AREAS {
            let dimensions = [("area".to_owned(), area.clone())];
            let shown =
                named.iter().any(|one| one.place == DASHBOARD && one.name == metric && one.dimensions == dimensions);
            if !shown {
                findings.push(Finding::new(DASHBOARD, format!("does not show {metric} of the area {area}: add it")));
            }
        }
    }
    findings
}

fn written(table: &str) -> Vec<Written> {
    let metric = |found: regex::Captures<'_>| Written {
        constant: found[1].to_owned(),
        name: found[3].to_owned(),
        dimensions: match &found[2] {
            "by_route" => &[&["area"], &["function", "route"]],
            "by_partner" => &[&["function", "partner"]],
            _ => &[&["function"]],
        },
    };
    DEFINED.captures_iter(table).map(metric).collect()
}

fn of_ours(written: &[Written], named: &Named) -> Option<String> {
    let Some(metric) = written.iter().find(|metric| metric.name == named.name) else {
        return Some(format!("no function writes {}: {TABLE} has all metrics", named.name));
    };
    let mut dimensions: Vec<&str> = named.dimensions.iter().map(|(dimension, _)| dimension.as_str()).collect();
    dimensions.sort_unstable();
    let kept = metric.dimensions.iter().any(|kept| *kept == dimensions);
    (!kept).then(|| {
        let sets: Vec<String> = metric.dimensions.iter().map(|set| set.join(" and ")).collect();
        format!("{} is kept by {}, not by {}", named.name, sets.join(", or "), dimensions.join(" and "))
    })
}

/// Values under which both kinds of database are seen.
fn kinds() -> [Values; 2] {
    ["db.serverless", "db.t4g.micro"].map(|class| {
        let values = Values::default().parameter("NamePrefix", "").parameter("DatabaseClass", class);
        ["AlarmEmail", "ApiId", "ProxyName", "DatabaseName"]
            .iter()
            .fold(values, |values, name| values.parameter(name, "x"))
    })
}

fn in_alarms(stack: &Template) -> anyhow::Result<Vec<Named>> {
    let mut named = BTreeSet::new();
    for (id, alarm) in stack.resources().filter(|(_, resource)| resource["Type"] == "AWS::CloudWatch::Alarm") {
        let properties = &alarm["Properties"];
        let within = properties["Metrics"].as_array().into_iter().flatten().map(|one| &one["MetricStat"]["Metric"]);
        for metric in within.chain([properties]).filter(|metric| !metric["MetricName"].is_null()) {
            for values in kinds() {
                let text = |expression: &Value| -> anyhow::Result<String> {
                    Ok(stack.resolve(expression, &values)?.unwrap_or_default())
                };
                let dimensions = metric["Dimensions"].as_array().into_iter().flatten();
                let dimensions: Vec<(String, String)> = dimensions
                    .map(|one| Ok((text(&one["Name"])?, text(&one["Value"])?)))
                    .collect::<anyhow::Result<_>>()?;
                named.insert(Named {
                    place: format!("{ALARMS} {id}"),
                    namespace: text(&metric["Namespace"])?,
                    name: text(&metric["MetricName"])?,
                    dimensions,
                });
            }
        }
    }
    Ok(named.into_iter().collect())
}

fn in_dashboard(stack: &Template) -> anyhow::Result<Vec<Named>> {
    let mut named = BTreeSet::new();
    for (id, dashboard) in stack.resources().filter(|(_, resource)| resource["Type"] == "AWS::CloudWatch::Dashboard") {
        for values in kinds() {
            let body = stack.resolve(&dashboard["Properties"]["DashboardBody"], &values)?.unwrap_or_default();
            let body: Value = serde_json::from_str(&body).with_context(|| format!("{id} in {DASHBOARD} is no JSON"))?;
            let widgets = body["widgets"].as_array().into_iter().flatten();
            for row in widgets.flat_map(|widget| widget["properties"]["metrics"].as_array().into_iter().flatten()) {
                let texts: Vec<&str> = row.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let [namespace, name, dimensions @ ..] = texts.as_slice() else { continue };
                named.insert(Named {
                    place: DASHBOARD.to_owned(),
                    namespace: (*namespace).to_owned(),
                    name: (*name).to_owned(),
                    dimensions: dimensions
                        .chunks(2)
                        .map(|pair| (pair[0].to_owned(), pair.get(1).copied().unwrap_or_default().to_owned()))
                        .collect(),
                });
            }
        }
    }
    Ok(named.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = "pub const STORED: Metric = Metric::count(\"EventsStored\");\n\
        pub const DURATION: Metric =\n    Metric::by_route(\"RequestDuration\", Unit::Milliseconds);\n\
        pub const FAILED: Metric = Metric::by_route(\"Answers5xx\", Unit::Count);\n";
    const CODE: &str = "STORED.count_of(total); DURATION.took(time); let class = &FAILED;";

    const STACK: &str = r#"
Parameters: { NamePrefix: { Type: String }, DatabaseClass: { Type: String }, DatabaseName: { Type: String } }
Conditions: { IsAurora: !Equals [!Ref DatabaseClass, db.serverless] }
Resources:
  Strange:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Metrics:
        - { Id: sum, Expression: FILL(stored, 0) }
        - Id: stored
          MetricStat:
            Metric:
              Namespace: Lotse
              MetricName: EventsStored
              Dimensions: [{ Name: function, Value: !Sub "${NamePrefix}event-processor" }]
  Old:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/SQS
      MetricName: ApproximateAgeOfOldestMessage
      Dimensions: [{ Name: QueueName, Value: !Sub "${NamePrefix}events" }]
  Full:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/RDS
      MetricName: !If [IsAurora, ACUUtilization, CPUUtilization]
  Page:
    Type: AWS::CloudWatch::Dashboard
    Properties:
      DashboardBody: !Sub
        - |
          {"widgets": [
            {"type": "text", "properties": {"markdown": "m"}},
            {"type": "metric", "properties": {"metrics": [
              ["Lotse", "RequestDuration", "area", "${NamePrefix}leads", {"label": "leads"}],
              ["Lotse", "Answers5xx", "area", "${NamePrefix}leads"],
              ["Lotse", "RequestDuration", "function", "${NamePrefix}leads-get", "route", "/leads"],
              ["AWS/RDS", "${Size}", "x", "${DatabaseName}"]
            ]}}
          ]}
        - Size: !If [IsAurora, ACUUtilization, CPUUtilization]
"#;

    fn known() -> Known {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Known {
            functions: set(&["event-processor", "leads-get"]),
            queues: set(&["events"]),
            areas: set(&["leads", "events"]),
            areas_with_routes: set(&["leads"]),
        }
    }

    /// What is found after one replacement where nothing is wrong.
    fn found(old: &str, new: &str) -> String {
        assert!(old.is_empty() || [METRICS, CODE, STACK].iter().any(|text| text.contains(old)), "{old}");
        let with = |text: &str| if old.is_empty() { text.to_owned() } else { text.replacen(old, new, 1) };
        let stack = Template::parse(&with(STACK)).unwrap();
        let named: Vec<Named> = in_alarms(&stack).unwrap().into_iter().chain(in_dashboard(&stack).unwrap()).collect();
        let findings = compared(&with(METRICS), &with(CODE), &named, &known());
        findings.into_iter().map(|finding| format!("{}: {}\n", finding.place, finding.text)).collect()
    }

    #[test]
    fn what_agrees_has_no_findings() {
        assert_eq!(found("", ""), "");
    }

    #[test]
    fn every_wrong_name_is_found() {
        for (old, new, finding) in [
            ("MetricName: EventsStored", "MetricName: EventStored", "Strange: no function writes EventStored"),
            ("\"Lotse\", \"Answers5xx\"", "\"Lotse\", \"Answer5xx\"", "dashboard.yaml: no function writes Answer5xx"),
            ("Metric::count(\"EventsStored\")", "Metric::count(\"EventsKept\")", "no function writes EventsStored"),
            ("STORED.count_of(total);", "", "nobody writes STORED"),
            ("&FAILED", "FAILED", "nobody writes FAILED"),
            ("Name: function, Value", "Name: area, Value", "EventsStored is kept by function, not by area"),
            (
                "\"route\", \"/leads\"",
                "\"path\", \"/leads\"",
                "kept by area, or function and route, not by function and path",
            ),
            ("}event-processor", "}event-procesor", "there is no function event-procesor in"),
            ("Value: !Sub \"${NamePrefix}events\"", "Value: event", "there is no queue event in"),
            ("ApproximateAgeOfOldestMessage", "AgeOfOldestMessage", "AWS/SQS AgeOfOldestMessage is not in the list"),
            ("ACUUtilization, CPUUtilization]", "ACUUtilization, CPUUsage]", "AWS/RDS CPUUsage is not in the list"),
            (
                "Answers5xx\", \"area\", \"${NamePrefix}leads\"",
                "Answers5xx\", \"area\", \"events\"",
                "does not show Answers5xx of the area leads",
            ),
        ] {
            let found = found(old, new);
            assert!(found.contains(finding), "{old} → {new}: {found}");
        }
    }

    #[test]
    fn this_workspace_agrees() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let template = Template::read(root.join("template.yaml")).unwrap();
        assert_eq!(super::check(root, &template).unwrap(), []);
        let known = Known::of(&template).unwrap();
        assert!(known.areas_with_routes.len() > 10 && known.areas.len() > known.areas_with_routes.len());
        assert!(in_alarms(&Template::read(root.join(ALARMS)).unwrap()).unwrap().len() > 20);
        assert!(in_dashboard(&Template::read(root.join(DASHBOARD)).unwrap()).unwrap().len() > 50);
        let table = fs::read_to_string(root.join(TABLE)).unwrap();
        assert_eq!(written(&table).len(), table.matches(": Metric =").count());
    }
}
