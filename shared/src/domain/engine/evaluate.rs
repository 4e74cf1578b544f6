//! Turning events and profile into the awards and signals that count, and into the difference to those that counted.

use std::borrow::Cow;
use std::collections::HashSet;

use jiff::Timestamp;

use super::super::conditions::{Condition, Facts};
use super::super::events::Event;
use super::super::ids::EventId;
use super::super::intent::{IntentRule, Signal};
use super::super::profile::Profile;
use super::super::scoring::{Award, Caps, ScoringRule, expiry, select_counted};
use super::rules::{Compiled, EventIndex};
use super::{LeadChange, LeadState, RuleSet, merged, standing};

/// From the state that was and the events that are new.
///
/// Only rules that new events match are touched: for each of them, the matches that counted so far and the new ones are
/// put in order and counted again. Rules that read the profile alone are evaluated when it changed.
pub(super) fn incrementally(rules: &RuleSet, state: &LeadState, new_events: &[&Event], now: Timestamp) -> LeadChange {
    let events = distinct(new_events.iter().copied());
    let profile = merged(&state.profile, &events);
    let profile_changed = matches!(profile, Cow::Owned(_));
    let seen = seen(&events, (state.standing.first_seen_at, state.standing.last_activity_at));
    let facts = LeadFacts { profile: &profile, state };

    let mut awards = Difference::default();
    for (position, matches) in by_rule(&matching(&rules.scoring, &rules.scoring_index, &events, facts)) {
        let rule = scoring_rule(rules, &rules.scoring[position]);
        let kept = state.awards.iter().filter(|award| award.rule == rule.id && award.event.is_some());
        let new = matches.iter().map(|(_, event)| award_of(rule, event));
        awards.count(kept, new, caps_of(rule), |award| (award.awarded_at, award.event));
    }
    let mut signals = Difference::default();
    for (position, matches) in by_rule(&matching(&rules.intent, &rules.intent_index, &events, facts)) {
        let rule = intent_rule(rules, &rules.intent[position]);
        let kept = state.signals.iter().filter(|signal| signal.rule == rule.id && signal.event.is_some());
        let new = matches.iter().map(|(_, event)| signal_of(rule, event));
        let caps = Caps { per_day: None, per_lead: rule.max_per_lead };
        signals.count(kept, new, caps, |signal| (signal.detected_at, signal.event));
    }
    // Without new events somebody changed the profile by hand; and the first event sets what profile rules fall back to.
    let first_seen_moved = seen.0 != state.standing.first_seen_at;
    if profile_changed || first_seen_moved || events.is_empty() || state.rule_set_version.is_none() {
        let (held, spoken) = held(rules, facts, seen.0, now);
        awards.replace(state.awards.iter().filter(|award| award.event.is_none()), held);
        signals.replace(state.signals.iter().filter(|signal| signal.event.is_none()), spoken);
    }
    conclude(rules, state, profile, awards, signals, seen, now)
}

/// From the whole log, with what persons and partners own of the profile; the difference is to the state that was.
pub(super) fn from_log(
    rules: &RuleSet,
    state: &LeadState,
    new_events: &[&Event],
    log: &[Event],
    now: Timestamp,
) -> LeadChange {
    let events = distinct(log.iter().chain(new_events.iter().copied()));
    let mut profile = state.profile.owned();
    for event in &events {
        profile.merge_event(event);
    }
    let profile = if profile == state.profile { Cow::Borrowed(&state.profile) } else { Cow::Owned(profile) };
    let seen = seen(&events, (None, None));
    let facts = LeadFacts { profile: &profile, state };

    let mut awards_now = Vec::new();
    for (position, matches) in by_rule(&matching(&rules.scoring, &rules.scoring_index, &events, facts)) {
        let rule = scoring_rule(rules, &rules.scoring[position]);
        let counted = select_counted(matches.iter().map(|(_, event)| event.occurred_at), caps_of(rule));
        awards_now.extend(counted.into_iter().map(|at| award_of(rule, matches[at].1)));
    }
    let mut signals_now = Vec::new();
    for (position, matches) in by_rule(&matching(&rules.intent, &rules.intent_index, &events, facts)) {
        let rule = intent_rule(rules, &rules.intent[position]);
        let caps = Caps { per_day: None, per_lead: rule.max_per_lead };
        let counted = select_counted(matches.iter().map(|(_, event)| event.occurred_at), caps);
        signals_now.extend(counted.into_iter().map(|at| signal_of(rule, matches[at].1)));
    }
    let (held, spoken) = held(rules, facts, seen.0, now);
    awards_now.extend(held);
    signals_now.extend(spoken);

    let (mut awards, mut signals) = (Difference::default(), Difference::default());
    awards.replace(state.awards.iter(), awards_now);
    signals.replace(state.signals.iter(), signals_now);
    conclude(rules, state, profile, awards, signals, seen, now)
}

/// The lead as conditions see it.
#[derive(Clone, Copy)]
struct LeadFacts<'a> {
    profile: &'a Profile,
    state: &'a LeadState,
}

impl<'a> LeadFacts<'a> {
    fn with(self, event: Option<&'a Event>) -> Facts<'a> {
        Facts { event, lead: Some(self.profile), organization: Some(&self.state.organization), deal: None }
    }
}

/// Each event once, in counting order.
fn distinct<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<&'a Event> {
    let mut events: Vec<_> = events.collect();
    events.sort_by_key(|event| event.order());
    events.dedup_by_key(|event| event.id);
    events
}

/// The earliest and the latest time, with those known before.
fn seen(events: &[&Event], known: (Option<Timestamp>, Option<Timestamp>)) -> (Option<Timestamp>, Option<Timestamp>) {
    let first = events.first().map(|event| event.occurred_at);
    let last = events.last().map(|event| event.occurred_at);
    (first.into_iter().chain(known.0).min(), last.into_iter().chain(known.1).max())
}

/// Event rules, by position, with the events that match them; grouped by rule, the events of each in counting order.
fn matching<'a>(
    compiled: &[Compiled],
    index: &EventIndex,
    events: &[&'a Event],
    lead: LeadFacts<'a>,
) -> Vec<(usize, &'a Event)> {
    let mut matches = Vec::new();
    for event in events {
        let facts = lead.with(Some(event));
        let matched = index.candidates(&event.event_type).filter(|rule| compiled[*rule].condition.holds(&facts));
        matches.extend(matched.map(|rule| (rule, *event)));
    }
    // Stable: the events of a rule stay in order.
    matches.sort_by_key(|(rule, _)| *rule);
    matches
}

/// The matches of one rule after the other.
fn by_rule<'m, 'a>(matches: &'m [(usize, &'a Event)]) -> impl Iterator<Item = (usize, &'m [(usize, &'a Event)])> {
    matches.chunk_by(|a, b| a.0 == b.0).filter_map(|chunk| Some((chunk.first()?.0, chunk)))
}

/// The awards and signals of the profile rules that hold.
fn held(
    rules: &RuleSet,
    lead: LeadFacts<'_>,
    first_seen: Option<Timestamp>,
    now: Timestamp,
) -> (Vec<Award>, Vec<Signal>) {
    let facts = lead.with(None);
    let holding = |rule: &&Compiled| !rule.counts_events() && rule.condition.holds(&facts);
    let awards = rules.scoring.iter().filter(holding).map(|compiled| {
        let rule = scoring_rule(rules, compiled);
        let before = lead.state.awards.iter().find(|award| award.rule == rule.id && award.event.is_none());
        Award {
            rule: rule.id,
            rule_version: rule.version,
            event: None,
            category: rule.category,
            points: rule.points,
            awarded_at: holds_since(&compiled.condition, lead.profile, first_seen)
                .or(before.map(|award| award.awarded_at))
                .unwrap_or(now),
            expires_at: None,
        }
    });
    let signals = rules.intent.iter().filter(holding).map(|compiled| {
        let rule = intent_rule(rules, compiled);
        let before = lead.state.signals.iter().find(|signal| signal.rule == rule.id && signal.event.is_none());
        Signal {
            rule: rule.id,
            rule_version: rule.version,
            event: None,
            intent: rule.intent.clone(),
            weight: rule.weight,
            detected_at: holds_since(&compiled.condition, lead.profile, first_seen)
                .or(before.map(|signal| signal.detected_at))
                .unwrap_or(now),
            expires_at: None,
        }
    });
    (awards.collect(), signals.collect())
}

/// Since when a profile rule that holds is taken to hold: since the latest of the fields it reads became known, or since
/// the lead was first seen. A function of the profile, so that the order of delivery does not show. Nothing only for a
/// lead without events whose rule is satisfied by what is absent.
fn holds_since(condition: &Condition, profile: &Profile, first_seen: Option<Timestamp>) -> Option<Timestamp> {
    condition.lead_fields().iter().filter_map(|field| field.known_since(profile)).max().or(first_seen)
}

/// What came to count and what ceased to.
struct Difference<T> {
    added: Vec<T>,
    withdrawn: Vec<T>,
}

impl<T> Default for Difference<T> {
    fn default() -> Self {
        Self { added: Vec::new(), withdrawn: Vec::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Difference<T> {
    /// One event rule: `kept` counted so far, `new` match now. See [`select_counted`] for why that is enough.
    fn count<'a>(
        &mut self,
        kept: impl Iterator<Item = &'a T>,
        new: impl Iterator<Item = T>,
        caps: Caps,
        order: impl Fn(&T) -> (Timestamp, Option<EventId>),
    ) where
        T: 'a,
    {
        let mut all: Vec<(Cow<'a, T>, bool)> = kept.map(|kept| (Cow::Borrowed(kept), true)).collect();
        for new in new {
            // An event that is delivered again counts already.
            if !all.iter().any(|(kept, was)| *was && order(kept).1 == order(&new).1) {
                all.push((Cow::Owned(new), false));
            }
        }
        all.sort_by_key(|(item, _)| order(item));
        let mut counted = select_counted(all.iter().map(|(item, _)| order(item).0), caps).into_iter().peekable();
        for (position, (item, was)) in all.into_iter().enumerate() {
            match (counted.next_if_eq(&position).is_some(), was) {
                (true, false) => self.added.push(item.into_owned()),
                (false, true) => self.withdrawn.push(item.into_owned()),
                _ => {}
            }
        }
    }

    /// `now` counts instead of `before`.
    fn replace<'a>(&mut self, before: impl Iterator<Item = &'a T>, now: Vec<T>)
    where
        T: 'a,
    {
        let before: HashSet<&T> = before.collect();
        let after: HashSet<&T> = now.iter().collect();
        self.withdrawn.extend(before.iter().filter(|item| !after.contains(*item)).map(|item| (*item).clone()));
        self.added.extend(now.iter().filter(|item| !before.contains(item)).cloned());
    }
}

impl<T: Eq + std::hash::Hash> Difference<T> {
    /// What counts after the difference is applied to `before`.
    fn counting<'a>(&'a self, before: &'a [T]) -> impl Iterator<Item = &'a T> {
        let withdrawn: HashSet<&T> = self.withdrawn.iter().collect();
        before.iter().filter(move |item| !withdrawn.contains(item)).chain(&self.added)
    }
}

fn conclude(
    rules: &RuleSet,
    state: &LeadState,
    profile: Cow<'_, Profile>,
    mut awards: Difference<Award>,
    mut signals: Difference<Signal>,
    seen: (Option<Timestamp>, Option<Timestamp>),
    now: Timestamp,
) -> LeadChange {
    // Hash sets decided the order so far; rows are written in one that does not vary.
    awards.added.sort_unstable_by_key(|award| (award.awarded_at, award.event, award.rule));
    awards.withdrawn.sort_unstable_by_key(|award| (award.awarded_at, award.event, award.rule));
    signals.added.sort_unstable_by_key(|signal| (signal.detected_at, signal.event, signal.rule));
    signals.withdrawn.sort_unstable_by_key(|signal| (signal.detected_at, signal.event, signal.rule));

    let standing = standing(rules, awards.counting(&state.awards), signals.counting(&state.signals), seen, now);
    LeadChange {
        rule_set_version: rules.version(),
        profile: match profile {
            Cow::Owned(profile) => Some(profile),
            Cow::Borrowed(_) => None,
        },
        alert: state.standing.tier.alert_on_reaching(standing.tier),
        routing_due: standing.differs_for_routing(&state.standing),
        awards_added: awards.added,
        awards_withdrawn: awards.withdrawn,
        signals_added: signals.added,
        signals_withdrawn: signals.withdrawn,
        standing,
    }
}

fn award_of(rule: &ScoringRule, event: &Event) -> Award {
    Award {
        rule: rule.id,
        rule_version: rule.version,
        event: Some(event.id),
        category: rule.category,
        points: rule.points,
        awarded_at: event.occurred_at,
        expires_at: expiry(event.occurred_at, rule.expires_after_days),
    }
}

fn signal_of(rule: &IntentRule, event: &Event) -> Signal {
    Signal {
        rule: rule.id,
        rule_version: rule.version,
        event: Some(event.id),
        intent: rule.intent.clone(),
        weight: rule.weight,
        detected_at: event.occurred_at,
        expires_at: expiry(event.occurred_at, rule.expires_after_days),
    }
}

const fn caps_of(rule: &ScoringRule) -> Caps {
    Caps { per_day: rule.max_per_day, per_lead: rule.max_per_lead }
}

fn scoring_rule<'a>(rules: &'a RuleSet, compiled: &Compiled) -> &'a ScoringRule {
    &rules.data().scoring_rules[compiled.rule]
}

fn intent_rule<'a>(rules: &'a RuleSet, compiled: &Compiled) -> &'a IntentRule {
    &rules.data().intent_rules[compiled.rule]
}
