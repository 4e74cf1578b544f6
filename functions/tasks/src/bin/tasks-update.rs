//! Changes a task: absent keeps, null clears. `status` completes it, cancels it, or takes it up again.
//!
//! Another due time means another reminder. A task that is now about a deal, and was about no lead, is about the deal's lead too. Refuses owners, leads and deals that do not exist, and a version that is no longer current.

use std::process::ExitCode;

use shared::domain::ids::TaskId;
use shared::flows::reminders;
use shared::http::{self, Call, Json};
use shared::store::tasks::{self, Links, TaskFacts};
use shared::views::tasks::TaskView;
use shared::views::tasks_input::TaskPatch;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::patch("/api/v1/tasks/{id}", Scope::TasksWrite, handle)
}

async fn handle(call: Call<TaskPatch>) -> Result<Json<TaskView>, Failure> {
    let id: TaskId = call.id("id")?;
    let before = tasks::lock(&call.tx, id).await?;
    call.if_current(before.version)?;
    let present = TaskFacts::of(&before);
    let mut facts = call.body.clone().check(present.clone())?;
    if facts == present {
        return Ok(Json::of(before.into()));
    }
    // What was there before may be gone by now; only what is new must exist.
    let links = Links {
        owner: facts.owner.filter(|_| facts.owner != present.owner),
        lead: facts.lead.filter(|_| facts.lead != present.lead),
        deal: facts.deal.filter(|_| facts.deal != present.deal),
    };
    let lead_of_deal = tasks::check_links(&call.tx, links).await?;
    if !call.body.lead_id.is_sent() {
        facts.lead = facts.lead.or(lead_of_deal);
    }
    let after = TaskView::from(tasks::update(&call.tx, &before, &facts, &call.caller.subject, call.now).await?);
    let waits_anew = facts.due_at != present.due_at || facts.status != present.status;
    if let Some(due_at) = facts.due_at.filter(|_| waits_anew && facts.status == "open") {
        reminders::schedule_within(&call.app, &call.tx, id, due_at, call.now).await?;
    }
    call.note("update", &before.into(), &after).await?;
    Ok(Json::of(after))
}
