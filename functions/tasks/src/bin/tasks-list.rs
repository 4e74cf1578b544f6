//! Lists tasks, the most urgent first, by owner, status, due date, lead, deal and kind.
//!
//! `filter[<field>][<operator>]` asks for several values, for what is empty, for all but some, and for times that stand to now. Sorts by
//! `due_at` (tasks without a due date last) and `created_at`. `format=csv` gives the whole list as a file, as it stands at one moment.

use std::process::ExitCode;

use shared::http::{self, Call, Listed, Page};
use shared::views::csv::Table;
use shared::views::tasks::TaskView;
use shared::views::tasks_csv::COLUMNS;
use shared::views::tasks_filter::{FIELDS, ORDERS, TaskFilter};
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::filtered("/api/v1/tasks", Scope::TasksRead, FIELDS, handle)
}

async fn handle(call: Call<(), TaskFilter>) -> Result<Listed<TaskView>, Failure> {
    let window = call.paging.window(&ORDERS)?;
    let export = call.query.export(&call.paging)?;
    let view = call.viewpoint(&call.filters, call.query.zone.as_deref()).await?;
    let filter = call.query.check(&call.filters, &view);
    if let Some(export) = export {
        let mut table = Table::new(&COLUMNS, export.columns, call.shown(&export).await?)?;
        store::tasks::each(&call.tx, &filter, window.whole(table.limit()), |task| table.add(&task)).await?;
        return Ok(call.file(table, "tasks"));
    }
    let tasks = store::tasks::list(&call.tx, &filter, window).await?;
    let total = store::tasks::count(&call.tx, &filter).await?;
    Ok(Listed::Page(Page::new(tasks, &call.paging, total).map(TaskView::from)))
}
