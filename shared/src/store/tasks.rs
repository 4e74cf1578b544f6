//! Tasks: lists, and completing one.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Tx;
use super::sql::{params, section};
use crate::domain::ids::{DealId, LeadId, MemberId, TaskId};
use crate::failure::Failure;

const SQL: &str = include_str!("tasks.sql");

/// Something a member has to do.
#[derive(Debug, Clone)]
pub struct Task {
    pub id: TaskId,
    pub title: String,
    pub description: Option<String>,
    pub kind: String,
    pub priority: String,
    pub due_at: Option<Timestamp>,
    pub owner: Option<MemberId>,
    pub lead: Option<LeadId>,
    pub deal: Option<DealId>,
    pub contact: Option<Uuid>,
    /// `open`, `done`, `cancelled`.
    pub status: String,
    pub completed_at: Option<Timestamp>,
    pub completed_by: Option<String>,
    pub reminded_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

fn task(row: &Row) -> Task {
    Task {
        id: row.get("id"),
        title: row.get("title"),
        description: row.get("description"),
        kind: row.get("kind"),
        priority: row.get("priority"),
        due_at: row.get("due_at"),
        owner: row.get("owner_id"),
        lead: row.get("lead_id"),
        deal: row.get("deal_id"),
        contact: row.get("contact_id"),
        status: row.get("status"),
        completed_at: row.get("completed_at"),
        completed_by: row.get("completed_by"),
        reminded_at: row.get("reminded_at"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        version: row.get("version"),
    }
}

/// Which tasks a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub owner: Option<MemberId>,
    pub status: Option<&'static str>,
    /// Due before this moment; tasks without a due date are left out then.
    pub due_before: Option<Timestamp>,
    pub lead: Option<LeadId>,
    pub deal: Option<DealId>,
    pub kind: Option<&'static str>,
}

/// A part of the tasks that pass the filter. `order` is `due_at` or `created_at`, each also with `-` in front; tasks without a
/// due date come last in both directions.
///
/// # Errors
/// When the database does not answer.
pub async fn list(tx: &Tx, filter: &Filter, order: &str, limit: i64, offset: i64) -> Result<Vec<Task>, Failure> {
    let rows = tx
        .query(
            const { section(SQL, "list") },
            params![
                filter.owner,
                filter.status,
                filter.due_before,
                filter.lead,
                filter.deal,
                filter.kind,
                order,
                limit,
                offset,
            ],
        )
        .await?;
    Ok(rows.iter().map(task).collect())
}

/// How many tasks pass the filter.
///
/// # Errors
/// When the database does not answer.
pub async fn count(tx: &Tx, filter: &Filter) -> Result<i64, Failure> {
    let row = tx
        .find(
            const { section(SQL, "count") },
            params![filter.owner, filter.status, filter.due_before, filter.lead, filter.deal, filter.kind],
        )
        .await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// One task, locked until the end of the transaction.
///
/// # Errors
/// `NotFound` when this tenant has no such task.
pub async fn lock(tx: &Tx, id: TaskId) -> Result<Task, Failure> {
    let row = tx.find(const { section(SQL, "lock") }, params![id]).await?;
    row.as_ref().map(task).ok_or_else(|| Failure::not_found("task"))
}

/// Marks a locked task as done.
///
/// # Errors
/// When the database does not answer.
pub async fn complete(tx: &Tx, id: TaskId, by: &str, now: Timestamp) -> Result<Task, Failure> {
    let row = tx.find(const { section(SQL, "complete") }, params![id, now, by]).await?;
    row.as_ref().map(task).ok_or_else(|| Failure::internal("a locked task is gone"))
}
