//! What has changed since a moment, and who looks at which record.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Tx;
use super::sql::{params, section};
use crate::domain::ids::MemberId;
use crate::failure::Failure;

const SQL: &str = include_str!("changes.sql");

/// One change of a record.
#[derive(Debug, Clone)]
pub struct Change {
    /// Of the line that says so: whoever sees it twice knows it by this.
    pub id: Uuid,
    /// As the audit log calls it.
    pub record_type: String,
    pub record: Uuid,
    pub action: String,
    /// None: the record is gone, or has none.
    pub version: Option<i64>,
    pub at: Timestamp,
    /// `person`, `api_key`, `machine`.
    pub actor_kind: String,
    /// None for who is no person of the team.
    pub member: Option<MemberId>,
    pub member_name: Option<String>,
}

fn change(row: &Row) -> Change {
    Change {
        id: row.get("id"),
        record_type: row.get("record_type"),
        record: row.get("record_id"),
        action: row.get("action"),
        version: row.get("version"),
        at: row.get("at"),
        actor_kind: row.get("actor_kind"),
        member: row.get("member_id"),
        member_name: row.get("member_name"),
    }
}

/// What has changed after a moment of records of these types, newest first, `limit` at most.
///
/// # Errors
/// When the database does not answer.
pub async fn list(tx: &Tx, since: Timestamp, types: &[&str], limit: i64) -> Result<Vec<Change>, Failure> {
    let rows = tx.query(const { section(SQL, "list") }, params![tx.tenant(), since, types, limit]).await?;
    Ok(rows.iter().map(change).collect())
}

/// Notes that a member looks at a record, and forgets what they looked at before `stale`.
///
/// # Errors
/// When the database does not answer.
pub async fn note_presence(
    tx: &Tx,
    member: MemberId,
    record_type: &str,
    record: Uuid,
    now: Timestamp,
    stale: Timestamp,
) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "note_presence") }, params![tx.tenant(), member, record_type, record, now]).await?;
    tx.execute(const { section(SQL, "forget_presence") }, params![member, stale]).await?;
    Ok(())
}

/// A member who looks at a record.
#[derive(Debug, Clone)]
pub struct Present {
    pub member: MemberId,
    pub name: String,
    pub seen_at: Timestamp,
}

/// Who has looked at a record after a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn list_present(tx: &Tx, record_type: &str, record: Uuid, after: Timestamp) -> Result<Vec<Present>, Failure> {
    let rows = tx.query(const { section(SQL, "list_present") }, params![record, record_type, after]).await?;
    let present =
        |row: &Row| Present { member: row.get("member_id"), name: row.get("name"), seen_at: row.get("seen_at") };
    Ok(rows.iter().map(present).collect())
}
