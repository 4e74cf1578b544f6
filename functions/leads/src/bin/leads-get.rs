//! Shows one lead with scores, intents, organisation, owner, open deal, and leads that may be the same person.
//!
//! Answers 404 for leads of other tenants, as for ones that never existed.

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::views::leads::LeadDetailsView;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::get("/api/v1/leads/{id}", Scope::LeadsRead, handle)
}

async fn handle(call: Call) -> Result<Json<LeadDetailsView>, Failure> {
    let id = call.id("id")?;
    let lead = store::leads::get(&call.tx, id).await?;
    let details = store::leads::get_details(&call.tx, id).await?;
    Ok(Json::of(LeadDetailsView::new(lead, details)))
}
