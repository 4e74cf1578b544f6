//! Leads that wait in the global pool, and what each still lacks.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::decisions::ExplanationView;
use super::leads::LeadView;
use super::room::Room;
use crate::domain::engine::LeadState;
use crate::domain::routing::{
    Assessment, DecisionInputs, DecisionRecord, Missing, OutcomeKind, RoutingOutcome, assess, explain, next_nightly,
};
use crate::store::leads::Lead;
use crate::store::rules::TenantRules;

/// A lead that is ready waits no longer, whatever happened to its message.
const ROUTING_SWEEP: SignedDuration = SignedDuration::from_hours(1);

/// A lead in the pool.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnroutedLeadView {
    #[serde(flatten)]
    pub lead: LeadView,
    /// What must change, all of it together, for the machine to route the lead, or by when it does without: never empty.
    pub missing: Missing,
    /// The same in sentences.
    pub explanation: ExplanationView,
}

impl UnroutedLeadView {
    /// A lead of the pool as the router would see it at `now`.
    pub fn at(now: Timestamp, tenant: &TenantRules, lead: Lead, state: &LeadState, custom: Option<&mut Room>) -> Self {
        let record = present(now, tenant, &lead, state);
        let explanation = explain(&record);
        Self {
            lead: LeadView::listed(lead, custom),
            missing: record.outcome.missing.unwrap_or_default(),
            explanation: ExplanationView { de: explanation.de, en: explanation.en },
        }
    }
}

/// Where a lead of the pool stands at `now`: a conflict, or not routed yet. Between reaching the thresholds and the router's work it says
/// by when the router looks at the latest: the hourly sweep asks for leads that are ready, the night's job for those of unclear intent.
pub fn present(now: Timestamp, tenant: &TenantRules, lead: &Lead, state: &LeadState) -> DecisionRecord {
    let inputs = DecisionInputs::of(&tenant.rules, state, lead.flags(), now);
    let (kind, missing) = match assess(&inputs) {
        Assessment::Conflict { missing, .. } => (OutcomeKind::Conflict, missing),
        Assessment::Pending { missing } => (OutcomeKind::Pending, missing),
        Assessment::Routed { .. } => {
            let routed_by = now.checked_add(ROUTING_SWEEP).ok();
            (OutcomeKind::Pending, Missing { routed_by, ..Missing::default() })
        }
        Assessment::Discovery { missing, .. } => {
            let zone = TimeZone::get(&tenant.tenant.zone).unwrap_or(TimeZone::UTC);
            let discovery_at = Some(next_nightly(now, &zone));
            (OutcomeKind::Pending, Missing { discovery_at, ..missing })
        }
    };
    let outcome = RoutingOutcome {
        kind,
        intent: None,
        pipeline_id: None,
        owner_id: None,
        tie_break: None,
        missing: Some(missing),
    };
    DecisionRecord { inputs, candidates: Vec::new(), manual: None, outcome }
}
