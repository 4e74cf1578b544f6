//! What `/health` asks: sums over all tenants, through functions that name none of them.

use jiff::Timestamp;

use super::Database;
use super::sql::{params, section};
use crate::failure::Failure;

const SQL: &str = include_str!("health.sql");

/// One round trip to the database.
///
/// # Errors
/// When the database does not answer.
pub async fn ping(db: &Database) -> Result<(), Failure> {
    db.query(const { section(SQL, "ping") }, params![]).await?;
    Ok(())
}

/// A partner that some tenant has switched on.
#[derive(Debug, Clone)]
pub struct IntegrationReport {
    pub name: String,
    /// `ok`, `degraded`, `down`.
    pub status: String,
    /// The latest success with any tenant.
    pub last_success_at: Option<Timestamp>,
}

/// Each partner that some tenant has switched on, by name.
///
/// # Errors
/// When the database does not answer.
pub async fn integration_report(db: &Database) -> Result<Vec<IntegrationReport>, Failure> {
    let rows = db.query(const { section(SQL, "integration_report") }, params![]).await?;
    Ok(rows
        .iter()
        .map(|row| IntegrationReport {
            name: row.get("name"),
            status: row.get("status"),
            last_success_at: row.get("last_success_at"),
        })
        .collect())
}

/// What was committed and is not on its queue yet.
#[derive(Debug, Clone, Copy)]
pub struct OutboxReport {
    /// Due messages, counted up to 10,000.
    pub waiting: i64,
    /// Since when the oldest is due.
    pub oldest_due_at: Option<Timestamp>,
}

/// Looks at the outbox as it is due at a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn outbox_report(db: &Database, now: Timestamp) -> Result<OutboxReport, Failure> {
    let rows = db.query(const { section(SQL, "outbox_report") }, params![now]).await?;
    let row = rows.first().ok_or_else(|| Failure::internal("the outbox report is empty"))?;
    Ok(OutboxReport { waiting: row.get("waiting"), oldest_due_at: row.get("oldest_due_at") })
}
