//! Shows what a lead's score is made of now: per category and per rule, with caps reached and what expired or was withdrawn.
//!
//! Answers 404 for leads of other tenants, as for ones that never existed.

use std::process::ExitCode;

use shared::domain::ids::LeadId;
use shared::http::{self, Call, Json};
use shared::views::scoring::BreakdownView;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::get("/api/v1/scoring/leads/{leadId}/breakdown", Scope::ScoringRead, handle)
}

async fn handle(call: Call) -> Result<Json<BreakdownView>, Failure> {
    let lead: LeadId = call.id("leadId")?;
    let awards = store::scoring_rules::list_awards(&call.tx, lead, call.now).await?;
    let tenant = call.app.rules().get(&call.tx).await?;
    Ok(Json::new(BreakdownView::of(lead, awards, tenant.rules.tiers(), call.now)))
}
