//! Lists what happened to a lead in one stream, newest first: what the person did, points given and taken back, decisions, tasks, deals
//! and what was done outside.
//!
//! `kinds` narrows it down. Pages count from 1; whoever walks the whole stream passes `next_cursor` on, which new entries do not shift.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::domain::ids::LeadId;
use shared::http::{self, Call, Json, Page};
use shared::store::leads::{self, timeline};
use shared::views::cursor::Cursor;
use shared::views::paging::Orders;
use shared::views::room::Room;
use shared::views::timeline::{TimelineEntryView, kinds};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::list("/api/v1/leads/{id}/timeline", Scope::LeadsRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Some of `event`, `award`, `withdrawal`, `decision`, `task`, `deal`, `effect`, with commas between; all unless given.
    kinds: Option<String>,
}

const ORDERS: Orders = Orders::walked(&["-at"]);

async fn handle(call: Call<(), Query>) -> Result<Json<Page<TimelineEntryView>>, Failure> {
    let id: LeadId = call.id("id")?;
    let window = call.paging.window(&ORDERS)?;
    let kinds = kinds(call.query.kinds.as_deref())?;
    leads::exists(&call.tx, id).await?;
    let entries = timeline::list(&call.tx, id, kinds.as_deref(), window).await?;
    let total = timeline::count(&call.tx, id, kinds.as_deref()).await?;
    let Page { data, pagination } =
        Page::walked(entries, &call.paging, total, |entry| Cursor { at: entry.at, id: entry.id });
    let mut room = Room::default();
    let data = data.into_iter().map(|entry| TimelineEntryView::of(entry, &mut room)).collect::<Result<_, _>>()?;
    Ok(Json::new(Page { data, pagination }))
}
