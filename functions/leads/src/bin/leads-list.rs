//! Lists leads by status, tier, score, intent, pipeline, owner, origin, tag, time and text.
//!
//! Pages count from 1; whoever walks the whole list passes `next_cursor` on, which new leads do not shift.

use std::process::ExitCode;

use shared::http::{self, Call, Json, Page};
use shared::store::leads::list;
use shared::views::cursor::Cursor;
use shared::views::leads::LeadView;
use shared::views::leads_filter::{self, Include, LeadFilter};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::list("/api/v1/leads", Scope::LeadsRead, handle)
}

async fn handle(call: Call<(), LeadFilter>) -> Result<Json<Page<LeadView>>, Failure> {
    let mut custom = Include::room(call.query.include);
    let filter = call.query.check()?;
    let (order, window) = leads_filter::part(&call.paging, "-created_at")?;
    let mut leads = list::list(&call.tx, &filter, order, window).await?;
    let total = list::count(&call.tx, &filter).await?;
    let next = leads_filter::next(&mut leads, &call.paging, |lead| Cursor { at: lead.created_at, id: lead.id.into() });
    let data = leads.into_iter().map(|lead| LeadView::listed(lead, custom.as_mut())).collect();
    Ok(Json::new(Page::new(data, &call.paging, total).with_next(next.filter(|_| order.walks()))))
}
