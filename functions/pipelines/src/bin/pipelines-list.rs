//! Lists pipelines with their stages, in the tenant's order.
//!
//! Archived pipelines are left out unless `archived=true` asks for them.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::domain::ids::PipelineId;
use shared::http::{self, Call, Json, Page};
use shared::views::paging::Orders;
use shared::views::pipelines::PipelineView;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::list(["/api/v1/pipelines", "/api/v1/crm/pipelines"], Scope::PipelinesRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Also show archived ones.
    #[serde(default)]
    archived: bool,
}

const ORDERS: Orders = Orders::by_page(&["position"]);

async fn handle(call: Call<(), Query>) -> Result<Json<Page<PipelineView>>, Failure> {
    let window = call.paging.window(&ORDERS)?;
    let archived = call.query.archived;
    let pipelines = store::pipelines::list(&call.tx, archived, window).await?;
    let total = store::pipelines::count(&call.tx, archived).await?;
    let ids: Vec<PipelineId> = pipelines.iter().map(|pipeline| pipeline.id).collect();
    let stages = store::pipelines::list_stages(&call.tx, &ids).await?;
    Ok(Json::new(Page::new(PipelineView::list(pipelines, &stages), &call.paging, total)))
}
