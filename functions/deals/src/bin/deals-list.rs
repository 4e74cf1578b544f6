//! Lists deals, newest first, by pipeline, stage, owner, lead, status, part of the name and time of creation.
//!
//! Sorts by `created_at`, `value_minor` and `expected_close_on` (deals without a date last). `next_cursor` walks the whole list in
//! the order it has by default.

use std::process::ExitCode;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use shared::domain::ids::{LeadId, MemberId, PipelineId, StageId};
use shared::http::{self, Call, Json, Page};
use shared::store::deals::{Filter, Part};
use shared::views::cursor::Cursor;
use shared::views::deals::{DealStatus, DealView};
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::get(["/api/v1/deals", "/api/v1/crm/deals"], Scope::DealsRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    pipeline_id: Option<PipelineId>,
    stage_id: Option<StageId>,
    owner_id: Option<MemberId>,
    lead_id: Option<LeadId>,
    status: Option<DealStatus>,
    /// Part of the name, in any case.
    #[schemars(length(max = 200))]
    q: Option<String>,
    /// From this moment on.
    created_from: Option<Timestamp>,
    /// Before this moment.
    created_to: Option<Timestamp>,
}

const DEFAULT: &str = "-created_at";

async fn handle(call: Call<(), Query>) -> Result<Json<Page<DealView>>, Failure> {
    let (field, descending) = call.paging.sort_by(&["created_at", "value_minor", "expected_close_on"], DEFAULT)?;
    let order = format!("{}{field}", if descending { "-" } else { "" });
    let after = Cursor::read(&call.paging, order == DEFAULT)?;
    let query = call.query;
    if query.q.as_ref().is_some_and(|q| q.chars().count() > 200) {
        return Err(Failure::invalid("?q", "too_long", "Search for at most 200 characters."));
    }
    let filter = Filter {
        pipeline: query.pipeline_id,
        stage: query.stage_id,
        owner: query.owner_id,
        lead: query.lead_id,
        status: query.status.map(DealStatus::as_str),
        name_contains: query.q.map(|q| q.trim().to_owned()).filter(|q| !q.is_empty()),
        created_from: query.created_from,
        created_to: query.created_to,
    };
    let part = Part {
        limit: call.paging.limit,
        offset: if after.is_some() { 0 } else { call.paging.offset() },
        after: after.map(|cursor| (cursor.at, cursor.id.into())),
        order,
    };
    let deals = store::deals::list(&call.tx, &filter, &part).await?;
    let total = store::deals::count(&call.tx, &filter).await?;
    let next = deals
        .last()
        .filter(|_| part.order == DEFAULT && deals.len() as i64 == part.limit)
        .map(|last| Cursor { at: last.created_at, id: last.id.into() }.to_string());
    let views = deals.into_iter().map(DealView::from).collect();
    Ok(Json::new(Page::new(views, &call.paging, total).with_next(next)))
}
