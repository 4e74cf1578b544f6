//! Hourly: makes one-time schedules for tasks that fall due before the next run, and reminds of those that are overdue.
//!
//! The safety net behind the schedules that are made together with a task. Reminding reads each task again, so a schedule that
//! fires meanwhile does not remind twice. One task that fails does not keep the others waiting; it is tried again next hour.

use std::process::ExitCode;

use jiff::Timestamp;
use shared::flows::reminders::{self, Swept};
use shared::{App, Failure, schedule};

pub fn main() -> ExitCode {
    schedule::job("task-reminders", handle)
}

async fn handle(app: App, moment: Timestamp) -> Result<Swept, Failure> {
    reminders::sweep(&app, moment).await
}
