//! The audit log: every write by a person or key, with before and after, in the transaction of the write itself.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::Tx;
use super::sql::{params, section};
use crate::failure::Failure;

const SQL: &str = include_str!("audit.sql");

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

/// Writes entries in the transaction of what they are about, in one statement whatever their number.
///
/// # Errors
/// When the database does not answer.
pub async fn insert(
    tx: &Tx,
    entries: &[AuditEntry<'_>],
    actor: &Actor,
    request_id: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    if entries.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = entries.iter().map(|_| Uuid::now_v7()).collect();
    let actions: Vec<&str> = entries.iter().map(|entry| entry.action).collect();
    let records: Vec<&str> = entries.iter().map(|entry| entry.record).collect();
    let record_ids: Vec<String> = entries.iter().map(|entry| entry.id.to_string()).collect();
    let before: Vec<Option<&Value>> = entries.iter().map(|entry| entry.before.as_ref()).collect();
    let after: Vec<Option<&Value>> = entries.iter().map(|entry| entry.after.as_ref()).collect();
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
