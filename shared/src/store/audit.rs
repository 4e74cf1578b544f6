//! The audit log: every write by a person or key, with before and after, in the transaction of the write itself.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::Tx;
use super::sql::{params, section};
use crate::failure::Failure;
use crate::http::Call;

const SQL: &str = include_str!("audit.sql");

/// What was done to which record.
pub struct Change<'a> {
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

/// Notes a change by the caller.
///
/// # Errors
/// When the database does not answer.
pub async fn note<B, Q>(call: &Call<B, Q>, change: Change<'_>) -> Result<(), Failure> {
    let actor = Actor { kind: call.caller.kind_name(), subject: call.caller.subject.clone() };
    note_by(&call.tx, call.app.new_id(), call.now, actor, change, &call.request_id).await
}

/// Notes a change where nobody is signed in yet, or any more.
///
/// # Errors
/// When the database does not answer.
pub async fn note_by(
    tx: &Tx,
    id: Uuid,
    now: Timestamp,
    actor: Actor,
    change: Change<'_>,
    request_id: &str,
) -> Result<(), Failure> {
    tx.execute(
        const { section(SQL, "note") },
        params![
            id,
            tx.tenant(),
            now,
            actor.kind,
            actor.subject,
            change.action,
            change.record,
            change.id.to_string(),
            change.before,
            change.after,
            request_id,
        ],
    )
    .await?;
    Ok(())
}
