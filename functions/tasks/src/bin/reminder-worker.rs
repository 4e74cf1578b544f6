//! Reminds a task's owner in Slack when the task falls due.
//!
//! Safe to repeat and to come late: the task is read again, and nothing happens when it is done, due later by now, or its owner
//! was reminded already. The reminder itself is an effect of the ledger, written in the transaction that notes it.

use std::process::ExitCode;

use shared::flows::reminders;
use shared::messages::{TaskDue, queues};
use shared::queue;
use shared::{App, Failure};

pub fn main() -> ExitCode {
    queue::consume(queues::REMINDERS, handle)
}

async fn handle(app: App, due: TaskDue) -> Result<(), Failure> {
    reminders::remind(&app, &due).await?;
    Ok(())
}
