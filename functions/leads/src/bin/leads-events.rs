//! Lists what a person did, newest first, each event with the points and signals it gave.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{self, Call, Json, Page};
use shared::store::leads::history::{self, CountedEvent, EventFilter};
use shared::views::cursor::Cursor;
use shared::views::leads_history::LeadEventView;
use shared::views::paging::Orders;
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

const ORDERS: Orders = Orders::walked(&["-occurred_at"]);

async fn handle(call: Call<(), Query>) -> Result<Json<Page<LeadEventView>>, Failure> {
    let id = call.id("id")?;
    let window = call.paging.window(&ORDERS)?;
    let filter = EventFilter { event_type: call.query.event_type.as_deref(), source: call.query.source.as_deref() };
    store::leads::exists(&call.tx, id).await?;
    let events = history::list_events(&call.tx, id, filter, window).await?;
    let total = history::count_events(&call.tx, id, filter).await?;
    let place = |event: &CountedEvent| Cursor { at: event.occurred_at, id: event.id.into() };
    let page = Page::walked(events, &call.paging, total, place);
    let mut room = Room::default();
    Ok(Json::new(page.map(|event| LeadEventView::listed(event, &mut room))))
}
