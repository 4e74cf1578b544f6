//! Every function stands in the template exactly once, and is reached there as it says of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use testkit::template::{FunctionDef, QueueDef, QueueMapping, Template, Values};

use super::{Finding, pascal_case};
use crate::contract::{Contract, Kind};

/// AWS's advice: a message must not come again while its batch is still being worked on.
const VISIBILITY_FACTOR: u64 = 6;

/// How often a message waits for less than the longest time when its consumer fails, and how long that is: see `queue/retry.rs`.
const RETRY_WAITS: (u64, Duration) = (9, Duration::from_secs(900));

/// An outage that every queue outlasts.
const OUTAGE: Duration = Duration::from_secs(12 * 3600);

/// Compares the template with the built functions (name → area) and their descriptions.
///
/// # Errors
/// When a function or queue of the template cannot be read.
pub fn check(
    template: &Template,
    contracts: &BTreeMap<String, Contract>,
    built: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<Finding>> {
    let functions = template.functions()?;
    let queues: BTreeMap<String, QueueDef> =
        template.queues(&Values::default())?.into_iter().map(|queue| (queue.logical_id.clone(), queue)).collect();
    let mut findings = membership(&functions, built);
    for function in &functions {
        findings.extend(naming(template, function));
        findings.extend(function.queues.iter().flat_map(|mapping| consumer(function, mapping, &queues)));
        findings.extend(schedules(template, function));
        if let Some(contract) = contracts.get(&function.name) {
            findings.extend(agreement(function, contract, &queues));
        }
    }
    Ok(findings)
}

fn membership(functions: &[FunctionDef], built: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, area) in built {
        let count = functions.iter().filter(|function| function.name == *name).count();
        let place = format!("functions/{area}/src/bin/{name}.rs");
        match count {
            1 => {}
            0 => findings.push(Finding::new(place, format!("add the function {} to template.yaml", pascal_case(name)))),
            _ => findings
                .push(Finding::new(place, format!("template.yaml has {count} functions with this code: keep one"))),
        }
    }
    let known: BTreeSet<&String> = built.keys().collect();
    for function in functions.iter().filter(|function| !known.contains(&function.name)) {
        let text =
            format!("there is no binary {}: add its file under functions/, or remove the function", function.name);
        findings.push(Finding::new(place(function), text));
    }
    findings
}

fn place(function: &FunctionDef) -> String {
    format!("template.yaml {}", function.logical_id)
}

fn naming(template: &Template, function: &FunctionDef) -> Vec<Finding> {
    let mut findings = Vec::new();
    let properties =
        &template.resource(&function.logical_id).map_or(Value::Null, |resource| resource["Properties"].clone());
    let mut must = |right: bool, text: String| {
        if !right {
            findings.push(Finding::new(place(function), text));
        }
    };
    let id = pascal_case(&function.name);
    must(function.logical_id == id, format!("name it {id}, after its binary {}", function.name));
    let code = format!("target/lambda/{}/", function.name);
    must(properties["CodeUri"] == code.as_str(), format!("CodeUri must be {code}"));
    let name = format!("${{NamePrefix}}{}", function.name);
    must(properties["FunctionName"]["Fn::Sub"] == name.as_str(), format!("FunctionName must be !Sub \"{name}\""));
    findings
}

fn agreement(function: &FunctionDef, contract: &Contract, queues: &BTreeMap<String, QueueDef>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |text: String| findings.push(Finding::new(place(function), text));
    if contract.function != function.name {
        add(format!("its binary calls itself {}: file and binary must have one name", contract.function));
    }
    let said: BTreeSet<(String, String)> =
        contract.routes.iter().map(|route| (route.method.clone(), route.path.clone())).collect();
    let declared: BTreeSet<(String, String)> =
        function.routes.iter().map(|(method, path)| (method.to_string(), path.clone())).collect();
    for (method, path) in said.difference(&declared) {
        add(format!("its main answers {method} {path}: add `- {method} {path}` under Metadata: Routes:"));
    }
    for (method, path) in declared.difference(&said) {
        add(format!("its main does not answer {method} {path}: add the path there, or remove the route"));
    }
    let expected = match (function.routes.is_empty(), function.queues.is_empty(), function.schedules.is_empty()) {
        (false, ..) => Kind::Http,
        (_, false, _) => Kind::Queue,
        (.., false) => Kind::Schedule,
        _ => Kind::Direct,
    };
    if contract.kind != expected {
        add(format!(
            "routes and events make it a function of kind {}, its main says {}",
            expected.name(),
            contract.kind.name()
        ));
    }
    let said = contract.queue.as_deref().unwrap_or_default();
    for mapping in &function.queues {
        let name = queues
            .get(&mapping.queue_logical_id)
            .map_or(mapping.queue_logical_id.as_str(), |queue| queue.name.as_str());
        if contract.kind == Kind::Queue && name != said {
            add(format!("it is mapped to the queue {name}, its main consumes `{said}`"));
        }
    }
    findings
}

fn consumer(function: &FunctionDef, mapping: &QueueMapping, queues: &BTreeMap<String, QueueDef>) -> Vec<Finding> {
    let id = &mapping.queue_logical_id;
    let Some(queue) = queues.get(id) else {
        return vec![Finding::new(place(function), format!("there is no queue {id} in this template"))];
    };
    let mut findings = Vec::new();
    let mut must = |right: bool, place: String, text: String| {
        if !right {
            findings.push(Finding::new(place, text));
        }
    };
    let reports = mapping.report_batch_item_failures;
    must(
        reports,
        place(function),
        format!("add FunctionResponseTypes: [ReportBatchItemFailures] to its mapping of {id}"),
    );
    let limited = mapping.max_concurrency.is_some();
    must(limited, place(function), format!("add ScalingConfig.MaximumConcurrency to its mapping of {id}"));
    let needed = VISIBILITY_FACTOR * function.timeout.as_secs() + mapping.window_seconds;
    let visible = queue.visibility_timeout.as_secs();
    let text = format!(
        "VisibilityTimeout is {visible}; six times the timeout of {} and its window need {needed}",
        function.name
    );
    must(visible >= needed, format!("template.yaml {id}"), text);
    if queues.values().all(|other| other.redrive_target.as_deref() != Some(id)) {
        findings.extend(patience(queue, queues));
    }
    findings
}

/// Outages are outlasted, and nothing is lost by waiting.
fn patience(queue: &QueueDef, queues: &BTreeMap<String, QueueDef>) -> Vec<Finding> {
    let place = format!("template.yaml {}", queue.logical_id);
    let (Some(target), Some(receives)) = (&queue.redrive_target, queue.max_receive_count) else {
        return vec![Finding::new(place, "add a RedrivePolicy with the queue DeadLetters and maxReceiveCount")];
    };
    let mut findings = Vec::new();
    let (growing, longest) = RETRY_WAITS;
    let needed = growing + OUTAGE.as_secs().div_ceil(longest.as_secs());
    if u64::from(receives) < needed {
        let hours = OUTAGE.as_secs() / 3600;
        let text = format!("maxReceiveCount is {receives}; {needed} receives are needed to outlast {hours} hours");
        findings.push(Finding::new(place.clone(), text));
    }
    // Half of a wait may be added to it by chance.
    let waits = longest * receives * 3 / 2;
    if queue.retention <= waits {
        let text = format!("MessageRetentionPeriod must be longer than the {} seconds of all waits", waits.as_secs());
        findings.push(Finding::new(place.clone(), text));
    }
    if queues.get(target).is_none_or(|dead| dead.retention <= queue.retention) {
        let text =
            format!("{target} must keep messages for longer than this queue: they keep their age when they move");
        findings.push(Finding::new(place, text));
    }
    findings
}

fn schedules(template: &Template, function: &FunctionDef) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(resource) = template.resource(&function.logical_id) else {
        return findings;
    };
    for (name, event) in resource["Properties"]["Events"].as_object().into_iter().flatten() {
        let kind = event["Type"].as_str().unwrap_or_default();
        if kind != "Schedule" && kind != "ScheduleV2" {
            continue;
        }
        let mut must = |right: bool, text: &str| {
            if !right {
                findings.push(Finding::new(place(function), format!("event {name}: {text}")));
            }
        };
        must(kind == "ScheduleV2", "use ScheduleV2 (EventBridge Scheduler)");
        let retry = &event["Properties"]["RetryPolicy"];
        let both = retry["MaximumRetryAttempts"].is_number() && retry["MaximumEventAgeInSeconds"].is_number();
        must(both, "give RetryPolicy both MaximumRetryAttempts and MaximumEventAgeInSeconds");
        must(!event["Properties"]["DeadLetterConfig"].is_null(), "add a DeadLetterConfig");
        let input = event["Properties"]["Input"].as_str().unwrap_or_default();
        let hands_on = input == r#"{"scheduled_for": "<aws.scheduler.scheduled-time>"}"#;
        must(hands_on, r#"hand on the moment: Input: '{"scheduled_for": "<aws.scheduler.scheduled-time>"}'"#);
        // Scheduler has done its part once Lambda has the call; what then fails is Lambda's to repeat.
        let invoke = &resource["Properties"]["EventInvokeConfig"];
        let both = invoke["MaximumRetryAttempts"].is_number() && invoke["MaximumEventAgeInSeconds"].is_number();
        must(both, "give the function an EventInvokeConfig with MaximumRetryAttempts and MaximumEventAgeInSeconds");
        let ends = !invoke["DestinationConfig"]["OnFailure"].is_null();
        let comes_at_once = event["Properties"]["ScheduleExpression"] == "rate(1 minute)";
        must(ends || comes_at_once, "give its EventInvokeConfig a DestinationConfig: the queue DeadLetters");
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GOOD: &str = r#"
Parameters: { NamePrefix: { Type: String, Default: "" } }
Resources:
  EventsQueue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${NamePrefix}events"
      VisibilityTimeout: 361
      RedrivePolicy: { deadLetterTargetArn: !GetAtt DeadLetters.Arn, maxReceiveCount: 57 }
  DeadLetters: { Type: "AWS::SQS::Queue", Properties: { MessageRetentionPeriod: 1209600 } }
  LeadsGet:
    Type: AWS::Serverless::Function
    Metadata:
      Routes:
        - GET /leads/{id}
    Properties:
      FunctionName: !Sub "${NamePrefix}leads-get"
      CodeUri: target/lambda/leads-get/
  EventProcessor:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub "${NamePrefix}event-processor"
      CodeUri: target/lambda/event-processor/
      Timeout: 60
      Events:
        Queue:
          Type: SQS
          Properties:
            Queue: !GetAtt EventsQueue.Arn
            MaximumBatchingWindowInSeconds: 1
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: { MaximumConcurrency: 8 }
  ScoreDecay:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub "${NamePrefix}score-decay"
      CodeUri: target/lambda/score-decay/
      EventInvokeConfig:
        MaximumRetryAttempts: 2
        MaximumEventAgeInSeconds: 600
        DestinationConfig: { OnFailure: { Type: SQS, Destination: x } }
      Events:
        Hourly:
          Type: ScheduleV2
          Properties:
            ScheduleExpression: rate(1 hour)
            Input: '{"scheduled_for": "<aws.scheduler.scheduled-time>"}'
            RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 600 }
            DeadLetterConfig: { Arn: x }
"#;

    /// What is found after one replacement in a template in which nothing is wrong.
    fn found(old: &str, new: &str) -> String {
        assert!(old.is_empty() || GOOD.contains(old), "{old}");
        let template = Template::parse(&GOOD.replacen(old, new, usize::from(!old.is_empty()))).unwrap();
        let contracts = json!([
            {"function": "leads-get", "kind": "http", "routes": [{"method": "GET", "path": "/leads/{id}"}]},
            {"function": "event-processor", "kind": "queue", "queue": "events"},
            {"function": "score-decay", "kind": "schedule"},
        ]);
        let contracts: Vec<Contract> = serde_json::from_value(contracts).unwrap();
        let contracts: BTreeMap<_, _> =
            contracts.into_iter().map(|contract| (contract.function.clone(), contract)).collect();
        let built = contracts.keys().map(|name| (name.clone(), "area".to_owned())).collect();
        let findings = check(&template, &contracts, &built).unwrap();
        findings.into_iter().map(|finding| format!("{}: {}\n", finding.place, finding.text)).collect()
    }

    #[test]
    fn a_template_that_agrees_has_no_findings() {
        assert_eq!(found("", ""), "");
    }

    #[test]
    fn every_disagreement_is_found() {
        for (old, new, finding) in [
            ("  LeadsGet:", "  GetLead:", "name it LeadsGet"),
            ("CodeUri: target/lambda/score-decay/", "CodeUri: target/lambda/score-decay", "CodeUri must be"),
            ("GET /leads/{id}", "POST /leads/{id}", "answers GET /leads/{id}"),
            ("GET /leads/{id}", "GET /lead/{id}", "does not answer GET /lead/{id}"),
            ("[ReportBatchItemFailures]", "[]", "ReportBatchItemFailures"),
            ("VisibilityTimeout: 361", "VisibilityTimeout: 360", "need 361"),
            ("ScalingConfig: { MaximumConcurrency: 8 }", "BatchSize: 10", "MaximumConcurrency"),
            (
                "      RedrivePolicy: { deadLetterTargetArn: !GetAtt DeadLetters.Arn, maxReceiveCount: 57 }\n",
                "",
                "RedrivePolicy",
            ),
            ("maxReceiveCount: 57", "maxReceiveCount: 56", "57 receives are needed to outlast 12 hours"),
            ("maxReceiveCount: 57", "maxReceiveCount: 256", "longer than the 345600 seconds of all waits"),
            ("MessageRetentionPeriod: 1209600", "DelaySeconds: 0", "DeadLetters must keep messages for longer"),
            ("}events\"", "}other\"", "mapped to the queue other, its main consumes `events`"),
            ("MaximumEventAgeInSeconds: 600 }", "Other: 1 }", "RetryPolicy both"),
            ("DeadLetterConfig: { Arn: x }", "Description: x", "add a DeadLetterConfig"),
            ("\"<aws.scheduler.scheduled-time>\"", "null", "hand on the moment"),
            ("        MaximumEventAgeInSeconds: 600\n", "", "an EventInvokeConfig with MaximumRetryAttempts and"),
            ("OnFailure", "OnSuccess", "a DestinationConfig: the queue DeadLetters"),
            ("lambda/score-decay/", "lambda/score-rot/", "add the function ScoreDecay"),
            ("lambda/score-decay/", "lambda/score-rot/", "no binary score-rot"),
            ("!Sub \"${NamePrefix}leads-get\"", "leads-get", "FunctionName must be"),
        ] {
            let found = found(old, new);
            assert!(found.contains(finding), "{old} → {new}: {found}");
        }
    }
}
