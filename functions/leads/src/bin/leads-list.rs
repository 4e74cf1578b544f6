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
use shared::views::leads_filter::{Include, LeadFilter, ORDERS};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::list("/api/v1/leads", Scope::LeadsRead, handle)
}

async fn handle(call: Call<(), LeadFilter>) -> Result<Listed<LeadView>, Failure> {
    let filter = call.query.check()?;
    let window = call.paging.window(&ORDERS)?;
    if let Some(export) = call.query.export(&call.paging)? {
        let mut table = Table::new(&COLUMNS, export.columns, call.shown(&export).await?)?;
        let whole = window.whole(table.limit());
        list::each(&call.tx, &filter, whole, |lead| table.add(&Row { lead, missing: None })).await?;
        return Ok(call.file(table, "leads"));
    }
    let mut custom = Include::room(call.query.include);
    let Found { leads, total, exact } = list::page(&call.tx, &filter, window).await?;
    let page = Page::walked(leads, &call.paging, total, |lead| Cursor { at: lead.created_at, id: lead.id.into() });
    Ok(Listed::Page(page.counted(exact).map(|lead| LeadView::listed(lead, custom.as_mut()))))
}
