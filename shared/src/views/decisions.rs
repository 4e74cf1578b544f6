//! Routing decisions as people see them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::ids::{DealId, DecisionId, LeadId, MemberId, PipelineId};
use crate::domain::routing::{
    CandidateVerdict, DecisionInputs, DecisionRecord, ManualChoice, Missing, OutcomeKind, TieBreak, explain,
};
use crate::flows::routing::Decided;
use crate::store::routing::Decision;

/// One decision about a lead: what it came to, why, and what was missing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DecisionView {
    /// None for the present "not routed yet", which is no row.
    pub id: Option<DecisionId>,
    pub lead_id: LeadId,
    pub decided_at: Timestamp,
    pub outcome: OutcomeKind,
    pub pipeline_id: Option<PipelineId>,
    pub owner_id: Option<MemberId>,
    pub deal_id: Option<DealId>,
    pub rule_set_version: i32,
    pub inputs: DecisionInputs,
    /// Who could have owned the lead, with load and the reason each was passed over.
    pub candidates: Vec<CandidateVerdict>,
    pub tie_break: Option<TieBreak>,
    /// What a person decided, when a person did.
    pub manual: Option<ManualChoice>,
    /// What must change for the machine to route the lead.
    pub missing: Option<Missing>,
    pub explanation: ExplanationView,
}

/// The decision in sentences.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExplanationView {
    pub de: String,
    pub en: String,
}

impl DecisionView {
    /// From a record, kept or just made.
    pub fn new(id: Option<DecisionId>, lead: LeadId, deal: Option<DealId>, record: &DecisionRecord) -> Self {
        let explanation = explain(record);
        Self {
            id,
            lead_id: lead,
            decided_at: record.inputs.decided_at,
            outcome: record.outcome.kind,
            pipeline_id: record.outcome.pipeline_id,
            owner_id: record.outcome.owner_id,
            deal_id: deal,
            rule_set_version: record.inputs.rule_set_version,
            inputs: record.inputs.clone(),
            candidates: record.candidates.clone(),
            tie_break: record.outcome.tie_break,
            manual: record.manual.clone(),
            missing: record.outcome.missing.clone(),
            explanation: ExplanationView { de: explanation.de, en: explanation.en },
        }
    }

    /// What the router said just now.
    pub fn of(decided: &Decided) -> Self {
        let row = decided.decision.as_ref();
        Self::new(row.map(|row| row.id), decided.lead, row.and_then(|row| row.deal), &decided.record)
    }
}

impl From<&Decision> for DecisionView {
    fn from(decision: &Decision) -> Self {
        Self::new(Some(decision.id), decision.lead, decision.deal, &decision.record)
    }
}
