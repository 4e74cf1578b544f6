//! Evaluates one lead now, and answers with the decision record: routed, or what is still missing.
//!
//! A lead that was routed is not routed again; the record then says so.

use std::process::ExitCode;

use serde_json::json;
use shared::domain::ids::LeadId;
use shared::flows::{event_path, routing};
use shared::http::{self, Call, Json};
use shared::store::leads;
use shared::views::decisions::DecisionView;
use shared::views::leads::LeadView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::post("/api/v1/routing/evaluate/{leadId}", Scope::RoutingWrite, handle)
}

async fn handle(call: Call) -> Result<Json<DecisionView>, Failure> {
    let lead: LeadId = call.id("leadId")?;
    // First what has expired or changed since the last event, then the decision.
    event_path::reevaluate(&call.app, &call.tx, &[lead], call.now).await?;
    let before = LeadView::from(leads::get(&call.tx, lead).await?);
    let beside = call.beside([lead]).await?;
    // The task's reminder is left to the hourly sweep: it is due on another day, and there is no schedule before the commit.
    let (mut decided, _due) = routing::evaluate(&call.app, &call.tx, &[lead], call.now).await?;
    let decided = decided.pop().ok_or_else(|| Failure::not_found("lead"))?;
    if let Some(decision) = &decided.decision {
        let after = LeadView::from(leads::get(&call.tx, lead).await?);
        let more = json!({"decision_id": decision.id, "outcome": decided.record.outcome.kind});
        call.note_with("evaluate", &before, &after, more).await?;
        call.note_beside("evaluate", lead, beside).await?;
    }
    Ok(Json::new(DecisionView::of(&decided)))
}
