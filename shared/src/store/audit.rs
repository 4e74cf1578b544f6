//! The audit log: every write by a person or key, with before and after, in the transaction of the write itself.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::Tx;
use super::sql::{params, section};
use crate::domain::excerpt;
use crate::failure::Failure;

const SQL: &str = include_str!("audit.sql");

/// The most bytes of either side of an entry.
const MAX_BYTES: usize = 64 * 1024;

/// What was done to which record.
pub struct AuditEntry<'a> {
    /// `create`, `update`, `delete`, or the endpoint's verb (`move`, `route`, `complete`).
    pub action: &'a str,
    /// `lead`, `deal`, …
    pub record: &'a str,
    pub id: Uuid,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Who did it.
pub struct Actor {
    /// `person` or `api_key`.
    pub kind: &'static str,
    pub subject: String,
}

/// Writes an entry in the transaction of what it is about.
///
/// # Errors
/// When the database does not answer.
pub async fn insert(
    tx: &Tx,
    id: Uuid,
    now: Timestamp,
    actor: &Actor,
    entry: AuditEntry<'_>,
    request_id: &str,
) -> Result<(), Failure> {
    let (before, after) = excerpt::of_change(entry.before, entry.after, MAX_BYTES);
    tx.execute(
        const { section(SQL, "note") },
        params![
            id,
            tx.tenant(),
            now,
            actor.kind,
            actor.subject,
            entry.action,
            entry.record,
            entry.id.to_string(),
            before,
            after,
            request_id,
        ],
    )
    .await?;
    Ok(())
}
