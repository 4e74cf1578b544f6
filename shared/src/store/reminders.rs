//! What reminding of a task reads and writes. Which tasks are due, of all tenants, is [`super::jobs::due_tasks`].

use jiff::Timestamp;

use super::Tx;
use super::sql::{params, section};
use crate::domain::ids::{LeadId, TaskId};
use crate::failure::Failure;

const SQL: &str = include_str!("reminders.sql");

/// A task as its reminder needs it, locked for this transaction.
#[derive(Debug, Clone)]
pub struct RemindedTask {
    pub title: String,
    /// Neither done nor cancelled.
    pub open: bool,
    pub due_at: Option<Timestamp>,
    pub reminded_at: Option<Timestamp>,
    pub lead: Option<LeadId>,
    pub lead_name: Option<String>,
    pub owner_name: Option<String>,
    pub owner_slack_id: Option<String>,
}

/// Locks a task; none when it is not there (any more).
///
/// # Errors
/// When the database does not answer.
pub async fn lock(tx: &Tx, id: TaskId) -> Result<Option<RemindedTask>, Failure> {
    let row = tx.find(const { section(SQL, "lock") }, params![id]).await?;
    Ok(row.map(|row| RemindedTask {
        title: row.get("title"),
        open: row.get::<_, &str>("status") == "open",
        due_at: row.get("due_at"),
        reminded_at: row.get("reminded_at"),
        lead: row.get("lead_id"),
        lead_name: row.get("lead_name"),
        owner_name: row.get("owner_name"),
        owner_slack_id: row.get("owner_slack_id"),
    }))
}

/// Its people were reminded: nobody does it again.
///
/// # Errors
/// When the database does not answer.
pub async fn mark_reminded(tx: &Tx, id: TaskId, now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "mark_reminded") }, params![id, now]).await?;
    Ok(())
}

/// One-time schedules exist for these tasks.
///
/// # Errors
/// When the database does not answer.
pub async fn mark_scheduled(tx: &Tx, ids: &[TaskId], now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "mark_scheduled") }, params![ids, now]).await?;
    Ok(())
}
