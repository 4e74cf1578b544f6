//! The sheet's sections 3 and 4 as naively as they can be written: no compilation, no index, no increments.
//!
//! It shares no code with the engine but the types of rules and events.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value, json};

use crate::domain::engine::RuleSetData;
use crate::domain::events::Event;
use crate::domain::ids::{EventId, RuleId};

/// What the model says about a lead.
#[derive(Debug, PartialEq)]
pub struct Verdict {
    /// (rule, event, points, since) of everything that counts or counted before it expired.
    pub awards: BTreeSet<(RuleId, Option<EventId>, i32, Timestamp)>,
    pub signals: BTreeSet<(RuleId, Option<EventId>, u32, Timestamp)>,
    pub sums: BTreeMap<&'static str, i32>,
    pub total: i32,
    pub tier: &'static str,
    /// Confidence per intent in tenths.
    pub confidences: BTreeMap<String, i64>,
    pub primary: Option<String>,
    pub conflict: bool,
    /// Field values.
    pub profile: BTreeMap<String, Value>,
}

const DAY: i64 = 86_400_000_000;

pub fn judge(rules: &RuleSetData, log: &[Event], now: Timestamp) -> Verdict {
    let mut events: Vec<&Event> = log.iter().collect();
    events.sort_by_key(|event| (event.occurred_at, event.id));
    events.dedup_by_key(|event| event.id);
    let (profile, since) = profile(&events);
    let lead = lead_facts(&profile);
    let first_seen = events[0].occurred_at;

    let mut awards = BTreeSet::new();
    let mut sums = BTreeMap::from([("demographic", 0), ("engagement", 0), ("behavior", 0)]);
    for rule in rules.scoring_rules.iter().filter(|rule| rule.is_active) {
        let category = match json!(rule.category).as_str().unwrap() {
            "demographic" => "demographic",
            "engagement" => "engagement",
            _ => "behavior",
        };
        if json!(rule.rule_type) == "profile" {
            if holds(&rule.conditions, &json!({"lead": lead})) {
                awards.insert((rule.id, None, rule.points, held_since(&rule.conditions, &since, first_seen)));
                *sums.get_mut(category).unwrap() += rule.points;
            }
            continue;
        }
        let mut per_day: BTreeMap<i64, u32> = BTreeMap::new();
        let mut counted = 0;
        for event in events.iter().filter(|event| holds(&rule.conditions, &facts(event, &lead))) {
            let today = per_day.entry(event.occurred_at.as_microsecond().div_euclid(DAY)).or_default();
            *today += 1;
            if rule.max_per_day.is_some_and(|cap| *today > cap) {
                continue;
            }
            counted += 1;
            if rule.max_per_lead.is_some_and(|cap| counted > cap) {
                continue;
            }
            awards.insert((rule.id, Some(event.id), rule.points, event.occurred_at));
            if alive(event.occurred_at, rule.expires_after_days, now) {
                *sums.get_mut(category).unwrap() += rule.points;
            }
        }
    }
    let total = sums.values().sum::<i32>().max(0);

    let mut signals = BTreeSet::new();
    let mut weights: BTreeMap<&str, i64> = rules.intents.iter().map(|intent| (intent.as_str(), 0)).collect();
    for rule in rules.intent_rules.iter().filter(|rule| rule.is_active) {
        if fields(&rule.conditions).iter().all(|field| field.starts_with("lead.")) {
            if holds(&rule.conditions, &json!({"lead": lead})) {
                signals.insert((rule.id, None, rule.weight, held_since(&rule.conditions, &since, first_seen)));
                *weights.get_mut(rule.intent.as_str()).unwrap() += i64::from(rule.weight);
            }
            continue;
        }
        let matching = events.iter().filter(|event| holds(&rule.conditions, &facts(event, &lead)));
        for event in matching.take(rule.max_per_lead.unwrap_or(u32::MAX) as usize) {
            signals.insert((rule.id, Some(event.id), rule.weight, event.occurred_at));
            if alive(event.occurred_at, rule.expires_after_days, now) {
                *weights.get_mut(rule.intent.as_str()).unwrap() += i64::from(rule.weight);
            }
        }
    }
    let all: i64 = weights.values().sum::<i64>() + i64::from(rules.intent_settings.prior);
    let tenths = |weight: i64| (weight as f64 * 1000.0 / all as f64).round() as i64;
    let confidences: BTreeMap<String, i64> =
        weights.iter().map(|(intent, weight)| ((*intent).to_owned(), tenths(*weight))).collect();
    let mut ranked: Vec<&String> = rules.intents.iter().filter(|intent| weights[intent.as_str()] > 0).collect();
    ranked.sort_by_key(|intent| -weights[intent.as_str()]);
    let conflict = ranked.len() > 1 && {
        let (first, second) = (confidences[ranked[0]], confidences[ranked[1]]);
        first - second <= 150 && first >= 300 && second >= 300
    };
    Verdict {
        awards,
        signals,
        total,
        tier: match total {
            ..20 => "cold",
            20..40 => "warm",
            40..80 => "hot",
            80.. => "very_hot",
        },
        sums,
        primary: ranked.first().map(|intent| (*intent).clone()),
        confidences,
        conflict,
        profile,
    }
}

fn alive(since: Timestamp, days: Option<u32>, now: Timestamp) -> bool {
    days.is_none_or(|days| now.as_microsecond() < since.as_microsecond() + i64::from(days) * DAY)
}

/// Field values and since when they are known: those of the earliest event that carries them.
fn profile(events: &[&Event]) -> (BTreeMap<String, Value>, BTreeMap<String, Timestamp>) {
    let (mut values, mut since) = (BTreeMap::new(), BTreeMap::new());
    for event in events {
        let mut carried: Vec<(String, Value)> =
            event.profile.fields.iter().map(|(field, value)| (field.to_string(), json!(value))).collect();
        carried.extend(event.profile.custom.iter().map(|(key, value)| (key.clone(), value.clone())));
        carried.push(("source".to_owned(), json!(event.source)));
        if let Some(name) = event.campaign.as_ref().and_then(|campaign| campaign.name.clone()) {
            carried.push(("campaign".to_owned(), json!(name)));
        }
        for (field, value) in carried {
            since.entry(field.clone()).or_insert(event.occurred_at);
            values.entry(field).or_insert(value);
        }
    }
    (values, since)
}

fn lead_facts(profile: &BTreeMap<String, Value>) -> Value {
    let mut lead: Map<String, Value> = profile.clone().into_iter().collect();
    if let Some(domain) = profile.get("email").and_then(|email| email.as_str()?.split('@').nth(1)) {
        lead.insert("email_domain".to_owned(), json!(domain));
    }
    Value::Object(lead)
}

fn facts(event: &Event, lead: &Value) -> Value {
    let mut facts = serde_json::to_value(event).unwrap();
    let campaign = facts.get("campaign").cloned().unwrap_or_default();
    if let Some(campaign) = campaign.as_object() {
        let prefixed = campaign.iter().map(|(key, value)| (format!("utm_{key}"), value.clone()));
        facts["campaign"] = Value::Object(prefixed.collect());
    }
    facts["lead"] = lead.clone();
    facts
}

/// All field names in a condition.
fn fields(condition: &Value) -> BTreeSet<String> {
    match condition {
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("field", Value::String(name)) => BTreeSet::from([name.clone()]),
                _ => fields(value),
            })
            .collect(),
        Value::Array(parts) => parts.iter().flat_map(fields).collect(),
        _ => BTreeSet::new(),
    }
}

fn held_since(condition: &Value, since: &BTreeMap<String, Timestamp>, first_seen: Timestamp) -> Timestamp {
    let name = |field: String| field.trim_start_matches("lead.").replace("email_domain", "email");
    fields(condition).into_iter().filter_map(|field| since.get(&name(field)).copied()).max().unwrap_or(first_seen)
}

/// The condition language, only as far as the rules of the tests use it.
fn holds(condition: &Value, facts: &Value) -> bool {
    if let Some(parts) = condition.get("all") {
        return parts.as_array().unwrap().iter().all(|part| holds(part, facts));
    }
    if let Some(parts) = condition.get("any") {
        return parts.as_array().unwrap().iter().any(|part| holds(part, facts));
    }
    if let Some(part) = condition.get("not") {
        return !holds(part, facts);
    }
    let pointer = format!("/{}", condition["field"].as_str().unwrap().replace('.', "/"));
    let fact = facts.pointer(&pointer).filter(|fact| !fact.is_null()).map(lower);
    let value = lower(&condition["value"]);
    let op = condition["op"].as_str().unwrap();
    let Some(fact) = fact else {
        return op == "ne" || op == "not_in";
    };
    let text = |value: &Value| value.as_str().unwrap_or("\u{0}").to_owned();
    match op {
        "exists" => true,
        "eq" => fact == value,
        "ne" => fact != value,
        "in" => value.as_array().unwrap().contains(&fact),
        "not_in" => !value.as_array().unwrap().contains(&fact),
        "gte" => fact.as_f64().zip(value.as_f64()).is_some_and(|(fact, value)| fact >= value),
        "starts_with" => fact.is_string() && text(&fact).starts_with(&text(&value)),
        "contains" => match &fact {
            Value::Array(items) => items.contains(&value),
            _ => fact.is_string() && text(&fact).contains(&text(&value)),
        },
        "matches" => {
            let pattern = condition["value"].as_str().unwrap();
            regex(pattern).is_match(&text(&fact))
        }
        other => panic!("the model does not know `{other}`"),
    }
}

/// Compiled once per test: compiling takes longer than everything else here.
fn regex(pattern: &str) -> Regex {
    thread_local!(static KNOWN: RefCell<HashMap<String, Regex>> = RefCell::default());
    let compile = || RegexBuilder::new(pattern).case_insensitive(true).build().unwrap();
    KNOWN.with_borrow_mut(|known| known.entry(pattern.to_owned()).or_insert_with(compile).clone())
}

fn lower(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(text.to_lowercase()),
        Value::Array(items) => items.iter().map(lower).collect(),
        other => other.clone(),
    }
}
