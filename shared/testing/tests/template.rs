//! The real template.yaml, as far as it concerns tests: every function's variables can be resolved for the local stage,
//! and every queue is either consumed or a dead-letter queue.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use testkit::template::{Template, Values};

fn template() -> Template {
    Template::read(Template::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()).unwrap()
}

#[test]
fn every_function_gets_its_variables_on_the_local_stage() {
    let (template, values) = (template(), Values::default());
    let functions = template.functions().unwrap();
    assert!(functions.len() > 40, "{} functions", functions.len());
    for function in &functions {
        let env = template.resolve_env(function, &values).unwrap_or_else(|error| panic!("{error:#}"));
        assert_eq!(env.get("STAGE").map(String::as_str), Some("local"), "{}", function.name);
    }
}

#[test]
fn names_follow_from_each_other() {
    for function in template().functions().unwrap() {
        let words = function.name.split('-').map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        });
        assert_eq!(words.collect::<String>(), function.logical_id);
    }
}

#[test]
fn every_queue_has_a_consumer_and_an_end() {
    let template = template();
    let functions = template.functions().unwrap();
    let queues = template.queues(&Values::default()).unwrap();
    let consumed: BTreeSet<_> =
        functions.iter().flat_map(|function| &function.queues).map(|q| &q.queue_logical_id).collect();
    let dead: BTreeSet<_> = queues.iter().filter_map(|queue| queue.redrive_target.as_ref()).collect();
    assert_eq!(dead.len(), 1, "one queue takes every dead letter");
    for queue in &queues {
        assert!(consumed.contains(&queue.logical_id), "nothing consumes {}", queue.name);
        let ends = queue.redrive_target.is_some() || dead.contains(&queue.logical_id);
        assert!(ends, "{} has no dead-letter queue", queue.name);
    }
}
