//! Shows one task.
//!
//! Answers 404 for tasks of other tenants, as for ones that never existed.

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::views::tasks::TaskView;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::get("/api/v1/tasks/{id}", Scope::TasksRead, handle)
}

async fn handle(call: Call) -> Result<Json<TaskView>, Failure> {
    Ok(Json::of(store::tasks::get(&call.tx, call.id("id")?).await?.into()))
}
