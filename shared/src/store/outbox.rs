//! Messages that must reach a queue because a transaction committed.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::database::Promise;
use super::sql::{params, section};
use super::{Database, Tx};
use crate::failure::Failure;

const SQL: &str = include_str!("outbox.sql");

/// Puts messages into the outbox of this transaction; they are handed over right after the commit.
///
/// # Errors
/// When the database does not answer.
pub async fn put<M: Serialize>(tx: &Tx, queue: &'static str, messages: &[M], now: Timestamp) -> Result<(), Failure> {
    if messages.is_empty() {
        return Ok(());
    }
    let promises = messages
        .iter()
        .map(|message| {
            let body = serde_json::to_string(message).map_err(Failure::internal)?;
            Ok(Promise { id: Uuid::now_v7(), queue, body })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let ids: Vec<Uuid> = promises.iter().map(|promise| promise.id).collect();
    let bodies: Vec<&str> = promises.iter().map(|promise| promise.body.as_str()).collect();
    tx.execute(const { section(SQL, "put") }, params![tx.tenant(), queue, ids, bodies, now]).await?;
    tx.promise(promises);
    Ok(())
}

/// Locks messages of one queue that were due before a moment and are still here, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn claim(tx: &Tx, queue: &'static str, due_before: Timestamp, limit: i32) -> Result<Vec<Promise>, Failure> {
    let rows = tx.query(const { section(SQL, "claim") }, params![[queue].as_slice(), due_before, limit]).await?;
    Ok(rows.iter().map(|row| Promise { id: row.get("id"), queue, body: row.get("body") }).collect())
}

/// Deletes rows inside the transaction that claimed them.
///
/// # Errors
/// When the database does not answer.
pub async fn delete_claimed(tx: &Tx, ids: &[Uuid]) -> Result<(), Failure> {
    tx.query(const { section(SQL, "delete") }, params![ids]).await?;
    Ok(())
}

/// Deletes rows whose messages are on their queue.
///
/// # Errors
/// When the database does not answer.
pub async fn delete(db: &Database, ids: &[Uuid]) -> Result<(), Failure> {
    db.query(const { section(SQL, "delete") }, params![ids]).await?;
    Ok(())
}
