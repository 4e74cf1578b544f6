//! Lists tasks, the most urgent first, by owner, status, due date, lead, deal and kind.
//!
//! Sorts by `due_at` (tasks without a due date last) and `created_at`. `format=csv` gives the whole list as a file, as it stands at one
//! moment.

use std::process::ExitCode;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use shared::domain::ids::{DealId, LeadId, MemberId};
use shared::http::{self, Call, Listed, Page};
use shared::store::tasks::Filter;
use shared::views::csv::{Export, Format, Table};
use shared::views::paging::Orders;
use shared::views::tasks::{TaskKind, TaskStatus, TaskView};
use shared::views::tasks_csv::COLUMNS;
use shared::views::team::Language;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::list("/api/v1/tasks", Scope::TasksRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    owner_id: Option<MemberId>,
    status: Option<TaskStatus>,
    /// Due before this moment; tasks without a due date are left out then.
    due_before: Option<Timestamp>,
    lead_id: Option<LeadId>,
    deal_id: Option<DealId>,
    kind: Option<TaskKind>,
    /// `csv`: the whole list as a file, at most 50,000 rows and 5 MB; `page` and `limit` do not count then.
    format: Option<Format>,
    /// Of a file: its columns with commas between, in their order; otherwise all there are. A wrong one is answered with the right ones.
    columns: Option<String>,
    /// Of a file: the language of its headings and words; otherwise the first of `Accept-Language`.
    language: Option<Language>,
    /// Of a file: the zone of its moments, for example `Europe/Berlin`; otherwise the tenant's.
    zone: Option<String>,
}

const ORDERS: Orders = Orders::by_page(&["due_at", "-due_at", "created_at", "-created_at"]);

async fn handle(call: Call<(), Query>) -> Result<Listed<TaskView>, Failure> {
    let window = call.paging.window(&ORDERS)?;
    let query = &call.query;
    let filter = Filter {
        owner: query.owner_id,
        status: query.status.map(TaskStatus::as_str),
        due_before: query.due_before,
        lead: query.lead_id,
        deal: query.deal_id,
        kind: query.kind.map(TaskKind::as_str),
    };
    let (columns, zone) = (query.columns.as_deref(), query.zone.as_deref());
    if let Some(export) = Export::asked(query.format, columns, query.language, zone, &call.paging)? {
        let mut table = Table::new(&COLUMNS, export.columns, call.shown(&export).await?)?;
        store::tasks::each(&call.tx, &filter, window.whole(table.limit()), |task| table.add(&task)).await?;
        return Ok(call.file(table, "tasks"));
    }
    let tasks = store::tasks::list(&call.tx, &filter, window).await?;
    let total = store::tasks::count(&call.tx, &filter).await?;
    Ok(Listed::Page(Page::new(tasks, &call.paging, total).map(TaskView::from)))
}
