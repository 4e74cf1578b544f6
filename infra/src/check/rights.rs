//! What AWS itself does in a role's name has the rights it needs: taking messages off a queue for its consumer, starting what a
//! schedule names, leaving behind what failed. What a function's own code does is looked at by the tests, in which the stand-in for AWS
//! refuses what a role does not allow.

use serde_json::Value;
use testkit::template::{FunctionDef, Rights, Template, Values};

use super::Finding;

/// What Lambda does on the queue of a consumer, as the consumer's role, and the consumer to put off what failed.
const CONSUMING: [&str; 4] =
    ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"];

const SEND: &str = "sqs:SendMessage";
const INVOKE: &str = "lambda:InvokeFunction";

/// Looks at every function's queues and schedules.
///
/// # Errors
/// When a role or an ARN of the template cannot be read.
pub fn check(template: &Template) -> anyhow::Result<Vec<Finding>> {
    let values = Values::default();
    let functions = template.functions()?;
    let rights = template.rights(&functions, &values)?;
    let mut findings = Vec::new();
    for function in &functions {
        if let Some(own) = rights.get(&function.name) {
            findings.extend(of_function(template, function, own, &values)?);
        }
    }
    Ok(findings)
}

fn of_function(
    template: &Template,
    function: &FunctionDef,
    own: &Rights,
    values: &Values,
) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let place = format!("template.yaml {}", function.logical_id);
    let mut must = |role: &str, rights: &Rights, action: &str, target: &Value| -> anyhow::Result<()> {
        let Some(arn) = template.resolve(target, values)? else { return Ok(()) };
        if !rights.allow(action, &arn) {
            findings.push(Finding::new(place.clone(), format!("{role} needs {action} on {arn}: add it to the role")));
        }
        Ok(())
    };
    let arn = |logical_id: &str| serde_json::json!({"Fn::GetAtt": [logical_id, "Arn"]});
    for mapping in &function.queues {
        for action in CONSUMING {
            must("its role", own, action, &arn(&mapping.queue_logical_id))?;
        }
    }
    let properties = template.properties(&function.logical_id);
    let on_failure = &properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"];
    if on_failure["Type"] == "SQS" {
        must("its role", own, SEND, &on_failure["Destination"])?;
    }
    for event in properties["Events"].as_object().into_iter().flatten().map(|(_, event)| &event["Properties"]) {
        let Some(role) = event["RoleArn"]["Fn::GetAtt"][0].as_str() else { continue };
        let rights = template.rights_of(role, values)?;
        must(role, &rights, INVOKE, &arn(&function.logical_id))?;
        if !event["DeadLetterConfig"]["Arn"].is_null() {
            must(role, &rights, SEND, &event["DeadLetterConfig"]["Arn"])?;
        }
    }
    // One-time schedules, which its code makes.
    let variables = &properties["Environment"]["Variables"];
    if let Some(role) = variables["SCHEDULER_ROLE_ARN"]["Fn::GetAtt"][0].as_str() {
        let rights = template.rights_of(role, values)?;
        must(role, &rights, SEND, &variables["QUEUE_REMINDERS_ARN"])?;
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What is found in this workspace's template after one replacement.
    fn found(old: &str, new: &str) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let text = std::fs::read_to_string(root.join("template.yaml")).unwrap();
        assert!(old.is_empty() || text.contains(old), "{old}");
        let template = Template::parse(&text.replacen(old, new, usize::from(!old.is_empty()))).unwrap();
        let findings = check(&template).unwrap();
        findings.into_iter().map(|finding| format!("{}: {}", finding.place, finding.text)).collect()
    }

    #[test]
    fn this_workspace_gives_every_right() {
        assert_eq!(found("", ""), Vec::<String>::new());
    }

    #[test]
    fn a_right_that_is_taken_away_is_missed() {
        let consuming = "sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes, sqs:ChangeMessageVisibility";
        for (old, new, finding) in [
            (
                consuming,
                "sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes",
                "its role needs sqs:ChangeMes",
            ),
            (
                "                Resource: [!GetAtt EventsQueue.Arn]\n              - Eff",
                "                Resource: [!GetAtt SlackQueue.Arn]\n              - Eff",
                "EventProcessor: its role needs sqs:Rec",
            ),
            (
                "                  - !GetAtt ScoreDecay.Arn\n",
                "",
                "ScoreDecay: JobScheduleRole needs lambda:InvokeFunction",
            ),
            (
                "sqs:SendMessage\n            Resource: !GetAtt DeadLetters.Arn\n",
                "sqs:SendMessage\n            Resource: !GetAtt EventsQueue.Arn\n",
                "its role needs sqs:SendMessage on",
            ),
            (
                "Resource: [!GetAtt RemindersQueue.Arn, !GetAtt DeadLetters.Arn]",
                "Resource: [!GetAtt DeadLetters.Arn]",
                "TasksCreate: ReminderScheduleRole needs sqs:SendMessage on",
            ),
            (
                "                Resource: !GetAtt DeadLetters.Arn\n",
                "                Resource: !GetAtt EventsQueue.Arn\n",
                "JobScheduleRole needs sqs:SendMessage on",
            ),
        ] {
            let found = found(old, new);
            assert!(found.iter().any(|line| line.contains(finding)), "{old} → {new}: {found:#?}");
        }
    }
}
