//! Working off the effects ledger: `pending → sending → done | failed | unknown`, with what every partner's worker needs beside
//! it: the partner's connection and its shared rate budget.
//!
//! A worker claims (status `sending`, a lease, one attempt more), commits, acts outside, and then writes what became of it. Who
//! dies in between leaves `sending` with a lease that ends: whether it was done is then unknown, and it is not repeated. The
//! number of the attempt fences the second write, so that a worker that was given up cannot overwrite a later attempt.

use jiff::Timestamp;
use serde_json::Value;

use super::sql::{params, section};
use super::{Database, Tx};
use crate::domain::ids::{EffectId, TenantId};
use crate::failure::Failure;

const SQL: &str = include_str!("effects_work.sql");

/// Where an effect is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// To be done.
    Pending,
    /// A worker is at it until its lease ends.
    Sending,
    /// Done, with the partner's answer.
    Done,
    /// The partner will never take it as it is.
    Failed,
    /// Perhaps done: only a person, or a look at the partner, can tell.
    Unknown,
}

impl Status {
    fn parse(text: &str) -> Result<Self, Failure> {
        Ok(match text {
            "pending" => Self::Pending,
            "sending" => Self::Sending,
            "done" => Self::Done,
            "failed" => Self::Failed,
            "unknown" => Self::Unknown,
            other => {
                return Err(Failure::internal(format!("an effect has the status {other}, which this release lacks")));
            }
        })
    }
}

/// A row of the ledger, locked for this transaction.
#[derive(Debug, Clone)]
pub struct Effect {
    pub id: EffectId,
    pub kind: String,
    pub target: String,
    pub payload: Value,
    pub status: Status,
    /// How often it was claimed.
    pub attempts: i32,
    pub lease_until: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// Locks an effect; none when it is not there (any more).
///
/// # Errors
/// When the database does not answer.
pub async fn lock(tx: &Tx, id: EffectId) -> Result<Option<Effect>, Failure> {
    let Some(row) = tx.find(const { section(SQL, "lock") }, params![id]).await? else {
        return Ok(None);
    };
    Ok(Some(Effect {
        id,
        kind: row.get("kind"),
        target: row.get("target"),
        payload: row.get("payload"),
        status: Status::parse(row.get("status"))?,
        attempts: row.get("attempts"),
        lease_until: row.get("lease_until"),
        created_at: row.get("created_at"),
    }))
}

/// Makes a locked effect ours until `lease_until` and answers with the number of this attempt.
///
/// # Errors
/// When the database does not answer.
pub async fn claim(tx: &Tx, id: EffectId, lease_until: Timestamp) -> Result<i32, Failure> {
    let row = tx.find(const { section(SQL, "claim") }, params![id, lease_until]).await?;
    row.map(|row| row.get("attempts")).ok_or_else(|| Failure::internal("a locked effect is gone"))
}

/// Puts it back: to be tried again at a moment. `error` says why, when a partner was asked.
///
/// # Errors
/// When the database does not answer.
pub async fn postpone(tx: &Tx, effect: &Effect, until: Timestamp, error: Option<&str>) -> Result<bool, Failure> {
    Ok(tx.execute(const { section(SQL, "postpone") }, params![effect.id, until, error, effect.attempts]).await? > 0)
}

/// It is done; the partner answered this. False when a later attempt has taken over.
///
/// # Errors
/// When the database does not answer.
pub async fn finish(tx: &Tx, effect: &Effect, answer: &Value, now: Timestamp) -> Result<bool, Failure> {
    Ok(tx.execute(const { section(SQL, "finish") }, params![effect.id, answer, now, effect.attempts]).await? > 0)
}

/// It will never be done as it is.
///
/// # Errors
/// When the database does not answer.
pub async fn fail(tx: &Tx, effect: &Effect, error: &str, now: Timestamp) -> Result<bool, Failure> {
    Ok(tx.execute(const { section(SQL, "fail") }, params![effect.id, error, now, effect.attempts]).await? > 0)
}

/// It may have been done: it waits for a person and is never repeated by itself.
///
/// # Errors
/// When the database does not answer.
pub async fn unknown(tx: &Tx, effect: &Effect, error: &str, now: Timestamp) -> Result<bool, Failure> {
    Ok(tx.execute(const { section(SQL, "unknown") }, params![effect.id, error, now, effect.attempts]).await? > 0)
}

/// How many older effects of its kind wait (for the same target, or for any when it is none), at most 900.
///
/// # Errors
/// When the database does not answer.
pub async fn waiting_before(tx: &Tx, effect: &Effect, target: Option<&str>) -> Result<i64, Failure> {
    let row = tx
        .find(const { section(SQL, "waiting_before") }, params![effect.kind, target, effect.created_at, effect.id])
        .await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// An effect whose message was lost on the way.
#[derive(Debug, Clone)]
pub struct Overdue {
    pub id: EffectId,
    pub tenant: TenantId,
    pub kind: String,
}

/// Effects that should have been tried before a moment, of all tenants, the most overdue first.
///
/// # Errors
/// When the database does not answer.
pub async fn overdue(db: &Database, before: Timestamp, limit: i32) -> Result<Vec<Overdue>, Failure> {
    let rows = db.query(const { section(SQL, "overdue") }, params![before, limit]).await?;
    Ok(rows
        .iter()
        .map(|row| Overdue { id: row.get("id"), tenant: row.get("tenant_id"), kind: row.get("kind") })
        .collect())
}

/// Their messages are on the way again: they are not overdue before a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn put_off(tx: &Tx, ids: &[EffectId], until: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "put_off") }, params![ids, until]).await?;
    Ok(())
}

/// How fast a partner may be called.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub per_second: f64,
    /// How many calls may come at once after a pause.
    pub burst: f64,
}

/// Takes one call of the budget called `key`; answers 0, or in how many milliseconds there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn take_rate(tx: &Tx, key: &str, rate: Rate, now: Timestamp) -> Result<i32, Failure> {
    let row = tx.find(const { section(SQL, "take_rate") }, params![key, rate.per_second, rate.burst, 0.0, now]).await?;
    row.map(|row| row.get(0)).ok_or_else(|| Failure::internal("the rate budget gave no answer"))
}

/// The partner asked for a pause: nobody calls with this key before.
///
/// # Errors
/// When the database does not answer.
pub async fn block_rate(tx: &Tx, key: &str, until: Timestamp) -> Result<(), Failure> {
    tx.query(const { section(SQL, "block_rate") }, params![key, until]).await?;
    Ok(())
}

/// A partner as this tenant set it up.
pub struct Connection {
    pub settings: Value,
    /// Sealed; its context is `integrations::secret_context`.
    pub secret: Option<Vec<u8>>,
}

/// The connection to a partner; none when the tenant has none, or switched it off.
///
/// # Errors
/// When the database does not answer.
pub async fn connection(tx: &Tx, name: &str) -> Result<Option<Connection>, Failure> {
    let row = tx.find(const { section(SQL, "connection") }, params![name]).await?;
    Ok(row.map(|row| Connection { settings: row.get("settings"), secret: row.get("secret") }))
}

/// The partner took something: the connection is healthy.
///
/// # Errors
/// When the database does not answer.
pub async fn note_success(tx: &Tx, name: &str, now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "note_success") }, params![name, now]).await?;
    Ok(())
}

/// The connection itself is broken, in words for the person who can mend it.
///
/// # Errors
/// When the database does not answer.
pub async fn note_error(tx: &Tx, name: &str, error: &str, now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "note_error") }, params![name, error, now]).await?;
    Ok(())
}
