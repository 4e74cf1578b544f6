//! Lists leads by status, tier, score, intent, pipeline, owner, origin, tag, time and text.
//!
//! `filter[<field>][<operator>]` asks for several values, for what is empty, for all but some, and for times that stand to now. By name,
//! company, status, owner, intent and last change lists of at most 10,000 leads are sorted. `aggregate` adds figures over the whole list.
//!
//! Pages count from 1; whoever walks the whole list passes `next_cursor` on, which new leads do not shift. `format=csv` gives the whole
//! list as a file, as it stands at one moment.

use std::process::ExitCode;

use shared::http::{self, Call, Listed, Page};
use shared::store::leads::list::{self, Found};
use shared::views::aggregates::{self, Figures};
use shared::views::csv::Table;
use shared::views::cursor::Cursor;
use shared::views::leads::LeadView;
use shared::views::leads_csv::{COLUMNS, Row};
use shared::views::leads_filter::{FIELDS, FIGURES, Include, LeadFilter, ORDERS};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::filtered("/api/v1/leads", Scope::LeadsRead, FIELDS, handle)
}

async fn handle(call: Call<(), LeadFilter>) -> Result<Listed<LeadView>, Failure> {
    let view = call.viewpoint(&call.filters, call.query.zone.as_deref()).await?;
    let filter = call.query.check(&call.filters, &view)?;
    let asked = aggregates::asked(call.query.aggregate.as_deref(), FIGURES)?;
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
    let figures = match asked.is_empty() || !exact {
        true => None,
        false => list::aggregate(&call.tx, &filter).await?.map(Figures::from),
    };
    let figures = figures.map(|figures| asked.iter().map(|asked| figures.show(*asked, None)).collect());
    let page = page.with_aggregates(!asked.is_empty(), figures);
    Ok(Listed::Page(page.counted(exact).map(|lead| LeadView::listed(lead, custom.as_mut()))))
}
