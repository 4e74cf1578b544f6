//! Lists the intent signals of a lead, newest first, with the rule behind each, when they expire, and those that were withdrawn.

use std::process::ExitCode;

use shared::http::{self, Call, Json, Page};
use shared::store::leads::history;
use shared::views::leads_history::LeadIntentView;
use shared::views::paging::Orders;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::list("/api/v1/leads/{id}/intents", Scope::LeadsRead, handle)
}

const ORDERS: Orders = Orders::by_page(&["-detected_at"]);

async fn handle(call: Call) -> Result<Json<Page<LeadIntentView>>, Failure> {
    let id = call.id("id")?;
    let window = call.paging.window(&ORDERS)?;
    store::leads::exists(&call.tx, id).await?;
    let signals = history::list_intents(&call.tx, id, window).await?;
    let total = history::count_intents(&call.tx, id).await?;
    let data = signals.into_iter().map(|signal| LeadIntentView::at(call.now, signal)).collect();
    Ok(Json::new(Page::new(data, &call.paging, total)))
}
