//! Lists the points of a lead, newest first, with the rule behind each, when they expire, and those that were withdrawn.

use std::process::ExitCode;

use shared::http::{self, Call, Json, Page};
use shared::store::leads::history;
use shared::views::leads_history::LeadScoreView;
use shared::views::paging::Orders;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::list("/api/v1/leads/{id}/scores", Scope::LeadsRead, handle)
}

const ORDERS: Orders = Orders::by_page(&["-awarded_at"]);

async fn handle(call: Call) -> Result<Json<Page<LeadScoreView>>, Failure> {
    let id = call.id("id")?;
    let window = call.paging.window(&ORDERS)?;
    store::leads::exists(&call.tx, id).await?;
    let scores = history::list_scores(&call.tx, id, window).await?;
    let total = history::count_scores(&call.tx, id).await?;
    let data = scores.into_iter().map(|score| LeadScoreView::at(call.now, score)).collect();
    Ok(Json::new(Page::new(data, &call.paging, total)))
}
