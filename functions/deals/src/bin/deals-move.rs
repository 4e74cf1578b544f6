//! Moves a deal to a stage, also of another pipeline, and to a place within it.
//!
//! A stage that is won or lost closes the deal, any other opens it again; the lead follows. Without a place the deal goes to the
//! top of a new stage. Refuses a version that is no longer current, a place beside a deal that is not in the stage, and to lose a deal
//! without a reason.

use std::process::ExitCode;

use shared::domain::ids::DealId;
use shared::flows::deals::stand;
use shared::http::{self, Call, Json};
use shared::store::deals::{self, Move, Place};
use shared::views::deals::DealView;
use shared::{Failure, Scope};

#[path = "../placing.rs"]
mod placing;

use placing::MoveDeal;

pub fn main() -> ExitCode {
    http::post(["/api/v1/deals/{id}/move", "/api/v1/crm/deals/{id}/move"], Scope::DealsWrite, handle)
}

async fn handle(call: Call<MoveDeal>) -> Result<Json<DealView>, Failure> {
    let id: DealId = call.id("id")?;
    let (before, stage) = deals::lock_for_move(&call.tx, id, call.body.stage_id).await?;
    call.if_current(before.version)?;
    let (stage, place) = call.body.check(&before, stage)?;
    let reason = call.body.lost_reason();
    let position = match place {
        None if stage.id == before.stage => before.position,
        place => deals::position(&call.tx, &stage, id, place.unwrap_or(Place::Index(0)))
            .await?
            .ok_or_else(|| call.body.beside_nothing())?,
    };
    let to = Move::of(&before, &stage, position, reason, call.now);
    if to.changes_nothing(&before) {
        return Ok(Json::of(before.into()));
    }
    let by = (call.caller.subject.as_str(), reason);
    let beside = call.beside(before.lead).await?;
    let after = DealView::from(stand(&call.app, &call.tx, &before, &to, by, call.now).await?);
    call.note("move", &before.into(), &after).await?;
    call.note_beside("move", id, beside).await?;
    Ok(Json::of(after))
}
