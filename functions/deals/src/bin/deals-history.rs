//! Lists the stages a deal stood in, the present one first, with how long, who put it there, and why.
//!
//! The stage it stands in has no end; its duration grows while the deal is open.

use std::process::ExitCode;

use shared::domain::ids::DealId;
use shared::http::{self, Call, Json, Page};
use shared::store::deals::{self, history};
use shared::views::deals::DealStayView;
use shared::views::leads_filter::newest_first_by_page;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::list(["/api/v1/deals/{id}/history", "/api/v1/crm/deals/{id}/history"], Scope::DealsRead, handle)
}

async fn handle(call: Call) -> Result<Json<Page<DealStayView>>, Failure> {
    let id: DealId = call.id("id")?;
    newest_first_by_page(&call.paging, "entered_at")?;
    deals::get(&call.tx, id).await?;
    let stays = history::list_history(&call.tx, id, call.paging.limit, call.paging.offset()).await?;
    let total = history::count_history(&call.tx, id).await?;
    let data = stays.into_iter().map(|stay| DealStayView::at(call.now, stay)).collect();
    Ok(Json::new(Page::new(data, &call.paging, total)))
}
