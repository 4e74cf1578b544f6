//! Where a lead goes, and why: assessment, choice of an owner, and the decision record that proves both.
//!
//! The machine routes a lead when its score and the confidence in its intent are high enough and no second intent is too
//! close. A close second intent (a conflict) is put to a person, but only for leads whose score is worth a person's time,
//! that is from `min_score` on. A decision is computed from the record's inputs alone, so the record can be decided again
//! at any time with the same outcome.

mod assess;
mod calendar;
mod explain;
mod nightly;
mod owner;
mod question;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::engine::{LeadState, RuleSet};
use super::ids::{EventId, MemberId, PipelineId, RuleId};
use super::intent::{Confidence, IntentPicture, IntentSettings, IntentWeight};
use super::scoring::{ScoreSums, Tier, is_expired, reached_since};

pub use assess::{Assessment, assess};
pub use calendar::follow_up_due;
pub use explain::{Explanation, explain};
pub use nightly::{NIGHTLY_HOUR, next_nightly};
pub use owner::{Candidate, CandidateVerdict, OwnerChoice, TieBreak, Verdict, choose_owner};
pub use question::Question;

/// When and where a tenant's leads are routed. Doubt and conflict are set in [`IntentSettings`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoutingConfig {
    /// The lowest total score at which a lead is routed.
    pub min_score: i32,
    /// The lowest confidence in the primary intent at which a lead is routed.
    pub min_confidence: Confidence,
    /// After how many days at or above `min_score` a lead of unclear intent goes to Discovery; `None` = never.
    pub discovery_after_days: Option<u32>,
    /// In how many working days the follow-up task of a routed lead is due.
    pub follow_up_working_days: u32,
    /// The pipeline of each intent.
    #[serde(default)]
    pub pipelines: BTreeMap<String, PipelineId>,
    /// The pipeline for leads of unclear intent.
    #[serde(default)]
    pub discovery_pipeline: Option<PipelineId>,
}

/// What keeps the machine from touching a lead, whatever its score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeadFlags {
    /// It was in a pipeline, now or ever: once is for ever, a lead that a person put back to the pool is not the machine's any more.
    pub routed: bool,
    /// A person put it back to the pool.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub returned: bool,
    /// It must not be contacted.
    pub suppressed: bool,
    /// Its personal data were erased.
    pub anonymized: bool,
}

impl LeadFlags {
    /// The flags of a lead: whether it is in a pipeline, was ever routed, and how far a person or the engine says it has come.
    pub fn of(in_pipeline: bool, was_routed: bool, lifecycle: Option<&str>, suppressed: bool) -> Self {
        let ended = matches!(lifecycle, Some("customer" | "lost"));
        let anonymized = lifecycle == Some("anonymized");
        Self {
            routed: in_pipeline || was_routed || ended,
            returned: was_routed && !in_pipeline && !ended && !anonymized,
            suppressed,
            anonymized,
        }
    }

    /// Whether the machine may route it.
    pub const fn is_free(self) -> bool {
        !self.routed && !self.suppressed && !self.anonymized
    }
}

/// One unexpired signal as the decision saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeenSignal {
    /// The intent rule.
    pub rule: RuleId,
    /// The event that was counted; none for profile rules.
    pub event: Option<EventId>,
    /// The intent it speaks for.
    pub intent: String,
    /// How strongly.
    pub weight: u32,
}

/// Everything a decision depends on, apart from the candidates for ownership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionInputs {
    /// The rule set that was applied.
    pub rule_set_version: i32,
    /// The clock.
    pub decided_at: Timestamp,
    /// What may keep the machine away.
    pub flags: LeadFlags,
    /// Unexpired points per category.
    pub scores: ScoreSums,
    /// `max(0, sum of the scores)`.
    pub total_score: i32,
    /// The tier of the total.
    pub tier: Tier,
    /// Since when the score has been at or above `min_score`.
    pub score_reached_at: Option<Timestamp>,
    /// The unexpired signals.
    pub signals: Vec<SeenSignal>,
    /// Weight and confidence per intent, in the tenant's order: what the signals add up to.
    pub intents: Vec<IntentWeight>,
    /// Doubt and conflict.
    pub intent_settings: IntentSettings,
    /// Thresholds and pipelines.
    pub config: RoutingConfig,
}

impl DecisionInputs {
    /// Collects the inputs of a decision about a lead at `now`.
    pub fn of(rules: &RuleSet, state: &LeadState, flags: LeadFlags, now: Timestamp) -> Self {
        let seen = state.signals.iter().filter(|signal| !is_expired(signal.expires_at, now));
        let mut signals: Vec<_> = seen
            .map(|signal| SeenSignal {
                rule: signal.rule,
                event: signal.event,
                intent: signal.intent.clone(),
                weight: signal.weight,
            })
            .collect();
        signals.sort_unstable_by_key(|signal| (signal.rule, signal.event));
        let scores = ScoreSums::of(&state.awards, now);
        let total_score = scores.total();
        let config = rules.routing().clone();
        let intents = weigh(rules.intents().iter(), &signals, rules.intent_settings()).intents;
        Self {
            rule_set_version: rules.version(),
            decided_at: now,
            flags,
            scores,
            total_score,
            tier: rules.tiers().tier(total_score),
            score_reached_at: reached_since(&state.awards, config.min_score, now),
            signals,
            intents,
            intent_settings: rules.intent_settings(),
            config,
        }
    }

    /// The intents, weighed again from the signals.
    fn picture(&self) -> IntentPicture {
        weigh(self.intents.iter().map(|known| &known.intent), &self.signals, self.intent_settings)
    }
}

fn weigh<'a>(
    order: impl Iterator<Item = &'a String>,
    signals: &[SeenSignal],
    settings: IntentSettings,
) -> IntentPicture {
    let weight = |intent: &String| {
        signals.iter().filter(|signal| signal.intent == *intent).map(|signal| u64::from(signal.weight)).sum()
    };
    IntentPicture::from_weights(order.map(|intent| (intent.clone(), weight(intent))), settings)
}

/// How a decision came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// Routed by the machine to the pipeline of its intent.
    Routed,
    /// Two intents are too close: a person decides.
    Conflict,
    /// Routed by the machine to the Discovery pipeline, because its intent stayed unclear.
    Discovery,
    /// Decided by a person; without a pipeline: put back to the pool.
    Manual,
    /// Not routed yet.
    Pending,
}

impl OutcomeKind {
    /// The name used in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Routed => "routed",
            Self::Conflict => "conflict",
            Self::Discovery => "discovery",
            Self::Manual => "manual",
            Self::Pending => "pending",
        }
    }

    /// Whether the lead gets a pipeline, a deal and (if anybody is free) an owner by the machine.
    pub const fn is_placed(self) -> bool {
        matches!(self, Self::Routed | Self::Discovery)
    }
}

/// The result of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoutingOutcome {
    /// How it came out.
    #[serde(rename = "outcome")]
    pub kind: OutcomeKind,
    /// The intent it was routed for.
    pub intent: Option<String>,
    /// The pipeline the lead goes to.
    pub pipeline_id: Option<PipelineId>,
    /// Who owns it; none when it was not routed or nobody was free.
    pub owner_id: Option<MemberId>,
    /// What decided between equally loaded candidates.
    pub tie_break: Option<TieBreak>,
    /// What must change for the machine to route the lead by its intent; none when it was routed.
    pub missing: Option<Missing>,
}

/// What must change, all of it together, for the machine to route the lead by its intent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Missing {
    /// Points to be gained.
    #[serde(default)]
    pub score: Option<i32>,
    /// Confidence to be gained.
    #[serde(default)]
    pub confidence: Option<MissingConfidence>,
    /// The intent for which no pipeline is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_for: Option<String>,
    /// Why the machine leaves the lead alone whatever its score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Blocked>,
    /// When the lead goes to Discovery if its intent stays unclear and its score stays high.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery_at: Option<Timestamp>,
    /// Nothing is missing any more: when the machine routes the lead at the latest. Only where somebody looks in between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed_by: Option<Timestamp>,
}

/// How far the confidence is from enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MissingConfidence {
    /// The intent that is ahead; without any signal the tenant's first one.
    pub intent: Option<String>,
    /// Its confidence now.
    pub from: Confidence,
    /// The confidence it needs: the threshold, or more where a second intent is too close.
    pub to: Confidence,
    /// The weight of further signals for this intent that brings it there; none if no weight does.
    pub weight: Option<u64>,
    /// The intent that is too close behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_close: Option<String>,
}

/// Why the machine leaves a lead alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Blocked {
    /// It is in a pipeline already, or was: a customer, or a lost lead.
    AlreadyRouted,
    /// A person put it back to the pool.
    Returned,
    /// It must not be contacted.
    Suppressed,
    /// Its personal data were erased.
    Anonymized,
}

/// What a person decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManualChoice {
    /// Who decided.
    pub decided_by: Option<MemberId>,
    /// Where the lead goes; none puts it back to the pool.
    pub pipeline_id: Option<PipelineId>,
    /// Who owns it.
    pub owner_id: Option<MemberId>,
    /// Why, in the person's words.
    pub reason: Option<String>,
}

/// A decision with everything it depended on. Appended whenever the outcome changes, never edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionRecord {
    /// What the decision depended on.
    pub inputs: DecisionInputs,
    /// Who could have owned the lead, with load and the reason each was passed over. Empty when it was not placed.
    pub candidates: Vec<CandidateVerdict>,
    /// What a person decided, when a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual: Option<ManualChoice>,
    /// The result.
    #[serde(flatten)]
    pub outcome: RoutingOutcome,
}

impl DecisionRecord {
    /// Whether `later` says something else than this record: it must be appended, and effects may follow. The clock, the
    /// numbers behind a "not yet" and the loads of people who were passed over are no difference.
    pub fn is_superseded_by(&self, later: &Self) -> bool {
        let said = |record: &Self| {
            let outcome = &record.outcome;
            (outcome.kind, outcome.intent.clone(), outcome.pipeline_id, outcome.owner_id, record.manual.clone())
        };
        said(self) != said(later)
    }
}

/// Decides about a lead.
///
/// `candidates` are the tenant's team members as they stand for the pipeline that [`assess`] named; they are looked at
/// only when it named one. Read them under lock, so that nobody is overfilled.
pub fn decide(inputs: DecisionInputs, candidates: &[Candidate]) -> DecisionRecord {
    let assessment = assess(&inputs);
    let choice = if assessment.pipeline().is_some() { choose_owner(candidates) } else { OwnerChoice::default() };
    let outcome = conclude(assessment, &choice);
    DecisionRecord { inputs, candidates: choice.verdicts, manual: None, outcome }
}

/// Records what a person decided, with the inputs as they were.
pub fn decide_by_hand(inputs: DecisionInputs, choice: ManualChoice) -> DecisionRecord {
    let outcome = by_hand(&choice);
    DecisionRecord { inputs, candidates: Vec::new(), manual: Some(choice), outcome }
}

/// Decides again from the record alone. The outcome equals the recorded one.
pub fn redecide(record: &DecisionRecord) -> RoutingOutcome {
    if let Some(choice) = &record.manual {
        return by_hand(choice);
    }
    let candidates: Vec<_> = record.candidates.iter().map(|verdict| verdict.candidate.clone()).collect();
    decide(record.inputs.clone(), &candidates).outcome
}

fn conclude(assessment: Assessment, choice: &OwnerChoice) -> RoutingOutcome {
    let (owner_id, tie_break) = (choice.owner, choice.tie_break);
    match assessment {
        Assessment::Routed { intent, pipeline } => RoutingOutcome {
            kind: OutcomeKind::Routed,
            intent: Some(intent),
            pipeline_id: Some(pipeline),
            owner_id,
            tie_break,
            missing: None,
        },
        Assessment::Discovery { pipeline, missing } => RoutingOutcome {
            kind: OutcomeKind::Discovery,
            intent: None,
            pipeline_id: Some(pipeline),
            owner_id,
            tie_break,
            missing: Some(missing),
        },
        Assessment::Conflict { missing, .. } => RoutingOutcome {
            kind: OutcomeKind::Conflict,
            intent: None,
            pipeline_id: None,
            owner_id: None,
            tie_break: None,
            missing: Some(missing),
        },
        Assessment::Pending { missing } => RoutingOutcome {
            kind: OutcomeKind::Pending,
            intent: None,
            pipeline_id: None,
            owner_id: None,
            tie_break: None,
            missing: Some(missing),
        },
    }
}

fn by_hand(choice: &ManualChoice) -> RoutingOutcome {
    RoutingOutcome {
        kind: OutcomeKind::Manual,
        intent: None,
        pipeline_id: choice.pipeline_id,
        owner_id: choice.owner_id,
        tie_break: None,
        missing: None,
    }
}
