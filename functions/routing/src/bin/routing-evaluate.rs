//! Evaluates one lead now, and answers with the decision record: routed, or what is still missing.
//!
//! A lead that was routed is not routed again; the record then says so.

use std::process::ExitCode;

use shared::domain::ids::LeadId;
use shared::flows::{event_path, routing};
use shared::http::{self, Call, Json};
use shared::views::decisions::DecisionView;
use shared::{Failure, Scope};

fn main() -> ExitCode {
    http::post("/api/v1/routing/evaluate/{leadId}", Scope::RoutingWrite, handle)
}

async fn handle(call: Call) -> Result<Json<DecisionView>, Failure> {
    let lead: LeadId = call.id("leadId")?;
    // First what has expired or changed since the last event, then the decision.
    event_path::reevaluate(&call.app, &call.tx, &[lead], call.now).await?;
    let (mut decided, _due) = routing::evaluate(&call.app, &call.tx, &[lead], call.now).await?;
    let decided = decided.pop().ok_or_else(|| Failure::not_found("lead"))?;
    Ok(Json::new(DecisionView::of(&decided)))
}
