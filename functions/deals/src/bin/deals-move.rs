//! Moves a deal to a stage, also of another pipeline, and to a place within it.
//!
//! A stage that is won or lost closes the deal, any other opens it again; the lead follows. Without a place the deal goes to the
//! top of a new stage. Refuses a version that is no longer current, and a place beside a deal that is not in the stage.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use shared::domain::ids::{DealId, StageId};
use shared::http::{self, Call, Json};
use shared::store::audit::{self, Change};
use shared::store::deals::{self, Deal, Move, Place};
use shared::store::pipelines::Stage;
use shared::views::deals::DealView;
use shared::{Failure, Fault, Scope};

fn main() -> ExitCode {
    http::post(["/api/v1/deals/{id}/move", "/api/v1/crm/deals/{id}/move"], Scope::DealsWrite, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MoveDeal {
    stage_id: StageId,
    /// Put it above this deal of the stage. At most one of the three places.
    before_deal_id: Option<DealId>,
    /// Put it below this deal of the stage.
    after_deal_id: Option<DealId>,
    /// Put it where so many deals are above it; at the end when there are fewer.
    #[schemars(range(min = 0, max = 10_000))]
    index: Option<i64>,
    /// Why it was lost; only for a stage that is lost.
    #[schemars(length(max = 500))]
    lost_reason: Option<String>,
}

async fn handle(call: Call<MoveDeal>) -> Result<Json<DealView>, Failure> {
    let id: DealId = call.id("id")?;
    let (before, stage) = deals::lock_for_move(&call.tx, id, call.body.stage_id).await?;
    if let Some(version) = call.if_match()?
        && version != before.version
    {
        return Err(Failure::Stale { current: before.version });
    }
    let (stage, place) = checked(&call.body, id, stage)?;
    let stays = stage.id == before.stage;
    let reason = call.body.lost_reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    if stays && place.is_none() && reason.is_none_or(|reason| before.lost_reason.as_deref() == Some(reason)) {
        let version = before.version;
        return Ok(Json::versioned(before.into(), version));
    }
    let position = match place {
        None if stays => before.position,
        place => deals::position(&call.tx, &stage, id, place.unwrap_or(Place::Index(0)))
            .await?
            .ok_or_else(|| beside_nothing(&call.body))?,
    };
    let to = standing(&before, &stage, position, reason, call.now);
    let after = deals::apply_move(&call.tx, id, &to, call.now).await?;
    if !stays {
        let history = call.app.new_id();
        deals::insert_stage_history(&call.tx, history, &before, stage.id, &call.caller.subject, call.now).await?;
        if let Some(lead) = after.lead {
            deals::follow_lead(&call.tx, lead, &after, call.now).await?;
        }
    }
    let (before, after) = (DealView::from(before), DealView::from(after));
    let change = Change { action: "move", record: "deal", id: id.0, before: Some(json!(before)), after: Some(json!(after)) };
    audit::note(&call, change).await?;
    let version = after.version;
    Ok(Json::versioned(after, version))
}
