//! Marks a task as done.
//!
//! A task that is done already is answered as it is. Refuses cancelled tasks, and a version that is no longer current.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::domain::ids::TaskId;
use shared::http::{self, Call, Json};
use shared::store::tasks;
use shared::views::tasks::TaskView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::post("/api/v1/tasks/{id}/complete", Scope::TasksWrite, handle)
}

/// Nothing has to be said; an empty body does too.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Complete {}

async fn handle(call: Call<Option<Complete>>) -> Result<Json<TaskView>, Failure> {
    let id: TaskId = call.id("id")?;
    let before = tasks::lock(&call.tx, id).await?;
    if before.status == "done" {
        return Ok(Json::of(before.into()));
    }
    call.if_current(before.version)?;
    if before.status == "cancelled" {
        return Err(Failure::conflict(
            "cancelled",
            "This task was cancelled. Make a new one if there is something to do.",
        ));
    }
    let after = TaskView::from(tasks::complete(&call.tx, id, &call.caller.subject, call.now).await?);
    call.note("complete", &before.into(), &after).await?;
    Ok(Json::of(after))
}
