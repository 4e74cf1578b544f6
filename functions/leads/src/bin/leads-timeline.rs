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
use shared::views::leads_filter;
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

async fn handle(call: Call<(), Query>) -> Result<Json<Page<TimelineEntryView>>, Failure> {
    let id: LeadId = call.id("id")?;
    leads_filter::newest_first(&call.paging, "at")?;
    let kinds = kinds(call.query.kinds.as_deref())?;
    let window = leads_filter::window(&call.paging, Cursor::read(&call.paging, true)?);
    leads::exists(&call.tx, id).await?;
    let mut entries = timeline::list(&call.tx, id, kinds.as_deref(), window).await?;
    let total = timeline::count(&call.tx, id, kinds.as_deref()).await?;
    let next = leads_filter::next(&mut entries, &call.paging, |entry| Cursor { at: entry.at, id: entry.id });
    let mut room = Room::default();
    let data = entries.into_iter().map(|entry| TimelineEntryView::of(entry, &mut room)).collect::<Result<_, _>>()?;
    Ok(Json::new(Page::new(data, &call.paging, total).with_next(next)))
}
