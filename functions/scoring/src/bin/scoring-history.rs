//! Lists everything that changed a lead's score, the latest first: each award, expiry and withdrawal, with what it came to.
//!
//! The first entry comes to what the breakdown shows now. Answers 404 for leads of other tenants, as for ones that never existed.

use std::process::ExitCode;

use shared::domain::ids::LeadId;
use shared::http::{self, Call, Json, Page};
use shared::store::{leads, scoring};
use shared::views::paging::Orders;
use shared::views::scoring_history::ScoreStepView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::list("/api/v1/scoring/leads/{leadId}/history", Scope::ScoringRead, handle)
}

const ORDERS: Orders = Orders::by_page(&["-at"]);

async fn handle(call: Call) -> Result<Json<Page<ScoreStepView>>, Failure> {
    let lead: LeadId = call.id("leadId")?;
    let window = call.paging.window(&ORDERS)?;
    leads::exists(&call.tx, lead).await?;
    let tiers = call.app.rules().get(&call.tx).await?.rules.tiers();
    let steps = scoring::list_steps(&call.tx, lead, call.now, window).await?;
    let total = scoring::count_steps(&call.tx, lead, call.now).await?;
    let data = steps.into_iter().map(|step| ScoreStepView::of(step, tiers)).collect();
    Ok(Json::new(Page::new(data, &call.paging, total)))
}
