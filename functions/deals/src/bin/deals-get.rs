//! Shows one deal.
//!
//! `include` adds what hangs on it, in the same answer, as the endpoints of these parts show their first page. Answers 404 for deals of other
//! tenants, as for ones that never existed.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::domain::ids::DealId;
use shared::http::{self, Call, Json};
use shared::views::deals::DealView;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::get(["/api/v1/deals/{id}", "/api/v1/crm/deals/{id}"], Scope::DealsRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Some of `history`, `tasks` and `lead`, with commas between. Each needs the right to read it.
    include: Option<String>,
}

async fn handle(call: Call<(), Query>) -> Result<Json<http::WithParts<DealView, http::DealPartsView>>, Failure> {
    let id: DealId = call.id("id")?;
    let parts = call.deal_parts(call.query.include.as_deref())?;
    let deal = store::deals::get(&call.tx, id).await?;
    let included = call.read_deal_parts(id, deal.lead, &parts).await?;
    Ok(Json::of(http::WithParts { record: DealView::from(deal), included }))
}
