//! Changes many deals at once: their owner, when they are expected to close, the stage they stand in, or closes them. Their leads follow.
//!
//! Either those named by `ids`, or all that pass a list's query, if they are as many as the caller saw (409 otherwise). At most 500; for more,
//! send them in parts. What cannot be changed (gone, changed since, closed already, a pipeline without such a stage) is left alone and
//! named. The answer's token undoes it for ten minutes.

use std::process::ExitCode;

use shared::domain::ids::{DealId, StageId};
use shared::flows::bulk::{By, Stages};
use shared::http::{self, Call, Json};
use shared::store::bulk::DealState;
use shared::store::deals::{self, Deal, write};
use shared::store::pipelines;
use shared::views::bulk::{Bulk, BulkView, DealBulkChange};
use shared::views::deals::DealView;
use shared::views::deals_filter::{DealFilter, FIELDS};
use shared::{Failure, Scope, flows};

pub fn main() -> ExitCode {
    http::post(["/api/v1/deals/bulk-update", "/api/v1/crm/deals/bulk-update"], Scope::DealsWrite, handle)
}

async fn handle(call: Call<Bulk<DealBulkChange>>) -> Result<Json<BulkView>, Failure> {
    let change = &call.body.change;
    let find = async |query: http::ListQuery<DealFilter>, view| {
        let filter = query.plain.check(&query.filters, &view)?;
        deals::ids(&call.tx, &filter, flows::bulk::MOST).await
    };
    let (ids, versions) = call.meant(FIELDS, |faults| change.check(faults), find).await?;
    let owner = change.owner_id.clone().apply(None);
    write::check_links(&call.tx, None, owner).await.map_err(|failure| failure.below("/change"))?;
    let into = stages(&call, &ids).await?;
    let decide = |deal: &Deal, stages: &mut Stages| {
        let state = DealState::of(deal);
        if let Some(close) = &change.close {
            return stages.close(deal, close.outcome.as_str(), change.reason(), call.now);
        }
        if let Some(stage) = change.stage_id {
            return stages.enter(deal, stage, change.reason(), call.now);
        }
        Ok(DealState {
            owner_id: change.owner_id.clone().apply(state.owner_id),
            expected_close_on: change.expected_close_on.clone().apply(state.expected_close_on),
            ..state
        })
    };
    let by = By { subject: &call.caller.subject, reason: change.reason(), known: &[] };
    let outcome = flows::bulk::deals(&call.tx, &ids, &into, &versions, decide, by, call.now).await?;
    Ok(Json::new(call.changed_together::<_, _, DealView>(outcome).await?))
}

/// The stages that deals go into; one that is named must exist, and have a reason where it is lost.
async fn stages(call: &Call<Bulk<DealBulkChange>>, ids: &[DealId]) -> Result<Vec<StageId>, Failure> {
    let change = &call.body.change;
    if let Some(close) = &change.close {
        return pipelines::closing_stages(&call.tx, ids, close.outcome.as_str()).await;
    }
    let Some(id) = change.stage_id else { return Ok(Vec::new()) };
    let fault = |pointer, code, detail| Err(Failure::invalid(pointer, code, detail));
    match pipelines::find_stage(&call.tx, id).await? {
        None => fault("/change/stage_id", "unknown_value", "There is no such stage."),
        Some(stage) if stage.lost && change.reason().is_none() => {
            fault("/change/lost_reason", "required", "Say why the deals were lost.")
        }
        Some(stage) if !stage.lost && change.lost_reason.is_some() => {
            fault("/change/lost_reason", "not_allowed", "Only a deal in a stage that is lost has a reason.")
        }
        Some(_) => Ok(vec![id]),
    }
}
