//! Shows one pipeline with its stages.
//!
//! Archived pipelines are shown too: closed deals still stand in them.

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::views::pipelines::PipelineView;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::get(["/api/v1/pipelines/{id}", "/api/v1/crm/pipelines/{id}"], Scope::PipelinesRead, handle)
}

async fn handle(call: Call) -> Result<Json<PipelineView>, Failure> {
    let pipeline = store::pipelines::get(&call.tx, call.id("id")?).await?;
    let stages = store::pipelines::list_stages(&call.tx, &[pipeline.id]).await?;
    Ok(Json::of(PipelineView::of(pipeline, stages)))
}
