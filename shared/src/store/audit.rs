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
#[derive(Debug)]
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
#[derive(Debug)]
pub struct Actor {
    /// `person`, `api_key` or `machine`.
    pub kind: &'static str,
    pub subject: String,
}

/// Writes entries in the transaction of what they are about, in one statement whatever their number. What the machine was told to do
/// directly came with no request.
///
/// # Errors
/// When the database does not answer.
pub async fn insert(
    tx: &Tx,
    entries: Vec<AuditEntry<'_>>,
    actor: &Actor,
    request_id: Option<&str>,
    now: Timestamp,
) -> Result<(), Failure> {
    if entries.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = entries.iter().map(|_| Uuid::now_v7()).collect();
    let actions: Vec<&str> = entries.iter().map(|entry| entry.action).collect();
    let records: Vec<&str> = entries.iter().map(|entry| entry.record).collect();
    let record_ids: Vec<String> = entries.iter().map(|entry| entry.id.to_string()).collect();
    let sides = entries.into_iter().map(|entry| excerpt::of_change(entry.before, entry.after, MAX_BYTES));
    let (before, after): (Vec<_>, Vec<_>) = sides.unzip();
    tx.execute(
        const { section(SQL, "insert") },
        params![
            tx.tenant(),
            now,
            actor.kind,
            actor.subject,
            request_id,
            ids,
            actions,
            records,
            record_ids,
            before,
            after
        ],
    )
    .await?;
    Ok(())
}
