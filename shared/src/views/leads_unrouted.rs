//! Leads that wait in the global pool, and what each still lacks.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::decisions::ExplanationView;
use super::leads::LeadView;
use crate::domain::engine::{LeadState, RuleSet};
use crate::domain::routing::{
    Assessment, DecisionInputs, DecisionRecord, Missing, Outcome, OutcomeKind, assess, explain,
};
use crate::store::leads::Lead;

/// A lead in the pool.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnroutedLeadView {
    #[serde(flatten)]
    pub lead: LeadView,
    /// What must change, all of it together, for the machine to route the lead; empty when the router is about to.
    pub missing: Missing,
    /// The same in sentences.
    pub explanation: ExplanationView,
}

impl UnroutedLeadView {
    /// A lead of the pool as the router would see it at `now`.
    pub fn at(now: Timestamp, rules: &RuleSet, lead: Lead, state: &LeadState) -> Self {
        let record = present(now, rules, &lead, state);
        let explanation = explain(&record);
        Self {
            lead: lead.into(),
            missing: record.outcome.missing.unwrap_or_default(),
            explanation: ExplanationView { de: explanation.de, en: explanation.en },
        }
    }
}

/// Where a lead of the pool stands at `now`: a conflict, or not routed yet. Nothing is missing in the moment between reaching
/// the thresholds and the router's work.
pub fn present(now: Timestamp, rules: &RuleSet, lead: &Lead, state: &LeadState) -> DecisionRecord {
    let inputs = DecisionInputs::of(rules, state, lead.flags(), now);
    let (kind, missing) = match assess(&inputs) {
        Assessment::Conflict { missing, .. } => (OutcomeKind::Conflict, missing),
        Assessment::Pending { missing } => (OutcomeKind::Pending, missing),
        Assessment::Routed { .. } | Assessment::Discovery { .. } => (OutcomeKind::Pending, Missing::default()),
    };
    let outcome =
        Outcome { kind, intent: None, pipeline_id: None, owner_id: None, tie_break: None, missing: Some(missing) };
    DecisionRecord { inputs, candidates: Vec::new(), manual: None, outcome }
}
