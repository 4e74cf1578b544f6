//! Lists what a person did, newest first, each event with the points and signals it gave.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{self, Call, Json, Page};
use shared::store::leads::history::{self, EventFilter};
use shared::views::cursor::Cursor;
use shared::views::leads_filter;
use shared::views::leads_history::LeadEventView;
use shared::views::room::Room;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::list("/api/v1/leads/{id}/events", Scope::LeadsRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    event_type: Option<String>,
    source: Option<String>,
}

async fn handle(call: Call<(), Query>) -> Result<Json<Page<LeadEventView>>, Failure> {
    let id = call.id("id")?;
    leads_filter::newest_first(&call.paging, "occurred_at")?;
    let filter = EventFilter { event_type: call.query.event_type.as_deref(), source: call.query.source.as_deref() };
    let window = leads_filter::window(&call.paging, Cursor::read(&call.paging, true)?);
    store::leads::exists(&call.tx, id).await?;
    let mut events = history::list_events(&call.tx, id, filter, window).await?;
    let total = history::count_events(&call.tx, id, filter).await?;
    let next =
        leads_filter::next(&mut events, &call.paging, |event| Cursor { at: event.occurred_at, id: event.id.into() });
    let mut room = Room::default();
    let data = events.into_iter().map(|event| LeadEventView::listed(event, &mut room)).collect();
    Ok(Json::new(Page::new(data, &call.paging, total).with_next(next)))
}
