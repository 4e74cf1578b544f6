//! Leases of scheduled jobs, and what jobs ask across tenants.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::sql::{params, section};
use super::{Database, Tx};
use crate::domain::ids::{TaskId, TenantId};
use crate::failure::Failure;

const SQL: &str = include_str!("jobs.sql");

/// Takes the lease of a job until a moment; false while another run holds it.
///
/// # Errors
/// When the database does not answer.
pub async fn take_lease(
    db: &Database,
    name: &str,
    holder: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, Failure> {
    let rows = db.query(const { section(SQL, "take_lease") }, params![name, holder, now, until]).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// Ends the lease early.
///
/// # Errors
/// When the database does not answer; the lease ends by itself then.
pub async fn give_lease_back(db: &Database, name: &str, holder: Uuid) -> Result<(), Failure> {
    db.query(const { section(SQL, "give_lease_back") }, params![name, holder]).await?;
    Ok(())
}

/// A tenant, the zone its days begin in, and the day that a job has done last.
pub struct DailyTenant {
    pub id: TenantId,
    pub zone: String,
    /// None: none yet.
    pub last_day: Option<Date>,
}

/// All active tenants, for a job that works once in each tenant's day.
///
/// # Errors
/// When the database does not answer.
pub async fn daily_tenants(db: &Database, job: &str) -> Result<Vec<DailyTenant>, Failure> {
    let rows = db.query(const { section(SQL, "daily_tenants") }, params![job]).await?;
    Ok(rows
        .iter()
        .map(|row| DailyTenant { id: row.get("id"), zone: row.get("zone"), last_day: row.get("last_day") })
        .collect())
}

/// Notes that a job has done a day of this transaction's tenant. A later day stays noted.
///
/// # Errors
/// When the database does not answer.
pub async fn note_day(tx: &Tx, job: &str, day: Date) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "note_day") }, params![tx.tenant(), job, day]).await?;
    Ok(())
}

/// What was thrown away because its time is over.
pub struct Purged {
    /// Answers kept for an `Idempotency-Key`.
    pub idempotency_keys: i64,
    pub revoked_tokens: i64,
}

/// Deletes answers of `Idempotency-Key`s after a day, and revoked tokens that have expired by themselves.
///
/// # Errors
/// When the database does not answer.
pub async fn purge_expired(db: &Database, now: Timestamp) -> Result<Purged, Failure> {
    let rows = db.query(const { section(SQL, "purge_expired") }, params![now]).await?;
    let row = rows.first().ok_or_else(|| Failure::internal("the purge gave no answer"))?;
    Ok(Purged { idempotency_keys: row.get("idempotency_keys"), revoked_tokens: row.get("revoked_tokens") })
}

/// A task whose reminder is due.
pub struct DueTask {
    pub id: TaskId,
    pub tenant: TenantId,
    pub due_at: Timestamp,
    /// A one-time schedule was made for it.
    pub scheduled: bool,
}

/// Tasks due until a moment that nobody was reminded of.
///
/// # Errors
/// When the database does not answer.
pub async fn due_tasks(tx: &Tx, until: Timestamp, limit: i32) -> Result<Vec<DueTask>, Failure> {
    let rows = tx.query(const { section(SQL, "due_tasks") }, params![until, limit]).await?;
    Ok(rows
        .iter()
        .map(|row| DueTask {
            id: row.get("id"),
            tenant: row.get("tenant_id"),
            due_at: row.get("due_at"),
            scheduled: row.get("scheduled"),
        })
        .collect())
}
