//! What happened to a lead and what it counted for.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::room::Room;
use crate::domain::ids::{EventId, RuleId};
use crate::domain::scoring::{Category, is_expired};
use crate::store::leads::history::{Counted, CountedEvent, IntentSignal, Score};

/// An event with what it counted for.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeadEventView {
    pub id: EventId,
    pub event_type: String,
    pub source: String,
    pub occurred_at: Timestamp,
    pub received_at: Timestamp,
    /// The sender's own id of it, or one derived from its content.
    pub external_id: String,
    /// UTM parameters, without `utm_`.
    pub campaign: Option<Value>,
    /// Null when the answer has no room for it: ask for fewer events at once.
    #[schemars(with = "Option<Map<String, Value>>")]
    pub metadata: Option<Box<RawValue>>,
    /// Points it gave, expired ones included.
    pub awards: Vec<EventAwardView>,
    /// What it said about the intent.
    pub signals: Vec<EventSignalView>,
}

/// Points an event gave.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EventAwardView {
    pub rule_id: RuleId,
    pub rule_name: Option<String>,
    pub points: i32,
}

/// What an event said about the intent.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EventSignalView {
    pub rule_id: RuleId,
    pub rule_slug: Option<String>,
    pub intent: String,
    pub weight: i32,
}

impl LeadEventView {
    /// An event among others: with its metadata where that finds room.
    pub fn listed(event: CountedEvent, room: &mut Room) -> Self {
        let awards = event.awards.into_iter().map(|award| EventAwardView {
            rule_id: award.rule_id,
            rule_name: award.name,
            points: award.points,
        });
        let signals = event.signals.into_iter().map(|signal| EventSignalView {
            rule_id: signal.rule_id,
            rule_slug: signal.name,
            intent: signal.intent,
            weight: signal.weight,
        });
        Self {
            id: event.id,
            event_type: event.event_type,
            source: event.source,
            occurred_at: event.occurred_at,
            received_at: event.received_at,
            external_id: event.external_id,
            campaign: event.campaign,
            metadata: event.metadata.map(|metadata| room.take(metadata)),
            awards: awards.collect(),
            signals: signals.collect(),
        }
    }
}

/// Whether something counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountedState {
    /// It counts now.
    Counted,
    /// It counted until it expired.
    Expired,
    /// An earlier event took its place under a cap, or its rule no longer holds.
    Withdrawn,
}

impl CountedState {
    fn of(counted: &Counted, now: Timestamp) -> Self {
        if counted.withdrawn_at.is_some() {
            Self::Withdrawn
        } else if is_expired(counted.expires_at, now) {
            Self::Expired
        } else {
            Self::Counted
        }
    }
}

/// One row of a lead's score history.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeadScoreView {
    pub rule_id: RuleId,
    pub rule_slug: Option<String>,
    pub rule_name: Option<String>,
    /// The version of the rule that awarded it.
    pub rule_version: i32,
    /// None for a profile rule.
    pub event_id: Option<EventId>,
    pub category: Category,
    pub points: i32,
    pub state: CountedState,
    pub awarded_at: Timestamp,
    /// None: never.
    pub expires_at: Option<Timestamp>,
    pub withdrawn_at: Option<Timestamp>,
    pub withdrawn_reason: Option<String>,
}

impl LeadScoreView {
    /// A row as it counts at `now`.
    pub fn at(now: Timestamp, score: Score) -> Self {
        let state = CountedState::of(&score.counted, now);
        Self {
            rule_id: score.counted.rule,
            rule_slug: score.counted.rule_slug,
            rule_name: score.rule_name,
            rule_version: score.counted.rule_version,
            event_id: score.counted.event,
            category: score.category,
            points: score.points,
            state,
            awarded_at: score.counted.since,
            expires_at: score.counted.expires_at,
            withdrawn_at: score.counted.withdrawn_at,
            withdrawn_reason: score.counted.withdrawn_reason,
        }
    }
}

/// One intent signal of a lead.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeadIntentView {
    pub rule_id: RuleId,
    pub rule_slug: Option<String>,
    /// The version of the rule that found it.
    pub rule_version: i32,
    /// None for a profile rule.
    pub event_id: Option<EventId>,
    pub intent: String,
    /// 1 to 100.
    pub weight: i32,
    pub state: CountedState,
    pub detected_at: Timestamp,
    /// None: never.
    pub expires_at: Option<Timestamp>,
    pub withdrawn_at: Option<Timestamp>,
    pub withdrawn_reason: Option<String>,
}

impl LeadIntentView {
    /// A signal as it counts at `now`.
    pub fn at(now: Timestamp, signal: IntentSignal) -> Self {
        let state = CountedState::of(&signal.counted, now);
        Self {
            rule_id: signal.counted.rule,
            rule_slug: signal.counted.rule_slug,
            rule_version: signal.counted.rule_version,
            event_id: signal.counted.event,
            intent: signal.intent,
            weight: signal.weight,
            state,
            detected_at: signal.counted.since,
            expires_at: signal.counted.expires_at,
            withdrawn_at: signal.counted.withdrawn_at,
            withdrawn_reason: signal.counted.withdrawn_reason,
        }
    }
}
