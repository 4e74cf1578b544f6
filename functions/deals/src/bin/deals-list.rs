//! Lists deals, newest first, by pipeline, stage, owner, lead, status, words of the name and time of creation.
//!
//! Sorts by `created_at`, `value_minor` and `expected_close_on` (deals without a date last). `next_cursor` walks the whole list in
//! the order it has by default. `format=csv` gives the whole list as a file, as it stands at one moment.

use std::process::ExitCode;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use shared::domain::ids::{LeadId, MemberId, PipelineId, StageId};
use shared::http::{self, Call, Listed, Page};
use shared::store::deals::{Deal, Filter};
use shared::views::csv::{Export, Format, Table};
use shared::views::cursor::Cursor;
use shared::views::deals::{DealStatus, DealView};
use shared::views::deals_csv::COLUMNS;
use shared::views::leads_filter;
use shared::views::paging::Orders;
use shared::views::team::Language;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::list(["/api/v1/deals", "/api/v1/crm/deals"], Scope::DealsRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    pipeline_id: Option<PipelineId>,
    stage_id: Option<StageId>,
    owner_id: Option<MemberId>,
    lead_id: Option<LeadId>,
    status: Option<DealStatus>,
    /// Words that the name must contain, all of them, in any case and with or without accents.
    #[schemars(length(max = 200))]
    q: Option<String>,
    /// From this moment on.
    created_from: Option<Timestamp>,
    /// Before this moment.
    created_to: Option<Timestamp>,
    /// `csv`: the whole list as a file, at most 50,000 rows and 5 MB; `page` and `limit` do not count then.
    format: Option<Format>,
    /// Of a file: its columns with commas between, in their order; otherwise all there are. A wrong one is answered with the right ones.
    columns: Option<String>,
    /// Of a file: the language of its headings and words; otherwise the first of `Accept-Language`.
    language: Option<Language>,
    /// Of a file: the zone of its moments, for example `Europe/Berlin`; otherwise the tenant's.
    zone: Option<String>,
}

const ORDERS: Orders = Orders {
    sorts: &["-created_at", "created_at", "-value_minor", "value_minor", "-expected_close_on", "expected_close_on"],
    walks: &["-created_at"],
};

async fn handle(call: Call<(), Query>) -> Result<Listed<DealView>, Failure> {
    let window = call.paging.window(&ORDERS)?;
    let query = &call.query;
    let (columns, zone) = (query.columns.as_deref(), query.zone.as_deref());
    let export = Export::asked(query.format, columns, query.language, zone, &call.paging)?;
    let filter = Filter {
        pipeline: query.pipeline_id,
        stage: query.stage_id,
        owner: query.owner_id,
        lead: query.lead_id,
        status: query.status.map(DealStatus::as_str),
        words: leads_filter::few_words(query.q.as_deref())?,
        created_from: query.created_from,
        created_to: query.created_to,
    };
    if let Some(export) = export {
        let mut table = Table::new(&COLUMNS, export.columns, call.shown(&export).await?)?;
        let whole = window.whole(table.limit());
        store::deals::each(&call.tx, &filter, whole, |deal| table.add(&deal)).await?;
        return Ok(call.file(table, "deals"));
    }
    let deals = store::deals::list(&call.tx, &filter, window).await?;
    let total = store::deals::count(&call.tx, &filter).await?;
    let place = |deal: &Deal| Cursor { at: deal.created_at, id: deal.id.into() };
    Ok(Listed::Page(Page::walked(deals, &call.paging, total, place).map(DealView::from)))
}
