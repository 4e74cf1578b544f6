//! Lists leads by status, tier, score, intent, pipeline, owner, origin, tag, time and text.
//!
//! Pages count from 1; whoever walks the whole list passes `next_cursor` on, which new leads do not shift. `format=csv` gives the whole
//! list as a file, as it stands at one moment.

use std::process::ExitCode;

use shared::http::{self, Call, Listed, Page};
use shared::store::leads::list::{self, Found};
use shared::views::csv::Table;
use shared::views::cursor::Cursor;
use shared::views::leads::LeadView;
use shared::views::leads_csv::{COLUMNS, Row};
use shared::views::leads_filter::{self, Include, LeadFilter};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::list("/api/v1/leads", Scope::LeadsRead, handle)
}

async fn handle(call: Call<(), LeadFilter>) -> Result<Listed<LeadView>, Failure> {
    let filter = call.query.check()?;
    let (order, window) = leads_filter::part(&call.paging, "-created_at")?;
    if let Some(export) = call.query.export(&call.paging)? {
        let mut table = Table::new(&COLUMNS, export.columns, call.shown(&export).await?)?;
        let most = table.limit();
        list::each(&call.tx, &filter, order, most, |lead| table.add(&Row { lead, missing: None })).await?;
        return Ok(call.file(table, "leads"));
    }
    let mut custom = Include::room(call.query.include);
    let Found { mut leads, total, exact } = list::page(&call.tx, &filter, order, window).await?;
    let next = leads_filter::next(&mut leads, &call.paging, |lead| Cursor { at: lead.created_at, id: lead.id.into() });
    let data = leads.into_iter().map(|lead| LeadView::listed(lead, custom.as_mut())).collect();
    let page = Page::new(data, &call.paging, total).counted(exact);
    Ok(Listed::Page(page.with_next(next.filter(|_| order.walks()))))
}
