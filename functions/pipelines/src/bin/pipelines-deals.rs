//! Shows a pipeline's deals as a board: a column per stage with its sums and its first deals.
//!
//! `limit` is the number of deals per column; sums always cover the whole stage. The rest of a column is read with
//! `GET /api/v1/deals?stage_id=…`.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{self, Call, Json};
use shared::views::paging::Limit;
use shared::views::pipelines::BoardView;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::get(["/api/v1/pipelines/{id}/deals", "/api/v1/crm/pipelines/{id}/deals"], Scope::DealsRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Deals per column.
    #[serde(default)]
    limit: Limit,
}

async fn handle(call: Call<(), Query>) -> Result<Json<BoardView>, Failure> {
    let pipeline = store::pipelines::get(&call.tx, call.id("id")?).await?;
    let stages = store::pipelines::list_stages(&call.tx, &[pipeline.id]).await?;
    let sums = store::pipelines::stage_sums(&call.tx, pipeline.id).await?;
    let deals = store::deals::list_board(&call.tx, pipeline.id, call.query.limit.0).await?;
    Ok(Json::new(BoardView::of(pipeline, stages, sums, deals)))
}
