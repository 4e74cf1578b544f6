//! The months of `events`: each in a partition of its own, and the default partition for those that have none yet.
//!
//! The steps of moving rows out of the default partition are described where they are defined (migration 13). Each runs in a
//! transaction of its own; in which order, and how often, is decided in `flows::partitions`.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::sql::{params, section};
use super::{Database, Tx};
use crate::failure::Failure;

const SQL: &str = include_str!("partitions.sql");

/// Lets no statement of this transaction that follows take longer, its waiting for locks included.
///
/// # Errors
/// When the database does not answer.
pub async fn limit(tx: &Tx, most: Duration) -> Result<(), Failure> {
    let milliseconds = i32::try_from(most.as_millis()).unwrap_or(i32::MAX);
    tx.query(const { section(SQL, "limit") }, params![milliseconds]).await?;
    Ok(())
}

/// Puts empty tables in place for what stands in the default partition. False when nothing stands there.
///
/// # Errors
/// When the database does not answer.
pub async fn stage(tx: &Tx) -> Result<bool, Failure> {
    let row = tx.find(const { section(SQL, "stage") }, params![]).await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

/// From the commit on, whatever happens to the default partition happens to those tables too.
///
/// # Errors
/// `Unavailable` when it had to wait for others for longer than it may.
pub async fn mirror(tx: &Tx) -> Result<(), Failure> {
    tx.query(const { section(SQL, "mirror") }, params![]).await?;
    Ok(())
}

/// The key of a row of events.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub lead: Uuid,
    pub occurred_at: Timestamp,
    pub id: Uuid,
}

impl Place {
    /// Before every row.
    pub const START: Self = Self { lead: Uuid::nil(), occurred_at: Timestamp::UNIX_EPOCH, id: Uuid::nil() };
}

/// Copies rows of the default partition that come after one, in the order of their keys. Answers with the last of them and how many
/// they were; none when there is no further row.
///
/// # Errors
/// When the database does not answer.
pub async fn copy(tx: &Tx, after: Place, limit: i32) -> Result<Option<(Place, i32)>, Failure> {
    let row = tx.find(const { section(SQL, "copy") }, params![after.lead, after.occurred_at, after.id, limit]).await?;
    Ok(row.map(|row| {
        let place = Place { lead: row.get("lead_id"), occurred_at: row.get("occurred_at"), id: row.get("id") };
        (place, row.get("copied"))
    }))
}

/// Puts the copies in the place of the default partition. Answers with the names of the partitions that are new.
///
/// # Errors
/// `Unavailable` when it had to wait for others for longer than it may.
pub async fn swap(tx: &Tx) -> Result<Vec<String>, Failure> {
    let rows = tx.query(const { section(SQL, "swap") }, params![]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Throws the table away that was the default partition. Answers whether there was one.
///
/// # Errors
/// When the database does not answer.
pub async fn drop_drained(tx: &Tx) -> Result<bool, Failure> {
    let row = tx.find(const { section(SQL, "drop_drained") }, params![]).await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

/// Makes the table of a month, apart from the others, unless it is there.
///
/// # Errors
/// When the database does not answer.
pub async fn prepare_month(tx: &Tx, month: Date) -> Result<(), Failure> {
    tx.query(const { section(SQL, "prepare_month") }, params![month]).await?;
    Ok(())
}

/// Makes the partition of a month of the table that was prepared; none when it is there.
///
/// # Errors
/// `Unavailable` when it had to wait for others for longer than it may.
pub async fn ensure_month(tx: &Tx, month: Date) -> Result<Option<String>, Failure> {
    let row = tx.find(const { section(SQL, "ensure_month") }, params![month]).await?;
    Ok(row.and_then(|row| row.get(0)))
}

/// What `/health` says about partitions.
pub struct Report {
    /// Rows outside of any month, counted up to 10,000.
    pub default_rows: i64,
    /// Of these, how many were received before a moment: the keeper should have moved them.
    pub late_rows: i64,
    /// Months without a partition, as `2026-12`.
    pub missing: Vec<String>,
}

/// Looks at `months` months from `from` on.
///
/// # Errors
/// When the database does not answer.
pub async fn report(db: &Database, from: Date, months: i32, late_before: Timestamp) -> Result<Report, Failure> {
    let rows = db.query(const { section(SQL, "report") }, params![from, months, late_before]).await?;
    let row = rows.first().ok_or_else(|| Failure::internal("the partition report is empty"))?;
    Ok(Report { default_rows: row.get("default_rows"), late_rows: row.get("late_rows"), missing: row.get("missing") })
}
