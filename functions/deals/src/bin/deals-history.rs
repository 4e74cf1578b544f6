//! Lists the stages a deal stood in, the present one first, with how long, who put it there, and why.
//!
//! The stage it stands in has no end; its duration grows while the deal is open.

use std::process::ExitCode;

use shared::domain::ids::DealId;
use shared::http::{self, Call, Json, Page};
use shared::store::deals::{self, history};
use shared::views::deals::DealStayView;
use shared::views::paging::Orders;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::list(["/api/v1/deals/{id}/history", "/api/v1/crm/deals/{id}/history"], Scope::DealsRead, handle)
}

const ORDERS: Orders = Orders::by_page(&["-entered_at"]);

async fn handle(call: Call) -> Result<Json<Page<DealStayView>>, Failure> {
    let id: DealId = call.id("id")?;
    let window = call.paging.window(&ORDERS)?;
    deals::get(&call.tx, id).await?;
    let stays = history::list_history(&call.tx, id, window).await?;
    let total = history::count_history(&call.tx, id).await?;
    let data = stays.into_iter().map(|stay| DealStayView::at(call.now, stay)).collect();
    Ok(Json::new(Page::new(data, &call.paging, total)))
}
