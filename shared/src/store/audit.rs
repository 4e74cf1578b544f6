//! The audit log: every write by a person or key, with before and after, in the transaction of the write itself.

use serde_json::Value;
use uuid::Uuid;

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

/// Notes a change by the caller.
///
/// # Errors
/// When the database does not answer.
pub async fn note<B, Q>(call: &Call<B, Q>, change: Change<'_>) -> Result<(), Failure> {
    let id = call.app.new_id();
    call.tx
        .execute(
            const { section(SQL, "note") },
            params![
                id,
                call.tx.tenant(),
                call.now,
                call.caller.kind_name(),
                call.caller.subject,
                change.action,
                change.record,
                change.id.to_string(),
                change.before,
                change.after,
                call.request_id,
            ],
        )
        .await?;
    Ok(())
}
