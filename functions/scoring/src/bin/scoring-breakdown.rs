//! Shows what a lead's score is made of now: per category and per rule, with caps reached and what expired or was withdrawn.
//!
//! Answers 404 for leads of other tenants, as for ones that never existed.

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::views::scoring::BreakdownView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::get("/api/v1/scoring/leads/{leadId}/breakdown", Scope::ScoringRead, handle)
}

async fn handle(call: Call) -> Result<Json<BreakdownView>, Failure> {
    Ok(Json::new(call.breakdown_of(call.id("leadId")?).await?))
}
