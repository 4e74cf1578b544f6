//! Changes what is said about a stage: absent keeps. Its place among the others is not changed here.
//!
//! Refuses to make a stage won or lost, or no longer, while deals stand in it (409), and a version that is no longer current.

use std::process::ExitCode;

use shared::domain::ids::{PipelineId, StageId};
use shared::http::{self, Call, Json};
use shared::store::pipelines;
use shared::views::pipelines::StageView;
use shared::views::stages_input::StagePatch;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::patch(["/api/v1/stages/{id}", "/api/v1/crm/pipelines/{id}/stages/{stageId}"], Scope::PipelinesWrite, handle)
}

async fn handle(call: Call<StagePatch>) -> Result<Json<StageView>, Failure> {
    let (id, pipeline) = match call.id::<StageId>("stageId") {
        Ok(id) => (id, Some(call.id::<PipelineId>("id")?)),
        Err(_) => (call.id("id")?, None),
    };
    let before = pipelines::lock_stage(&call.tx, id).await?;
    if pipeline.is_some_and(|pipeline| pipeline != before.pipeline) {
        return Err(Failure::not_found("stage"));
    }
    call.if_current(before.version)?;
    let after = call.body.clone().check(before.clone()).map_err(Failure::Invalid)?;
    if after == before {
        return Ok(Json::of(before.into()));
    }
    if (after.won, after.lost) != (before.won, before.lost) && pipelines::has_deals(&call.tx, id).await? {
        let detail =
            "Deals stand in this stage. Move them to another one before it becomes won or lost, or ceases to be.";
        return Err(Failure::conflict("has_deals", detail));
    }
    let after = StageView::from(pipelines::update_stage(&call.tx, &after).await?);
    call.note("update", &before.into(), &after).await?;
    Ok(Json::of(after))
}
