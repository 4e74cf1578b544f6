//! Shows one lead with scores, intents, organisation, owner, open deal, and leads that may be the same person.
//!
//! `include` adds what hangs on it, in the same answer, as the endpoints of these parts show their first page. Answers 404 for leads of other
//! tenants, as for ones that never existed.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::domain::ids::LeadId;
use shared::http::{self, Call, Json};
use shared::views::leads::LeadDetailsView;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::get("/api/v1/leads/{id}", Scope::LeadsRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Some of `decisions`, `breakdown`, `scores`, `intents`, `timeline`, `tasks` and `deals`, with commas between. Each needs the right to
    /// read it.
    include: Option<String>,
}

async fn handle(call: Call<(), Query>) -> Result<Json<http::WithParts<LeadDetailsView, http::LeadPartsView>>, Failure> {
    let id: LeadId = call.id("id")?;
    let parts = call.lead_parts(call.query.include.as_deref())?;
    let lead = store::leads::get(&call.tx, id).await?;
    let details = store::leads::get_details(&call.tx, id).await?;
    let included = call.read_lead_parts(&lead, &parts).await?;
    Ok(Json::of(http::WithParts { record: LeadDetailsView::new(lead, details), included }))
}
