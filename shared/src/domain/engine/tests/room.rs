//! What rules may take: of a person's patience when they write them, and of a function's memory.

use serde_json::{Value, json};

use crate::domain::conditions::{Condition, Context, Facts};
use crate::domain::engine::{MAX_BYTES, RuleSet, RuleSetData};
use crate::domain::fixtures::{default_rules, now, uuid};
use crate::domain::ids::RuleId;
use crate::domain::scoring::ScoringRule;

fn matches(pattern: &str) -> Value {
    json!({"field": "metadata.text", "op": "matches", "value": pattern})
}

/// The default rules and these.
fn with(rules: impl IntoIterator<Item = Value>) -> RuleSetData {
    let mut data = default_rules();
    let first = data.scoring_rules[0].clone();
    for (n, conditions) in rules.into_iter().enumerate() {
        let id = RuleId(uuid(5000 + n as u128));
        let rule = ScoringRule { id, slug: format!("rule-{n}"), conditions, is_active: true, ..first.clone() };
        data.scoring_rules.push(rule);
    }
    data
}

#[track_caller]
fn room(rules: impl IntoIterator<Item = Value>) -> Vec<String> {
    let data = with(rules);
    let newest = data.scoring_rules.last().unwrap().id;
    let faults = RuleSet::compile(data).unwrap().check_room(newest).err().unwrap_or_default();
    assert!(faults.iter().all(|fault| fault.detail.ends_with('.')), "{faults:?}");
    faults.into_iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect()
}

#[test]
fn a_tenant_has_fifty_regular_expressions_and_five_hundred_rules() {
    let plain = || json!({"field": "event_type", "op": "eq", "value": "page_visited"});
    // Six are in the rules every tenant starts with.
    let ten = || json!({"any": vec![matches("a|b"); 10]});
    let four = || json!({"any": vec![matches("a|b"); 4]});
    assert_eq!(room([ten(), ten(), ten(), ten(), four()]), [""; 0]);
    assert_eq!(room([ten(), ten(), ten(), ten(), ten()]), ["/conditions too_many_regexes"]);
    assert_eq!(
        room([ten(), ten(), ten(), ten(), ten(), plain()]),
        [""; 0],
        "without one, it takes nothing of that room"
    );
    let already = default_rules().scoring_rules.len() + default_rules().intent_rules.len();
    assert_eq!(room(vec![plain(); 500 - already]), [""; 0]);
    assert_eq!(room(vec![plain(); 501 - already]), [" too_many"]);
}

/// The memory this process takes, in bytes.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Fifty of the largest a person may write, different from each other, with their tables filled.
#[cfg(target_os = "linux")]
fn dearest(tenant: usize) -> RuleSet {
    let expression = |n: usize| matches(&format!(r"x{tenant}y{n}[^a]{{0,3}}\w+(ab|cd){{1,20}}z"));
    assert!(Condition::parse(&expression(44), Context::Lead).is_ok(), "a person may write it");
    let rules = (0..4).map(|rule| json!({"any": (0..11).map(|n| expression(11 * rule + n)).collect::<Vec<_>>()}));
    RuleSet::compile(with(rules)).unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn what_rules_take_is_known_and_three_tenants_fit() {
    let before = resident();
    let sets: Vec<RuleSet> = (0..3).map(dearest).collect();
    let text: String = (0..40_000_u32).filter_map(|n| char::from_u32(0x20 + n * 7919 % 0x2000)).collect();
    let metadata = json!({ "text": format!("{text} x0y1 {text}") });
    let mut event = crate::domain::fixtures::event(1, "page_visited", now());
    event.metadata = metadata.as_object().unwrap().clone();
    for set in &sets {
        assert_eq!(set.switched_off(), []);
        for rule in set.conditions() {
            let _any = rule.holds(&Facts { event: Some(&event), ..Facts::default() });
        }
    }
    let taken = resident() - before;
    let told: usize = sets.iter().map(RuleSet::bytes).sum();
    assert!(taken < told, "{taken} bytes are taken, {told} were told");
    assert!(told < MAX_BYTES, "three of the dearest tenants are kept together: {told}");
    assert!(sets.iter().all(|set| set.bytes() < 24 << 20), "{}", sets[0].bytes());
}

#[test]
#[cfg(target_os = "linux")]
fn rules_from_before_the_limits_work_as_long_as_there_is_memory() {
    // Ten expressions of a megabyte in each: with their tables three megabytes.
    let rules = (0..12)
        .map(|rule| json!({"any": (0..10).map(|n| matches(&format!(r"a{rule}b{n}\w{{18}}"))).collect::<Vec<_>>()}));
    let before = resident();
    let set = RuleSet::compile(with(rules)).unwrap();
    let taken = resident() - before;
    assert!(set.bytes() <= MAX_BYTES && taken <= MAX_BYTES, "{} {taken}", set.bytes());
    let off: Vec<&str> = set.switched_off().iter().map(|off| off.slug.as_str()).collect();
    assert_eq!(off[..9], (3..12).map(|n| format!("rule-{n}")).collect::<Vec<_>>(), "the first three work");
    let after = ["research-interest", "research-domain", "b2b-interest", "co-creation-interest"];
    assert_eq!(off[9..], after, "and of those after them the ones without a regular expression");
    assert!(set.switched_off().iter().all(|off| off.reason.ends_with('.')));
}
