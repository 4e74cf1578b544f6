//! A lead's score over time, and what a replay changed.

use std::collections::HashMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::scoring::BreakdownView;
use crate::domain::engine::{LeadState, Standing};
use crate::domain::ids::{EventId, RuleId};
use crate::domain::intent::{Confidence, Signal};
use crate::domain::scoring::{Award, Category, ScoreSums, Tier, TierThresholds};
use crate::store::scoring::Step;

/// What happened to points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A rule gave them.
    Award,
    /// They were too old to count.
    Expiry,
    /// An earlier event took their place under a cap, or their rule no longer holds.
    Withdrawal,
}

/// Something that changed a lead's score, and what it came to.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ScoreStepView {
    pub at: Timestamp,
    pub kind: StepKind,
    /// What was added; negative where points went. Zero for points that were withdrawn after they had expired.
    pub points: i32,
    pub category: Category,
    pub rule_id: RuleId,
    /// Null like `rule_name`: the rule is gone.
    pub rule_slug: Option<String>,
    pub rule_name: Option<String>,
    /// The version of the rule that awarded them.
    pub rule_version: i32,
    /// Null for a profile rule.
    pub event_id: Option<EventId>,
    pub event_type: Option<String>,
    /// When the points were awarded.
    pub awarded_at: Timestamp,
    /// When they expire or expired; null: never.
    pub expires_at: Option<Timestamp>,
    pub withdrawn_reason: Option<String>,
    /// What each category came to.
    pub scores: ScoreSums,
    /// What the lead had then: never below zero.
    pub total_score: i32,
    /// The tier of that total, by today's thresholds.
    pub tier: Tier,
}

impl ScoreStepView {
    /// A step, with its tier.
    pub fn of(step: Step, tiers: TierThresholds) -> Self {
        let total_score = step.sums.total();
        Self {
            at: step.at,
            kind: match step.kind.as_str() {
                "award" => StepKind::Award,
                "expiry" => StepKind::Expiry,
                _ => StepKind::Withdrawal,
            },
            points: step.change,
            category: step.category,
            rule_id: step.rule,
            rule_slug: step.rule_slug,
            rule_name: step.rule_name,
            rule_version: step.rule_version,
            event_id: step.event,
            event_type: step.event_type,
            awarded_at: step.awarded_at,
            expires_at: step.expires_at,
            withdrawn_reason: step.withdrawn_reason,
            scores: step.sums,
            total_score,
            tier: tiers.tier(total_score),
        }
    }
}

/// A lead after its log was replayed with today's rules.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecalculationView {
    pub breakdown: BreakdownView,
    /// Whether anything is different now.
    pub changed: bool,
    /// The rules that were applied.
    pub rule_set_version: i32,
    pub before: StandingView,
    pub after: StandingView,
    /// Awards that count now and did not before.
    pub awards_added: Vec<ReplayedAwardView>,
    /// Awards that no longer count.
    pub awards_withdrawn: Vec<ReplayedAwardView>,
    pub signals_added: Vec<ReplayedSignalView>,
    pub signals_withdrawn: Vec<ReplayedSignalView>,
}

/// What a lead came to.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StandingView {
    pub total_score: i32,
    pub tier: Tier,
    pub scores: ScoreSums,
    pub primary_intent: Option<String>,
    /// Per cent, one decimal.
    pub intent_confidence: Confidence,
    /// Two intents are too close for the machine to decide.
    pub conflict: bool,
}

impl From<&Standing> for StandingView {
    fn from(standing: &Standing) -> Self {
        Self {
            total_score: standing.total,
            tier: standing.tier,
            scores: standing.sums,
            primary_intent: standing.primary_intent.clone(),
            intent_confidence: standing.intent_confidence,
            conflict: standing.conflict,
        }
    }
}

/// An award that a replay made or took back.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReplayedAwardView {
    pub rule_id: RuleId,
    /// Null like `rule_name`: the rule is gone.
    pub rule_slug: Option<String>,
    pub rule_name: Option<String>,
    pub rule_version: i32,
    pub event_id: Option<EventId>,
    pub category: Category,
    pub points: i32,
    pub awarded_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// An intent signal that a replay found or took back.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReplayedSignalView {
    pub rule_id: RuleId,
    pub rule_version: i32,
    pub event_id: Option<EventId>,
    pub intent: String,
    pub weight: u32,
    pub detected_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

impl From<&Signal> for ReplayedSignalView {
    fn from(signal: &Signal) -> Self {
        Self {
            rule_id: signal.rule,
            rule_version: signal.rule_version,
            event_id: signal.event,
            intent: signal.intent.clone(),
            weight: signal.weight,
            detected_at: signal.detected_at,
            expires_at: signal.expires_at,
        }
    }
}

impl RecalculationView {
    /// The difference between two states of a lead.
    pub fn between(before: &LeadState, after: &LeadState, rule_set_version: i32, breakdown: BreakdownView) -> Self {
        let names: HashMap<RuleId, (Option<String>, Option<String>)> =
            breakdown.rules.iter().map(|rule| (rule.rule_id, (rule.slug.clone(), rule.name.clone()))).collect();
        let awards = |of: &[Award], not: &[Award]| {
            let mut list: Vec<&Award> = of.iter().filter(|award| !not.contains(award)).collect();
            list.sort_unstable_by(|a, b| b.awarded_at.cmp(&a.awarded_at).then_with(|| a.cmp(b)));
            list.into_iter().map(|award| replayed(award, &names)).collect::<Vec<_>>()
        };
        let signals = |of: &[Signal], not: &[Signal]| {
            let mut list: Vec<&Signal> = of.iter().filter(|signal| !not.contains(signal)).collect();
            list.sort_by_key(|signal| (std::cmp::Reverse(signal.detected_at), signal.rule));
            list.into_iter().map(ReplayedSignalView::from).collect::<Vec<_>>()
        };
        let (was, is) = (StandingView::from(&before.standing), StandingView::from(&after.standing));
        let mut view = Self {
            breakdown,
            changed: false,
            rule_set_version,
            awards_added: awards(&after.awards, &before.awards),
            awards_withdrawn: awards(&before.awards, &after.awards),
            signals_added: signals(&after.signals, &before.signals),
            signals_withdrawn: signals(&before.signals, &after.signals),
            before: was,
            after: is,
        };
        let same_counts = view.awards_added.is_empty()
            && view.awards_withdrawn.is_empty()
            && view.signals_added.is_empty()
            && view.signals_withdrawn.is_empty();
        view.changed = !same_counts || view.before != view.after;
        view
    }
}

fn replayed(award: &Award, names: &HashMap<RuleId, (Option<String>, Option<String>)>) -> ReplayedAwardView {
    let (rule_slug, rule_name) = names.get(&award.rule).cloned().unwrap_or_default();
    ReplayedAwardView {
        rule_id: award.rule,
        rule_slug,
        rule_name,
        rule_version: award.rule_version,
        event_id: award.event,
        category: award.category,
        points: award.points,
        awarded_at: award.awarded_at,
        expires_at: award.expires_at,
    }
}
