//! Adds a task typed by a person; its owner is reminded when it falls due.
//!
//! A task about a deal is about the deal's lead too. Refuses owners, leads and deals that do not exist.

use std::process::ExitCode;

use shared::domain::ids::TaskId;
use shared::flows::reminders;
use shared::http::{self, Call, Created};
use shared::store::tasks::{self, Links};
use shared::views::tasks::TaskView;
use shared::views::tasks_input::NewTask;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::post("/api/v1/tasks", Scope::TasksWrite, handle)
}

async fn handle(call: Call<NewTask>) -> Result<Created<TaskView>, Failure> {
    let mut facts = call.body.clone().check()?;
    let links = Links { owner: facts.owner, lead: facts.lead, deal: facts.deal };
    let lead_of_deal = tasks::check_links(&call.tx, links).await?;
    facts.lead = facts.lead.or(lead_of_deal);
    let id = TaskId(call.app.new_id());
    let value = TaskView::from(tasks::insert(&call.tx, id, &facts, call.now).await?);
    if let Some(due_at) = value.due_at {
        reminders::schedule_within(&call.app, &call.tx, id, due_at, call.now).await?;
    }
    call.note_new(&value).await?;
    Ok(Created::of(value))
}
