//! What concerns a member. Triggers write it (migration 0019); here it is read, and marked as read.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::sql::{params, section, statements};
use super::window::Window;
use super::{Database, Tx};
use crate::domain::ids::{LeadId, MemberId};
use crate::failure::Failure;

const SQL: &str = statements!(include_str!("notifications.sql"));

/// Counted no further, see the statements.
const MOST_COUNTED: i64 = 1000;

/// Deleted in one go.
const PURGE_CHUNK: i32 = 5000;

/// Of one run; the next goes on.
const PURGE_CHUNKS: usize = 40;

/// Something a member should know of.
#[derive(Debug, Clone)]
pub struct Notification {
    pub id: Uuid,
    /// `assigned`, `overdue`, `failed`.
    pub kind: String,
    /// `lead`, `deal`, `task`.
    pub record_type: String,
    pub record: Uuid,
    /// None: it is gone.
    pub record_name: Option<String>,
    pub lead: Option<LeadId>,
    pub leads: i32,
    pub deals: i32,
    pub tasks: i32,
    /// None: the machine, or an API key.
    pub actor: Option<MemberId>,
    pub actor_name: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    pub created_at: Timestamp,
    pub read_at: Option<Timestamp>,
}

fn notification(row: &Row) -> Notification {
    Notification {
        id: row.get("id"),
        kind: row.get("kind"),
        record_type: row.get("record_type"),
        record: row.get("record_id"),
        record_name: row.get("record_name"),
        lead: row.get("lead_id"),
        leads: row.get("leads"),
        deals: row.get("deals"),
        tasks: row.get("tasks"),
        actor: row.get("actor_id"),
        actor_name: row.get("actor_name"),
        error: row.get("error"),
        created_at: row.get("created_at"),
        read_at: row.get("read_at"),
    }
}

/// A part of what concerns a member, newest first, all of it or what they have not read, with how many there are, and whether that is
/// exact: beyond 1,000 nobody counts.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    tx: &Tx,
    member: MemberId,
    unread: bool,
    window: Window,
) -> Result<(Vec<Notification>, i64, bool), Failure> {
    let (statement, count) = match unread {
        true => (const { section(SQL, "list_unread") }, const { section(SQL, "count_unread") }),
        false => (const { section(SQL, "list") }, const { section(SQL, "count") }),
    };
    let (at, id) = window.after.unzip();
    let rows = tx.query(statement, params![member, window.limit, window.offset, at, id]).await?;
    let count = tx.find(count, params![member]).await?;
    let count: i64 = count.map_or(0, |row| row.get(0));
    Ok((rows.iter().map(notification).collect(), count.min(MOST_COUNTED), count <= MOST_COUNTED))
}

/// How much a member has not read; 1,000 are that many or more.
///
/// # Errors
/// When the database does not answer.
pub async fn count_unread(tx: &Tx, member: MemberId) -> Result<i64, Failure> {
    let row = tx.find(const { section(SQL, "count_unread") }, params![member]).await?;
    Ok(row.map_or(0, |row| row.get::<_, i64>(0)).min(MOST_COUNTED))
}

/// Marks these as read by the member they concern; answers with how many were not before.
///
/// # Errors
/// When the database does not answer.
pub async fn read(tx: &Tx, member: MemberId, ids: &[Uuid], now: Timestamp) -> Result<u64, Failure> {
    Ok(tx.execute(const { section(SQL, "read") }, params![member, now, ids]).await?)
}

/// Marks everything as read that came until a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn read_all(tx: &Tx, member: MemberId, until: Timestamp, now: Timestamp) -> Result<u64, Failure> {
    Ok(tx.execute(const { section(SQL, "read_all") }, params![member, now, until]).await?)
}

/// Throws away what was read 30 days ago and what nobody read in 90, of all tenants. Answers with how many.
///
/// # Errors
/// When the database does not answer. What was deleted until then is gone.
pub async fn purge(db: &Database, now: Timestamp) -> Result<i64, Failure> {
    let mut gone = 0;
    for _ in 0..PURGE_CHUNKS {
        let rows = db.query(const { section(SQL, "purge") }, params![now, PURGE_CHUNK]).await?;
        let deleted: i32 = rows.first().map_or(0, |row| row.get(0));
        gone += i64::from(deleted);
        if deleted < PURGE_CHUNK {
            break;
        }
    }
    Ok(gone)
}
