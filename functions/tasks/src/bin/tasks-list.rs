//! Lists tasks, the most urgent first, by owner, status, due date, lead, deal and kind.
//!
//! Sorts by `due_at` (tasks without a due date last) and `created_at`.

use std::process::ExitCode;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use shared::domain::ids::{DealId, LeadId, MemberId};
use shared::http::{self, Call, Json, Page};
use shared::store::tasks::Filter;
use shared::views::tasks::{TaskKind, TaskStatus, TaskView};
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::get("/api/v1/tasks", Scope::TasksRead, handle)
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
}

async fn handle(call: Call<(), Query>) -> Result<Json<Page<TaskView>>, Failure> {
    let (field, descending) = call.paging.sort_by(&["due_at", "created_at"], "due_at")?;
    let order = format!("{}{field}", if descending { "-" } else { "" });
    let query = &call.query;
    let filter = Filter {
        owner: query.owner_id,
        status: query.status.map(TaskStatus::as_str),
        due_before: query.due_before,
        lead: query.lead_id,
        deal: query.deal_id,
        kind: query.kind.map(TaskKind::as_str),
    };
    let tasks = store::tasks::list(&call.tx, &filter, &order, call.paging.limit, call.paging.offset()).await?;
    let total = store::tasks::count(&call.tx, &filter).await?;
    Ok(Json::new(Page::new(tasks.into_iter().map(TaskView::from).collect(), &call.paging, total)))
}
