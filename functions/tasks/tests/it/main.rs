//! Tasks and their reminders, tested as the deployed executables.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends in a panic that says where")]

mod reminder_worker;
mod task_reminders;
mod tasks_bulk_update;
mod tasks_complete;
mod tasks_create;
mod tasks_get;
mod tasks_list;
mod tasks_update;

use testkit::sales as support;
