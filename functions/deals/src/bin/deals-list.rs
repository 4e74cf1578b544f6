//! Lists deals, newest first, by pipeline, stage, owner, lead, status, words of the name and time of creation.
//!
//! `filter[<field>][<operator>]` asks for several values, for what is empty, for all but some, and for times that stand to now. Sorts by
//! `created_at`, `value_minor` and `expected_close_on` (deals without a date last). `aggregate` adds figures over the whole list, by
//! currency. `next_cursor` walks the whole list in the order it has by default. `format=csv` gives the whole list as a file, as it stands at
//! one moment.

use std::process::ExitCode;

use shared::http::{self, Call, Listed, Page};
use shared::store::deals::Deal;
use shared::views::aggregates::{self, AggregateView, Figures};
use shared::views::csv::Table;
use shared::views::cursor::Cursor;
use shared::views::deals::DealView;
use shared::views::deals_csv::COLUMNS;
use shared::views::deals_filter::{DealFilter, FIELDS, FIGURES, ORDERS};
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::filtered(["/api/v1/deals", "/api/v1/crm/deals"], Scope::DealsRead, FIELDS, handle)
}

async fn handle(call: Call<(), DealFilter>) -> Result<Listed<DealView>, Failure> {
    let window = call.paging.window(&ORDERS)?;
    let export = call.query.export(&call.paging)?;
    let asked = aggregates::asked(call.query.aggregate.as_deref(), FIGURES)?;
    let view = call.viewpoint(&call.filters, call.query.zone.as_deref()).await?;
    let filter = call.query.check(&call.filters, &view)?;
    if let Some(export) = export {
        let mut table = Table::new(&COLUMNS, export.columns, call.shown(&export).await?)?;
        let whole = window.whole(table.limit());
        store::deals::each(&call.tx, &filter, whole, |deal| table.add(&deal)).await?;
        return Ok(call.file(table, "deals"));
    }
    let deals = store::deals::list(&call.tx, &filter, window).await?;
    let total = store::deals::count(&call.tx, &filter).await?;
    let place = |deal: &Deal| Cursor { at: deal.created_at, id: deal.id.into() };
    let mut page = Page::walked(deals, &call.paging, total, place);
    if !asked.is_empty() {
        let mut figures: Vec<AggregateView> = Vec::new();
        for values in store::deals::aggregate(&call.tx, &filter).await? {
            let of = Figures::from(&values);
            figures.extend(asked.iter().map(|asked| of.show(*asked, Some(&values.currency))));
        }
        page = page.with_aggregates(true, Some(figures));
    }
    Ok(Listed::Page(page.map(DealView::from)))
}
