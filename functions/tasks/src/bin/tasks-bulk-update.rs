//! Changes many tasks at once: their owner, when they are due, how much they matter, or how they stand.
//!
//! Either those named by `ids`, or all that pass a list's query, if they are as many as the caller saw (409 otherwise). At most 500; for more,
//! send them in parts. What cannot be changed (gone, changed since, cancelled and to be done) is left alone and named. The answer's token
//! undoes it for ten minutes.

use std::process::ExitCode;

use shared::flows::bulk::Refusal;
use shared::http::{self, Call, Json};
use shared::store::bulk::TaskState;
use shared::store::tasks::{self, Links, Task};
use shared::views::bulk::{Bulk, BulkView, TaskBulkChange};
use shared::views::tasks::{TaskStatus, TaskView};
use shared::views::tasks_filter::{FIELDS, TaskFilter};
use shared::{Failure, Scope, flows};

pub fn main() -> ExitCode {
    http::post("/api/v1/tasks/bulk-update", Scope::TasksWrite, handle)
}

async fn handle(call: Call<Bulk<TaskBulkChange>>) -> Result<Json<BulkView>, Failure> {
    let change = &call.body.change;
    let find = async |query: http::ListQuery<TaskFilter>, view| {
        let filter = query.plain.check(&query.filters, &view);
        tasks::ids(&call.tx, &filter, flows::bulk::MOST).await
    };
    let (ids, versions) = call.meant(FIELDS, |faults| change.check(faults), find).await?;
    let links = Links { owner: change.owner_id.clone().apply(None), ..Links::default() };
    tasks::check_links(&call.tx, links).await.map_err(|failure| failure.below("/change"))?;
    let decide = |task: &Task| {
        let state = TaskState::of(task);
        let status = change.status.map_or(state.status.clone(), |status| status.as_str().to_owned());
        // As for one: what was cancelled is not done; it is taken up again first.
        if change.status == Some(TaskStatus::Done) && state.status == "cancelled" {
            return Err(Refusal::new("cancelled", "This task was cancelled. Take it up again first."));
        }
        let (completed_at, completed_by) = match status.as_str() {
            "done" if state.status == "done" => (state.completed_at, state.completed_by),
            "done" => (Some(call.now), Some(call.caller.subject.clone())),
            _ => (None, None),
        };
        Ok(TaskState {
            owner_id: change.owner_id.clone().apply(state.owner_id),
            due_at: change.due_at.clone().apply(state.due_at),
            priority: change.priority.map_or(state.priority, |priority| priority.as_str().to_owned()),
            status,
            completed_at,
            completed_by,
            id: state.id,
        })
    };
    let outcome = flows::bulk::tasks(&call.tx, &ids, &versions, decide, call.now).await?;
    Ok(Json::new(call.changed_together::<_, _, TaskView>(outcome).await?))
}
