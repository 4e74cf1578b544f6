//! The laws of the engine, on generated logs: order, redelivery, batching, sum, rebuild, caps.
//!
//! A small machine delivers batches the way the event processor does: resolve identities, then move each lead by its new
//! events. Whatever way the same events are delivered, it must end where the model says.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::model;
use crate::domain::engine::{LeadState, RuleSet, advance, needs_full_log, rebuild, standing_at};
use crate::domain::events::Event;
use crate::domain::fixtures::{cases, default_rule_set, hard_rule_set, lead_ids, log, now};
use crate::domain::identity::{Identifier, IdentifierKind, KnownIdentities, resolve_batch};
use crate::domain::ids::{EventId, LeadId, RuleId};
use crate::domain::scoring::{ScoreSums, is_expired};

/// Leads as the event processor keeps them.
#[derive(Default)]
struct Machine {
    identifiers: HashMap<Identifier, LeadId>,
    leads: BTreeMap<LeadId, LeadState>,
    logs: HashMap<LeadId, Vec<Event>>,
}

impl Machine {
    fn deliver(&mut self, rules: &RuleSet, batch: &[Event], at: Timestamp, mut new_id: impl FnMut() -> LeadId) {
        let mut known = KnownIdentities::default();
        for (identifier, lead) in &self.identifiers {
            known.insert(identifier.clone(), *lead, identifier.kind.is_strong());
        }
        let events: Vec<&Event> = batch.iter().collect();
        let identity = resolve_batch(&events, known, &mut new_id);
        assert!(identity.suspicions.is_empty(), "{:?}", identity.suspicions);
        for new in identity.new_identifiers {
            assert_eq!(self.identifiers.insert(new.identifier, new.lead), None);
        }
        let mut by_lead: BTreeMap<LeadId, Vec<&Event>> = BTreeMap::new();
        for (event, assignment) in events.into_iter().zip(identity.assignments) {
            by_lead.entry(assignment.lead().unwrap()).or_default().push(event);
        }
        for (lead, events) in by_lead {
            let state = self.leads.entry(lead).or_default();
            let log = self.logs.entry(lead).or_default();
            log.extend(events.iter().map(|event| (*event).clone()));
            let full = needs_full_log(rules, state, &events).then_some(log.as_slice());
            let change = advance(rules, state, &events, full, at);
            let count = state.awards.len() + change.awards_added.len() - change.awards_withdrawn.len();
            change.apply_to(state);
            assert_eq!(state.awards.len(), count, "what is withdrawn was there, what is added was not");
            assert_eq!(state.standing, standing_at(rules, state, at));
        }
    }

    /// Leads by e-mail address, in a form that can be compared.
    fn picture(&self) -> BTreeMap<String, LeadState> {
        let emails = self.identifiers.iter().filter(|(identifier, _)| identifier.kind == IdentifierKind::Email);
        emails.map(|(email, lead)| (email.value.clone(), sorted(self.leads[lead].clone()))).collect()
    }
}

fn sorted(mut state: LeadState) -> LeadState {
    state.awards.sort_unstable();
    state.signals.sort_unstable();
    state
}

/// Delivers in the given order, in batches of the given sizes (repeated as needed).
fn deliver(rules: &RuleSet, events: &[Event], sizes: &[usize]) -> Machine {
    let mut machine = Machine::default();
    let mut ids = lead_ids();
    let mut sizes = sizes.iter().cycle();
    let mut rest = events;
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(1).clamp(1, rest.len());
        let (batch, later) = rest.split_at(size);
        machine.deliver(rules, batch, now(), &mut ids);
        rest = later;
    }
    machine
}

/// The log of one person.
fn logs(events: &[Event]) -> BTreeMap<String, Vec<Event>> {
    let mut logs: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for event in events {
        logs.entry(event.identifiers[0].value.clone()).or_default().push(event.clone());
    }
    logs
}

fn assert_model(rules: &RuleSet, state: &LeadState, log: &[Event], now: Timestamp) {
    let expected = model::judge(rules.data(), log, now);
    let standing = standing_at(rules, state, now);
    let provenances = serde_json::to_value(state.profile.provenances()).unwrap();
    let profile: BTreeMap<_, _> = provenances
        .as_object()
        .unwrap()
        .keys()
        .map(|key| match key.strip_prefix("custom.") {
            Some(custom) => (custom.to_owned(), state.profile.get_custom(custom).unwrap().clone()),
            None => (key.clone(), json!(state.profile.get(key.parse().unwrap()).unwrap())),
        })
        .collect();
    let got = model::Verdict {
        awards: state.awards.iter().map(|it| (it.rule, it.event, it.points, it.awarded_at)).collect(),
        signals: state.signals.iter().map(|it| (it.rule, it.event, it.weight, it.detected_at)).collect(),
        sums: BTreeMap::from([
            ("demographic", standing.sums.demographic),
            ("engagement", standing.sums.engagement),
            ("behavior", standing.sums.behavior),
        ]),
        total: standing.total,
        tier: standing.tier.as_str(),
        confidences: standing
            .intents
            .iter()
            .map(|known| (known.intent.clone(), i64::from(known.confidence.tenths())))
            .collect(),
        primary: standing.primary_intent,
        conflict: standing.conflict,
        profile,
    };
    assert_eq!(got, expected);
}

/// A log, the same log as delivered (shuffled, each event one to five times) and the sizes of batches.
fn deliveries() -> impl Strategy<Value = (Vec<Event>, Vec<Event>, Vec<usize>)> {
    let sizes = prop_oneof![Just(vec![1]), Just(vec![7]), Just(vec![500]), prop::collection::vec(1..12_usize, 1..6),];
    (log(60), sizes).prop_flat_map(|(log, sizes)| {
        let times = prop::collection::vec(prop_oneof![3 => Just(1_usize), 1 => 2..=5_usize], log.len());
        (Just(log), times, Just(sizes)).prop_flat_map(|(log, times, sizes)| {
            let repeated: Vec<Event> =
                log.iter().zip(times).flat_map(|(event, times)| std::iter::repeat_n(event.clone(), times)).collect();
            (Just(log), Just(repeated).prop_shuffle(), Just(sizes))
        })
    })
}

proptest! {
    #![proptest_config(cases(100))]

    /// Laws 1, 2 and 3: whatever the order, the repetitions and the batches, the result is that of the model.
    #[test]
    fn any_delivery_ends_where_the_model_says((log, delivered, sizes) in deliveries()) {
        for rules in [default_rule_set(), hard_rule_set()] {
            let machine = deliver(rules, &delivered, &sizes);
            let picture = machine.picture();
            prop_assert_eq!(machine.leads.len(), picture.len(), "one lead per person");
            let once = deliver(rules, &log, &[500]);
            prop_assert_eq!(&once.picture(), &picture);
            for (email, log) in logs(&log) {
                assert_model(rules, &picture[&email], &log, now());
            }
        }
    }

    /// Law 5: what is rebuilt from the log equals what was kept.
    #[test]
    fn rebuilding_gives_the_same((log, delivered, sizes) in deliveries()) {
        let rules = hard_rule_set();
        let kept = deliver(rules, &delivered, &sizes).picture();
        for (email, log) in logs(&log) {
            let rebuilt = rebuild(rules, &log, &kept[&email].profile, &kept[&email].organization, now());
            prop_assert_eq!(&sorted(rebuilt), &kept[&email]);
        }
    }

    /// Laws 4 and 6, after every single delivery and at any later time: sums are those of the history, and caps hold.
    #[test]
    fn sums_and_caps_hold_always(log in log(40), days in 0..300_i64) {
        let rules = hard_rule_set();
        let mut machine = Machine::default();
        let mut ids = lead_ids();
        let later = now() + SignedDuration::from_hours(24 * days);
        for event in &log {
            machine.deliver(rules, std::slice::from_ref(event), now(), &mut ids);
            for state in machine.leads.values() {
                for at in [now(), later] {
                    let standing = standing_at(rules, state, at);
                    let unexpired = state.awards.iter().filter(|award| !is_expired(award.expires_at, at));
                    let sum: i32 = unexpired.map(|award| award.points).sum();
                    prop_assert_eq!(sum, standing.sums.net());
                    prop_assert_eq!(ScoreSums::of(&state.awards, at), standing.sums);
                    prop_assert_eq!(standing.total, sum.max(0));
                    prop_assert_eq!(standing.tier, rules.tiers().tier(standing.total));
                }
                assert_caps(rules, state);
            }
        }
    }

    /// Decay: the standing between two expiries does not change, and the model agrees at any time.
    #[test]
    fn time_alone_moves_a_lead_only_at_expiries(log in log(25), days in 0..120_i64) {
        let rules = hard_rule_set();
        let later = now() + SignedDuration::from_hours(24 * days);
        for (email, state) in deliver(rules, &log, &[500]).picture() {
            assert_model(rules, &state, &logs(&log)[&email], later);
            let mut at = now();
            while let Some(next) = standing_at(rules, &state, at).next_expiry {
                prop_assert!(next > at);
                let just_before = next - SignedDuration::from_micros(1);
                prop_assert_eq!(standing_at(rules, &state, at), standing_at(rules, &state, just_before));
                prop_assert_ne!(standing_at(rules, &state, next).next_expiry, Some(next));
                at = next;
            }
        }
    }

    /// A new rule-set version is applied from the whole log, and ends where a lead new under it would.
    #[test]
    fn a_new_version_is_as_if_it_had_always_been(log in log(40), split in 0..40_usize) {
        let (before, after) = log.split_at(split.min(log.len() - 1));
        let mut machine = deliver(default_rule_set(), before, &[7]);
        let mut ids = lead_ids();
        (0..10).for_each(|_| { ids(); });
        machine.deliver(hard_rule_set(), after, now(), &mut ids);
        let expected = deliver(hard_rule_set(), &log, &[500]).picture();
        // Leads without a new event stay as they were until something happens to them.
        let touched: BTreeSet<_> = after.iter().map(|event| event.identifiers[0].value.clone()).collect();
        for (email, state) in machine.picture().into_iter().filter(|(email, _)| touched.contains(email)) {
            prop_assert_eq!(&state, &expected[&email]);
        }
    }
}

fn assert_caps(rules: &RuleSet, state: &LeadState) {
    let mut per_rule: HashMap<RuleId, u32> = HashMap::new();
    let mut per_day: HashMap<(RuleId, i64), u32> = HashMap::new();
    let mut rows: BTreeSet<(RuleId, Option<EventId>)> = BTreeSet::new();
    for award in &state.awards {
        assert!(rows.insert((award.rule, award.event)), "one award per rule and event");
        *per_rule.entry(award.rule).or_default() += 1;
        let day = award.awarded_at.as_second().div_euclid(86_400);
        *per_day.entry((award.rule, day)).or_default() += 1;
    }
    let rule = |id: RuleId| rules.data().scoring_rules.iter().find(|rule| rule.id == id).unwrap();
    for (id, count) in per_rule {
        assert!(rule(id).max_per_lead.is_none_or(|cap| count <= cap), "{} counted {count} times", rule(id).slug);
    }
    for ((id, _), count) in per_day {
        assert!(rule(id).max_per_day.is_none_or(|cap| count <= cap), "{} counted {count} times a day", rule(id).slug);
    }
}
