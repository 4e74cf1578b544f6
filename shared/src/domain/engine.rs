//! The heart: a lead's state and how events move it, given a rule set and a clock.
//!
//! Two ways lead to the same state. [`advance`] takes the state that was and the events that are new, and is what happens
//! all day. [`rebuild`] starts from the whole log. That they agree, whatever the order and the batches, is what the
//! property tests of this module prove.

mod evaluate;
mod rules;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::events::Event;
use super::intent::{Confidence, IntentPicture, IntentWeight, Signal};
use super::profile::Profile;
use super::scoring::{Award, ScoreSums, Tier, is_expired};

pub use rules::{MAX_BYTES, MAX_REGEXES, MAX_RULES, RuleSet, RuleSetData, SwitchedOff};

/// Everything the engine knows about one lead. A lead nobody has heard of is `LeadState::default()`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeadState {
    /// The rule-set version the awards and signals were made with; none for a lead never evaluated.
    pub rule_set_version: Option<i32>,
    /// The person's profile.
    pub profile: Profile,
    /// The fields of the lead's organization, as conditions see them (`organization.*`); empty without one.
    pub organization: Map<String, Value>,
    /// All awards that count or counted before they expired (caps are for life); no withdrawn ones. Any order.
    pub awards: Vec<Award>,
    /// The same for signals.
    pub signals: Vec<Signal>,
    /// What they added up to when it was last computed.
    pub standing: Standing,
}

/// What a lead's awards and signals add up to at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// Unexpired points per category.
    pub sums: ScoreSums,
    /// `max(0, sum of the categories)`.
    pub total: i32,
    /// The tier of the total.
    pub tier: Tier,
    /// Every intent of the tenant in the tenant's order, with weight and confidence.
    pub intents: Vec<IntentWeight>,
    /// The intent with the highest weight; none without any signal.
    pub primary_intent: Option<String>,
    /// Its confidence; zero without any signal.
    pub intent_confidence: Confidence,
    /// Whether the runner-up is too close for a machine to decide.
    pub conflict: bool,
    /// When the next award or signal expires: the moment from which this standing may be out of date.
    pub next_expiry: Option<Timestamp>,
    /// When the earliest event of the lead occurred.
    pub first_seen_at: Option<Timestamp>,
    /// When the latest event of the lead occurred.
    pub last_activity_at: Option<Timestamp>,
}

impl Standing {
    /// Whether `other` calls for another routing decision: score, tier, intent, confidence or conflict differ.
    pub fn differs_for_routing(&self, other: &Self) -> bool {
        (self.sums, self.total, self.tier, self.conflict) != (other.sums, other.total, other.tier, other.conflict)
            || self.primary_intent != other.primary_intent
            || self.intents != other.intents
    }
}

/// What became of a lead: the new state and the difference to the old one.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadChange {
    /// The version of the rules that were applied.
    pub rule_set_version: i32,
    /// The profile afterwards, where it, provenance included, changed.
    pub profile: Option<Profile>,
    /// Awards that count now and did not before.
    pub awards_added: Vec<Award>,
    /// Awards that no longer count: displaced under a cap by an earlier event, or of a rule that no longer holds or changed.
    pub awards_withdrawn: Vec<Award>,
    /// Signals that count now and did not before.
    pub signals_added: Vec<Signal>,
    /// Signals that no longer count.
    pub signals_withdrawn: Vec<Signal>,
    /// What it all adds up to at `now`.
    pub standing: Standing,
    /// The tier to alert about: the lead crossed upward into it, and it is `hot` or above.
    pub alert: Option<Tier>,
    /// Whether the lead must be evaluated for routing.
    pub routing_due: bool,
}

impl LeadChange {
    /// Whether there is nothing to store.
    pub fn is_empty(&self, before: &LeadState) -> bool {
        self.profile.is_none()
            && self.awards_added.is_empty()
            && self.awards_withdrawn.is_empty()
            && self.signals_added.is_empty()
            && self.signals_withdrawn.is_empty()
            && self.standing == before.standing
            && before.rule_set_version == Some(self.rule_set_version)
    }

    /// Carries the change out on the state it was computed from.
    pub fn apply_to(self, state: &mut LeadState) {
        state.awards.retain(|award| !self.awards_withdrawn.contains(award));
        state.awards.extend(self.awards_added);
        state.signals.retain(|signal| !self.signals_withdrawn.contains(signal));
        state.signals.extend(self.signals_added);
        state.profile = self.profile.unwrap_or(std::mem::take(&mut state.profile));
        state.standing = self.standing;
        state.rule_set_version = Some(self.rule_set_version);
    }
}

/// Whether [`advance`] needs the lead's whole event log for these new events.
///
/// It does when the lead was last evaluated under another rule-set version, and when the events change a profile field
/// that some event rule reads: such a rule must look at the old events again, with the profile as it is now. A change of
/// the profile or organization by other means (a person edits the lead) is announced by passing no events; then the log
/// is needed whenever any event rule reads profile or organization fields.
pub fn needs_full_log(rules: &RuleSet, state: &LeadState, new_events: &[&Event]) -> bool {
    if state.rule_set_version.is_some_and(|version| version != rules.version()) {
        return true;
    }
    if !rules.has_mixed() || state.rule_set_version.is_none() {
        return false;
    }
    if new_events.is_empty() {
        return true;
    }
    let profile = merged(&state.profile, new_events);
    matches!(&profile, Cow::Owned(after) if rules.mixed_fields_differ(&state.profile, after))
}

/// Moves a lead by events that are new to it.
///
/// `new_events` are this lead's events that were not seen before, in any order. `full_log` is all of the lead's events
/// (the new ones may be among them); it must be given when [`needs_full_log`] says so, and may be given at any time. A
/// lead without events of its own (`new_events` empty) is evaluated again with its profile as it stands.
pub fn advance(
    rules: &RuleSet,
    state: &LeadState,
    new_events: &[&Event],
    full_log: Option<&[Event]>,
    now: Timestamp,
) -> LeadChange {
    match full_log {
        Some(log) => evaluate::from_log(rules, state, new_events, log, now),
        None => evaluate::incrementally(rules, state, new_events, now),
    }
}

/// A lead's state from nothing but its event log and what persons and partners own of its profile (`owned`; provenance
/// from events in it is ignored).
pub fn rebuild(
    rules: &RuleSet,
    log: &[Event],
    owned: &Profile,
    organization: &Map<String, Value>,
    now: Timestamp,
) -> LeadState {
    let mut state = LeadState { profile: owned.owned(), organization: organization.clone(), ..LeadState::default() };
    advance(rules, &state, &[], Some(log), now).apply_to(&mut state);
    state
}

/// What the lead's awards and signals add up to at `now`. This is all that decay is: nothing is deleted, time passes.
pub fn standing_at(rules: &RuleSet, state: &LeadState, now: Timestamp) -> Standing {
    standing(
        rules,
        state.awards.iter(),
        state.signals.iter(),
        (state.standing.first_seen_at, state.standing.last_activity_at),
        now,
    )
}

/// Adds up awards and signals. `seen` are the times of the earliest and the latest event.
fn standing<'a>(
    rules: &RuleSet,
    awards: impl Iterator<Item = &'a Award>,
    signals: impl Iterator<Item = &'a Signal>,
    seen: (Option<Timestamp>, Option<Timestamp>),
    now: Timestamp,
) -> Standing {
    let mut sums = ScoreSums::default();
    let mut next_expiry: Option<Timestamp> = None;
    let mut expires = |at: Option<Timestamp>| {
        if let Some(at) = at {
            next_expiry = Some(next_expiry.map_or(at, |next| next.min(at)));
        }
    };
    for award in awards.filter(|award| !is_expired(award.expires_at, now)) {
        sums.add(award.category, award.points);
        expires(award.expires_at);
    }
    let mut weights = vec![0_u64; rules.intents().len()];
    for signal in signals.filter(|signal| !is_expired(signal.expires_at, now)) {
        if let Some(position) = rules.intents().iter().position(|intent| *intent == signal.intent) {
            weights[position] += u64::from(signal.weight);
        }
        expires(signal.expires_at);
    }
    let weights = rules.intents().iter().cloned().zip(weights);
    let picture = IntentPicture::from_weights(weights, rules.intent_settings());
    let total = sums.total();
    Standing {
        sums,
        total,
        tier: rules.tiers().tier(total),
        primary_intent: picture.primary().map(|primary| primary.intent.clone()),
        intent_confidence: picture.primary().map_or(Confidence::ZERO, |primary| primary.confidence),
        conflict: picture.conflict,
        intents: picture.intents,
        next_expiry,
        first_seen_at: seen.0,
        last_activity_at: seen.1,
    }
}

/// The profile after the events; borrowed when they change nothing.
fn merged<'a>(profile: &'a Profile, events: &[&Event]) -> Cow<'a, Profile> {
    let mut profile = Cow::Borrowed(profile);
    for event in events {
        if profile.would_change(event) {
            profile.to_mut().merge_event(event);
        }
    }
    profile
}
