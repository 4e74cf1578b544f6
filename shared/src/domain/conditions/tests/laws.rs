//! The condition language on generated input: text comparison against the obvious way, and parsing of anything at all.

use std::cmp::Ordering;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::text::Folded;
use super::super::{Condition, Context, EventTypes, Facts};
use crate::domain::fixtures::{cases, content};

/// Texts over an alphabet in which case is difficult: sharp s, dotted I, Kelvin sign, final sigma.
fn text() -> impl Strategy<Value = String> {
    "[aAbB/ßẞüÜİıKkσΣς]{0,8}"
}

fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Any JSON, with the words of the language more likely than others.
fn json_like() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "all",
        "any",
        "not",
        "field",
        "op",
        "value",
        "event_type",
        "metadata.x",
        "lead.email",
        "occurred_at",
        "eq",
        "in",
        "matches",
        "exists",
        "gt",
        "contains",
        "2026-01-01T00:00:00Z",
        "(",
        "[a-z]+",
        "\u{0}",
        "deal.x",
        "lead.",
        ".",
    ]);
    let text = prop_oneof![word.prop_map(str::to_owned), any::<String>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner.clone()), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
            (text.clone(), text.clone(), inner.clone())
                .prop_map(|(field, op, value)| json!({"field": field, "op": op, "value": value})),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| json!({"all": parts})),
            inner.prop_map(|part| json!({"not": part})),
        ]
    })
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn texts_compare_as_their_lower_case(constant in text(), other in text()) {
        let (folded, constant, lowered) = (Folded::new(&constant), lower(&constant), lower(&other));
        prop_assert_eq!(folded.equals(&other), constant == lowered);
        prop_assert_eq!(folded.compare(&other), lowered.cmp(&constant));
        prop_assert_eq!(folded.compare(&other) == Ordering::Equal, folded.equals(&other));
        prop_assert_eq!(folded.starts(&other), lowered.starts_with(&constant));
        prop_assert_eq!(folded.ends(&other), lowered.ends_with(&constant));
        prop_assert_eq!(folded.is_within(&other), lowered.contains(&constant));
    }

    /// Whatever is sent as a condition is either refused with pointers into it or can be evaluated.
    #[test]
    fn anything_is_parsed_or_refused(source in json_like(), event in content()) {
        match Condition::parse(&source, Context::Deal) {
            Ok(condition) => {
                let held = condition.holds(&Facts { event: Some(&event), ..Facts::default() });
                // The index must never hide an event that a rule matches.
                if let EventTypes::Only(types) = condition.event_types() {
                    prop_assert!(!held || types.contains(&event.event_type));
                }
            }
            Err(faults) => {
                prop_assert!(!faults.is_empty());
                for fault in faults {
                    let parent = fault.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
                    let found = source.pointer(&fault.pointer).or_else(|| source.pointer(parent));
                    prop_assert!(found.is_some(), "{} points nowhere in {source}", fault.pointer);
                }
            }
        }
    }
}
