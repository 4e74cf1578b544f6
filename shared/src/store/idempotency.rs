//! Answers of POST requests that named an `Idempotency-Key`: the same key gets the same answer for 24 hours.

use jiff::Timestamp;
use serde_json::Value;

use super::Tx;
use super::sql::{params, section};
use crate::failure::Failure;

const SQL: &str = include_str!("idempotency.sql");

/// An answer as it is kept.
pub struct Saved {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// Claims the key for this transaction. Answers with the saved reply when the work was done before; a concurrent request with
/// the same key waits here until the other one has committed or failed.
///
/// # Errors
/// `Conflict` when the key was used for another request.
pub async fn claim(
    tx: &Tx,
    key: &str,
    request: &str,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Saved>, Failure> {
    let claimed =
        tx.execute(const { section(SQL, "claim") }, params![tx.tenant(), key, request, hash.as_slice(), now]).await?;
    if claimed == 1 {
        return Ok(None);
    }
    let row = tx
        .find(const { section(SQL, "get") }, params![key])
        .await?
        .ok_or_else(|| Failure::unavailable("an idempotency key that vanished"))?;
    let same = row.get::<_, String>("request") == request && row.get::<_, Vec<u8>>("request_hash") == hash;
    if !same {
        return Err(Failure::conflict(
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request. Use a new key for a new request.",
        ));
    }
    let headers: Value = row.get("headers");
    let mut reply = Saved {
        status: u16::try_from(row.get::<_, i32>("status")).unwrap_or(200),
        headers: vec![("idempotency-replayed", "true".to_owned())],
        body: row.get::<_, String>("body").into_bytes(),
    };
    for name in ["content-type", "location", "etag"] {
        if let Some(value) = headers[name].as_str() {
            reply.headers.push((name, value.to_owned()));
        }
    }
    Ok(Some(reply))
}

/// Keeps the answer, in the transaction of the work itself.
///
/// # Errors
/// When the database does not answer.
pub async fn save(tx: &Tx, key: &str, reply: &Saved) -> Result<(), Failure> {
    let headers: Value =
        reply.headers.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
    let body = String::from_utf8_lossy(&reply.body).into_owned();
    tx.execute(const { section(SQL, "save") }, params![key, i32::from(reply.status), headers, body]).await?;
    Ok(())
}
