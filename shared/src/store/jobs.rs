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

/// A tenant and the zone its days begin in.
pub struct ActiveTenant {
    pub id: TenantId,
    pub zone: String,
}

/// All active tenants.
///
/// # Errors
/// When the database does not answer.
pub async fn active_tenants(db: &Database) -> Result<Vec<ActiveTenant>, Failure> {
    let rows = db.query(const { section(SQL, "active_tenants") }, params![]).await?;
    Ok(rows.iter().map(|row| ActiveTenant { id: row.get("id"), zone: row.get("zone") }).collect())
}

/// Makes the event partitions of `months` months from `from` on; answers with the names of new ones.
///
/// # Errors
/// When the database does not answer.
pub async fn ensure_event_partitions(db: &Database, from: Date, months: i32) -> Result<Vec<String>, Failure> {
    let rows = db.query(const { section(SQL, "ensure_event_partitions") }, params![from, months]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What `/health` says about partitions.
pub struct PartitionReport {
    /// Rows outside of any month, counted up to 10,000.
    pub default_rows: i64,
    /// Months without a partition, as `2026-12`.
    pub missing: Vec<String>,
}

/// Looks at `months` months from `from` on.
///
/// # Errors
/// When the database does not answer.
pub async fn event_partition_report(db: &Database, from: Date, months: i32) -> Result<PartitionReport, Failure> {
    let rows = db.query(const { section(SQL, "event_partition_report") }, params![from, months]).await?;
    let row = rows.first().ok_or_else(|| Failure::internal("the partition report is empty"))?;
    Ok(PartitionReport { default_rows: row.get("default_rows"), missing: row.get("missing") })
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
