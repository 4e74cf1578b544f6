//! The table of queues in `shared/src/messages/queues.rs` and the queues of the template are the same, and somebody is told when
//! messages wait on one of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::Context as _;
use regex::Regex;
use testkit::template::{QueueDef, Template, Values};

use super::{Finding, pattern};

const TABLE: &str = "shared/src/messages/queues.rs";
const ALARMS: &str = "infra/stacks/alarms.yaml";

static NAME: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?m)^pub const ([A-Z_]+): &str = "([a-z-]+)";$"#));
static ROW: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"Queue \{\s*name: ([A-Z_]+),\s*keeps: [^;]*?\s*replay: Replay::(Again|Needless)"));

/// Compares the table with the template's queues, who consumes them, and the alarms.
///
/// # Errors
/// When one of the two cannot be read.
pub fn check(root: &Path, template: &Template) -> anyhow::Result<Vec<Finding>> {
    let table = fs::read_to_string(root.join(TABLE)).with_context(|| format!("cannot read {TABLE}"))?;
    let consumed: BTreeSet<String> = template
        .functions()?
        .into_iter()
        .flat_map(|function| function.queues)
        .map(|mapping| mapping.queue_logical_id)
        .collect();
    let watched = watched(&Template::read(root.join(ALARMS))?)?;
    Ok(compared(&table, &template.queues(&Values::default())?, &consumed, &watched))
}

/// Names of queues with an alarm on the age of their oldest message.
fn watched(alarms: &Template) -> anyhow::Result<BTreeSet<String>> {
    let values = Values::default().parameter("NamePrefix", "");
    let mut names = BTreeSet::new();
    for (_, alarm) in alarms.resources() {
        let properties = &alarm["Properties"];
        if properties["MetricName"] == "ApproximateAgeOfOldestMessage" {
            for dimension in properties["Dimensions"].as_array().into_iter().flatten() {
                names.extend(alarms.resolve(&dimension["Value"], &values)?);
            }
        }
    }
    Ok(names)
}

/// `consumed` are logical ids, `watched` names.
fn compared(table: &str, queues: &[QueueDef], consumed: &BTreeSet<String>, watched: &BTreeSet<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut expected = BTreeSet::new();
    let is_letters =
        |queue: &QueueDef| queues.iter().any(|other| other.redrive_target.as_ref() == Some(&queue.logical_id));
    let letters: BTreeSet<&str> =
        queues.iter().filter(|queue| is_letters(queue)).map(|queue| queue.name.as_str()).collect();
    // What was given up by the others is no queue to be replayed onto.
    for found in NAME.captures_iter(table).filter(|found| !letters.contains(&found[2])) {
        match ROW.captures_iter(table).find(|row| row[1] == found[1]) {
            None => findings.push(Finding::new(TABLE, format!("{} has no row in QUEUES", &found[1]))),
            Some(row) if &row[2] == "Again" => _ = expected.insert(found[2].to_owned()),
            Some(_) => {}
        }
    }
    let own = |queue: &&QueueDef| consumed.contains(&queue.logical_id) && !is_letters(queue);
    let present: BTreeSet<String> = queues.iter().filter(own).map(|queue| queue.name.clone()).collect();
    for name in expected.difference(&present) {
        findings
            .push(Finding::new("template.yaml", format!("there is no queue {name} with a consumer: {TABLE} has one")));
    }
    for name in present.difference(&expected) {
        findings.push(Finding::new(
            TABLE,
            format!("template.yaml has the queue {name}: give it a constant and a row here"),
        ));
    }
    for name in present.difference(watched) {
        findings.push(Finding::new(
            ALARMS,
            format!("add an alarm on ApproximateAgeOfOldestMessage of the queue {name}: nobody would hear that it stands still"),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ROWS: &str = "pub const EVENTS: &str = \"events\";\npub const JOBS: &str = \"jobs\";\n\
        pub const DEAD_LETTERS: &str = \"letters\";\npub const QUEUES: &[Queue] = &[\n    Queue { name: EVENTS, keeps: \"e\", replay: Replay::Again },\n    \
        Queue {\n        name: JOBS,\n        keeps: \"j\",\n        replay: Replay::Needless(\"n\"),\n    },\n];\n";

    fn queue(name: &str, redrive_target: Option<&str>) -> QueueDef {
        QueueDef {
            logical_id: name.to_owned(),
            name: name.to_owned(),
            visibility_timeout: Duration::ZERO,
            redrive_target: redrive_target.map(str::to_owned),
            max_receive_count: None,
            retention: Duration::ZERO,
        }
    }

    #[track_caller]
    fn check(table: &str, names: &[&str], expected: &[&str]) {
        let mut queues: Vec<QueueDef> = names.iter().map(|name| queue(name, Some("letters"))).collect();
        queues.push(queue("letters", None));
        let consumed: BTreeSet<String> = queues.iter().map(|queue| queue.logical_id.clone()).collect();
        let watched = consumed.iter().filter(|name| *name != "unwatched").cloned().collect();
        let findings = compared(table, &queues, &consumed, &watched);
        assert_eq!(findings.len(), expected.len(), "{findings:?}");
        for (finding, expected) in findings.iter().zip(expected) {
            assert!(finding.text.contains(expected), "{findings:?}");
        }
    }

    #[test]
    fn table_and_template_are_the_same() {
        check(ROWS, &["events"], &[]);
        check(
            &ROWS.replace("= \"events\"", "= \"event\""),
            &["events"],
            &["no queue event with", "has the queue events"],
        );
        check(ROWS, &["events", "mail"], &["has the queue mail"]);
        check(
            &ROWS.replace("name: EVENTS,", "name: OTHER,"),
            &["events"],
            &["EVENTS has no row", "has the queue events"],
        );
        check(
            &ROWS.replace("= \"events\"", "= \"unwatched\""),
            &["unwatched"],
            &["ApproximateAgeOfOldestMessage of the queue unwatched"],
        );
    }

    #[test]
    fn this_workspace_agrees() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let template = Template::read(root.join("template.yaml")).unwrap();
        let findings = super::check(root, &template).unwrap();
        assert!(findings.is_empty(), "{findings:#?}");
        assert!(fs::read_to_string(root.join(TABLE)).unwrap().matches(": &str = ").count() > 3);
        assert!(watched(&Template::read(root.join(ALARMS)).unwrap()).unwrap().len() > 3);
    }
}
