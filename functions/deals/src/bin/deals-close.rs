//! Closes a deal as won or lost, with the reason: it goes into its pipeline's won or lost stage, and its lead follows.
//!
//! Refuses a deal that is closed already (moving it to another stage opens it again), a lost one without a reason, a pipeline that has
//! no such stage, and a version that is no longer current.

use std::process::ExitCode;

use serde_json::json;
use shared::domain::ids::DealId;
use shared::flows::deals::stand;
use shared::http::{self, Call, Json};
use shared::store::deals::{self, Move, Place};
use shared::store::pipelines;
use shared::views::deals::DealView;
use shared::views::deals_input::CloseDeal;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::post(["/api/v1/deals/{id}/close", "/api/v1/crm/deals/{id}/close"], Scope::DealsWrite, handle)
}

async fn handle(call: Call<CloseDeal>) -> Result<Json<DealView>, Failure> {
    let id: DealId = call.id("id")?;
    let reason = call.body.reason()?;
    let outcome = call.body.outcome.as_str();
    let present = deals::get(&call.tx, id).await?;
    let stage = pipelines::closing_stage(&call.tx, id, outcome).await?;
    // A pipeline without such a stage: the deal is looked at all the same, for what is wrong with it comes first.
    let (before, stage) = deals::lock_for_move(&call.tx, id, stage.map_or(present.stage, |stage| stage.id)).await?;
    call.if_current(before.version)?;
    if before.status != "open" {
        let detail = format!("This deal is {} already. Move it to another stage to open it again.", before.status);
        return Err(Failure::conflict("closed", detail));
    }
    let Some(stage) = stage.filter(|stage| if outcome == "won" { stage.won } else { stage.lost }) else {
        let detail = format!("This pipeline has no stage that is {outcome}. Add one, or move the deal by hand.");
        return Err(Failure::conflict("no_closing_stage", detail));
    };
    if stage.pipeline != before.pipeline {
        return Err(Failure::conflict("moved", "The deal was moved at this moment. Read it again."));
    }
    let top = deals::position(&call.tx, &stage, id, Place::Index(0)).await?;
    let position = top.ok_or_else(|| Failure::internal("a stage without a top"))?;
    let to = Move::of(&before, &stage, position, reason.as_deref(), call.now);
    let by = (call.caller.subject.as_str(), reason.as_deref());
    let beside = call.beside(before.lead).await?;
    let after = DealView::from(stand(&call.app, &call.tx, &before, &to, by, call.now).await?);
    call.note_with("close", &before.into(), &after, json!({ "reason": reason })).await?;
    call.note_beside("close", id, beside).await?;
    Ok(Json::of(after))
}
