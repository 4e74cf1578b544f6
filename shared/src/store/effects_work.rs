//! Working off the effects ledger: what `flows::effects` reads and writes of a row, and the budgets that calls are taken from.
//!
//! The number of the attempt fences the second write of every attempt, so that a worker that was given up cannot overwrite a later
//! one.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::effects::Priority;
use super::sql::{params, section};
use super::{Database, Tx};
use crate::domain::ids::{EffectId, TenantId};
use crate::failure::Failure;
use crate::messages::EffectDue;

const SQL: &str = include_str!("effects_work.sql");

/// What stands before an effect, for the test of its plan.
pub const AHEAD: &str = section(SQL, "ahead");

/// What waits for the same budget, for the test of its plan.
pub const WAITING_BEFORE: &str = section(SQL, "waiting_before");

/// Where an effect is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not yet: what it needs is not done, or its moment has not come.
    Waiting,
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
    /// Nobody wants it any more.
    Cancelled,
}

impl Status {
    fn parse(text: &str) -> Result<Self, Failure> {
        Ok(match text {
            "waiting" => Self::Waiting,
            "pending" => Self::Pending,
            "sending" => Self::Sending,
            "done" => Self::Done,
            "failed" => Self::Failed,
            "unknown" => Self::Unknown,
            "cancelled" => Self::Cancelled,
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
    /// `<partner>.<verb>`.
    pub kind: String,
    pub partner: String,
    pub target: String,
    pub payload: Value,
    pub status: Status,
    pub priority: Priority,
    /// How often it was claimed.
    pub attempts: i32,
    /// The message that came is the one that was sent for the moment of the next attempt, or of the next look. One that names no
    /// moment is, once that has come.
    pub due: bool,
    pub lease_until: Option<Timestamp>,
    /// Nothing is tried before, because the partner said so, and it is further away than a message can be delayed by.
    pub not_before: Option<Timestamp>,
    /// When the partner is asked about it, if it is unknown and can be asked about.
    pub look_at: Option<Timestamp>,
    /// Since when the partner says that there is none.
    pub absent_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// What was answered to the effect this one needs.
    pub needed: Option<Value>,
}

/// Locks the effect of a message; none when it is not there (any more).
///
/// # Errors
/// When the database does not answer.
pub async fn lock(tx: &Tx, due: &EffectDue, now: Timestamp) -> Result<Option<Effect>, Failure> {
    let (id, due_at) = (due.effect_id, due.due_at);
    let Some(row) = tx.find(const { section(SQL, "lock") }, params![id, now, due_at]).await? else {
        return Ok(None);
    };
    Ok(Some(Effect {
        id,
        kind: row.get("kind"),
        partner: row.get("partner"),
        target: row.get("target"),
        payload: row.get("payload"),
        status: Status::parse(row.get("status"))?,
        priority: Priority::parse(row.get("priority")),
        attempts: row.get("attempts"),
        due: row.get("due"),
        lease_until: row.get("lease_until"),
        not_before: row.get("not_before"),
        look_at: row.get("look_at"),
        absent_at: row.get("absent_at"),
        created_at: row.get("created_at"),
        needed: row.get("needed"),
    }))
}

/// What stands before an effect at the same place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ahead {
    /// How many, at most 900.
    pub effects: u32,
    /// When the first of them is tried, or asked about.
    pub moves_at: Option<Timestamp>,
    /// One of them is less urgent.
    pub slower: bool,
}

/// What stands before an effect at the same place, by the time it was written.
///
/// # Errors
/// When the database does not answer.
pub async fn ahead(tx: &Tx, id: EffectId, now: Timestamp) -> Result<Ahead, Failure> {
    let Some(row) = tx.find(AHEAD, params![id, now]).await? else {
        return Ok(Ahead::default());
    };
    Ok(Ahead {
        effects: u32::try_from(row.get::<_, i64>("effects")).unwrap_or(u32::MAX),
        moves_at: row.get("moves_at"),
        slower: row.get::<_, Option<bool>>("slower").unwrap_or_default(),
    })
}

/// Makes what stands before an effect as urgent as it is.
///
/// # Errors
/// When the database does not answer.
pub async fn hurry(tx: &Tx, id: EffectId) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "hurry") }, params![id]).await?;
    Ok(())
}

/// Makes a locked effect ours until `lease_until` and answers with the number of this attempt.
///
/// # Errors
/// When the database does not answer.
pub async fn claim(tx: &Tx, id: EffectId, lease_until: Timestamp) -> Result<i32, Failure> {
    let row = tx.find(const { section(SQL, "claim") }, params![id, lease_until]).await?;
    row.map(|row| row.get("attempts")).ok_or_else(|| Failure::internal("a locked effect is gone"))
}

/// Nobody else asks about a locked unknown effect before a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn claim_look(tx: &Tx, id: EffectId, until: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "claim_look") }, params![id, until]).await?;
    Ok(())
}

/// Puts it back: to be tried again at a moment. `error` says why, when a partner was asked; `not_before` is what the partner said.
///
/// # Errors
/// When the database does not answer.
pub async fn postpone(
    tx: &Tx,
    effect: &Effect,
    until: Timestamp,
    error: Option<&str>,
    not_before: Option<Timestamp>,
) -> Result<bool, Failure> {
    let parameters = params![effect.id, until, error, effect.attempts, not_before];
    Ok(tx.execute(const { section(SQL, "postpone") }, parameters).await? > 0)
}

/// Why something is not done, as the ledger keeps it.
#[derive(Debug, Clone, Copy)]
pub struct EffectError<'a> {
    pub code: &'a str,
    /// The partner's sentence, or ours where there is no partner to ask.
    pub words: Option<&'a str>,
    /// `connection`, `target` or `content`.
    pub fault: Option<&'static str>,
}

/// Holds it back until its integration works again; `error` is a code and words, when there is something new to say.
///
/// # Errors
/// When the database does not answer.
pub async fn hold(tx: &Tx, effect: &Effect, error: Option<EffectError<'_>>) -> Result<bool, Failure> {
    let (code, words) = (error.map(|error| error.code), error.and_then(|error| error.words));
    Ok(tx.execute(const { section(SQL, "hold") }, params![effect.id, code, words, effect.attempts]).await? > 0)
}

/// It is done; the partner answered this. False when a later attempt has taken over.
///
/// # Errors
/// When the database does not answer.
pub async fn finish(tx: &Tx, effect: &Effect, answer: &Value, now: Timestamp) -> Result<bool, Failure> {
    let row = tx.find(const { section(SQL, "finish") }, params![effect.id, answer, now, effect.attempts]).await?;
    Ok(row.is_some())
}

/// It will never be done as it is.
///
/// # Errors
/// When the database does not answer.
pub async fn fail(tx: &Tx, effect: &Effect, reason: EffectError<'_>, now: Timestamp) -> Result<bool, Failure> {
    let parameters = params![effect.id, reason.code, reason.words, reason.fault, now, effect.attempts];
    Ok(tx.execute(const { section(SQL, "fail") }, parameters).await? > 0)
}

/// It may have been done. With `look_at` the partner is asked then, without it waits for a person; it is never repeated before.
///
/// # Errors
/// When the database does not answer.
pub async fn unknown(
    tx: &Tx,
    effect: &Effect,
    error: &str,
    look_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, Failure> {
    let parameters = params![effect.id, error, look_at, now, effect.attempts];
    Ok(tx.execute(const { section(SQL, "unknown") }, parameters).await? > 0)
}

/// The partner is asked again at `look_at`, or not at all; `absent_at`: it says that there is none.
///
/// # Errors
/// When the database does not answer.
pub async fn look_again(
    tx: &Tx,
    effect: &Effect,
    look_at: Option<Timestamp>,
    absent_at: Option<Timestamp>,
) -> Result<bool, Failure> {
    let parameters = params![effect.id, look_at, absent_at, effect.attempts, effect.absent_at];
    Ok(tx.execute(const { section(SQL, "look_again") }, parameters).await? > 0)
}

/// It was not done, the partner says: it is to be done again.
///
/// # Errors
/// When the database does not answer.
pub async fn not_done(tx: &Tx, effect: &Effect, now: Timestamp) -> Result<bool, Failure> {
    let parameters = params![effect.id, now, effect.attempts, effect.absent_at];
    Ok(tx.execute(const { section(SQL, "not_done") }, parameters).await? > 0)
}

/// Cancels what is neither under way nor done, and answers with what was cancelled.
///
/// # Errors
/// When the database does not answer.
pub async fn cancel(tx: &Tx, ids: &[EffectId], now: Timestamp) -> Result<Vec<EffectId>, Failure> {
    let rows = tx.query(const { section(SQL, "cancel") }, params![ids, now]).await?;
    Ok(rows.iter().map(|row| row.get("id")).collect())
}

/// An effect that may be done from now on.
#[derive(Debug, Clone)]
pub struct Freed {
    pub id: EffectId,
    pub partner: String,
    /// As its row has it: its message is the one for this moment.
    pub moment: Timestamp,
}

fn freed(rows: &[tokio_postgres::Row]) -> Vec<Freed> {
    let pending = rows.iter().filter(|row| row.get::<_, &str>("status") == "pending");
    pending.map(|row| Freed { id: row.get("id"), partner: row.get("partner"), moment: row.get("moment") }).collect()
}

/// These are done: what waited for them may go, and is answered when its own moment has come too.
///
/// # Errors
/// When the database does not answer.
pub async fn release(tx: &Tx, done: &[EffectId], now: Timestamp) -> Result<Vec<Freed>, Failure> {
    Ok(freed(&tx.query(const { section(SQL, "release") }, params![done, now]).await?))
}

/// These will never be done: neither will what waits for them.
///
/// # Errors
/// When the database does not answer.
pub async fn fail_needing(tx: &Tx, ids: &[EffectId], now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "fail_needing") }, params![ids, now]).await?;
    Ok(())
}

/// The moment of these has come.
///
/// # Errors
/// When the database does not answer.
pub async fn begin_ready(tx: &Tx, ids: &[EffectId], now: Timestamp) -> Result<Vec<Freed>, Failure> {
    Ok(freed(&tx.query(const { section(SQL, "begin_ready") }, params![ids, now]).await?))
}

/// How many older effects of its partner wait (for the same target, or for any when it is none), at most 900.
///
/// # Errors
/// When the database does not answer.
pub async fn waiting_before(tx: &Tx, effect: &Effect, target: Option<&str>) -> Result<i64, Failure> {
    let parameters = params![effect.partner, target, effect.created_at, effect.id];
    let row = tx.find(WAITING_BEFORE, parameters).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// How an effect stands, for somebody who waits for it.
#[derive(Debug, Clone)]
pub struct Standing {
    pub status: Status,
    pub answer: Option<Value>,
    pub code: Option<String>,
    pub words: Option<String>,
}

/// How an effect stands now; none when it is not there.
///
/// # Errors
/// When the database does not answer.
pub async fn standing(tx: &Tx, id: EffectId) -> Result<Option<Standing>, Failure> {
    let Some(row) = tx.find(const { section(SQL, "standing") }, params![id]).await? else { return Ok(None) };
    Ok(Some(Standing {
        status: Status::parse(row.get("status"))?,
        answer: row.get("answer"),
        code: row.get("error"),
        words: row.get("error_words"),
    }))
}

/// An effect whose message was lost on the way.
#[derive(Debug, Clone)]
pub struct Overdue {
    pub id: EffectId,
    pub tenant: TenantId,
    pub partner: String,
    /// What its message was sent for. The one that is sent instead is the same, so that of both one goes on.
    pub moment: Timestamp,
}

fn found(rows: &[tokio_postgres::Row]) -> Vec<Overdue> {
    let one = |row: &tokio_postgres::Row| Overdue {
        id: row.get("id"),
        tenant: row.get("tenant_id"),
        partner: row.get("partner"),
        moment: row.get("moment"),
    };
    rows.iter().map(one).collect()
}

/// Effects that should have been tried before a moment and do not rest now, of all tenants, the most overdue first.
///
/// # Errors
/// When the database does not answer.
pub async fn overdue(db: &Database, before: Timestamp, now: Timestamp, limit: i32) -> Result<Vec<Overdue>, Failure> {
    Ok(found(&db.query(const { section(SQL, "overdue") }, params![before, now, limit]).await?))
}

/// Unknown effects that a partner should have been asked about before a moment, of all tenants.
///
/// # Errors
/// When the database does not answer.
pub async fn doubtful(db: &Database, before: Timestamp, limit: i32) -> Result<Vec<Overdue>, Failure> {
    Ok(found(&db.query(const { section(SQL, "doubtful") }, params![before, limit]).await?))
}

/// Waiting effects whose moment has come, of all tenants.
///
/// # Errors
/// When the database does not answer.
pub async fn ready(db: &Database, now: Timestamp, limit: i32) -> Result<Vec<(TenantId, EffectId)>, Failure> {
    let rows = db.query(const { section(SQL, "ready") }, params![now, limit]).await?;
    Ok(rows.iter().map(|row| (row.get("tenant_id"), row.get("id"))).collect())
}

/// Effects that have ended while others still wait for them, of all tenants.
///
/// # Errors
/// When the database does not answer.
pub async fn settled_needs(db: &Database, limit: i32) -> Result<Vec<(TenantId, EffectId, Status)>, Failure> {
    let rows = db.query(const { section(SQL, "settled_needs") }, params![limit]).await?;
    rows.iter().map(|row| Ok((row.get("tenant_id"), row.get("id"), Status::parse(row.get("status"))?))).collect()
}

/// Their messages are on the way again, and are not sent once more before a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn put_off(tx: &Tx, ids: &[EffectId], until: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "put_off") }, params![ids, until]).await?;
    Ok(())
}

/// A budget of calls, shared by all functions.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    pub key: String,
    pub per_second: f64,
    /// How many calls may come at once after a pause.
    pub burst: f64,
}

/// Whether calls were taken, and when they may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// They are ours; they may be made after this time.
    After(Duration),
    /// None is free before this time.
    Not(Duration),
}

/// Takes calls from every budget, or from none; of several the first is free then, and each other as long after the one before as the
/// budget takes to fill up by one. A person's call takes one ahead of time that comes free within `patience`.
///
/// # Errors
/// When the database does not answer.
pub async fn take_calls(
    tx: &Tx,
    budgets: &[Budget],
    calls: i32,
    priority: Priority,
    patience: Duration,
    now: Timestamp,
) -> Result<Taken, Failure> {
    let keys: Vec<&str> = budgets.iter().map(|budget| budget.key.as_str()).collect();
    let rates: Vec<f64> = budgets.iter().map(|budget| budget.per_second).collect();
    let bursts: Vec<f64> = budgets.iter().map(|budget| budget.burst).collect();
    let patience = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
    let parameters = params![keys, rates, bursts, calls, priority.as_str(), patience, now];
    let row = tx.find(const { section(SQL, "take_calls") }, parameters).await?;
    let row = row.ok_or_else(|| Failure::internal("the budget gave no answer"))?;
    let wait = Duration::from_millis(u64::try_from(row.get::<_, i32>("wait_ms")).unwrap_or_default());
    Ok(if row.get("taken") { Taken::After(wait) } else { Taken::Not(wait) })
}

/// The partner asked for a pause: nobody calls with this key before.
///
/// # Errors
/// When the database does not answer.
pub async fn pause_calls(tx: &Tx, key: &str, until: Timestamp) -> Result<(), Failure> {
    tx.query(const { section(SQL, "pause_calls") }, params![key, until]).await?;
    Ok(())
}

/// How a budget stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Use {
    /// From 0 (all free) to 1.
    pub used: f64,
    /// Until the whole of it is free, pauses included.
    pub free_in: Duration,
}

/// How a budget stands; none when nothing was ever called with its key.
///
/// # Errors
/// When the database does not answer.
pub async fn budget(tx: &Tx, key: &str, now: Timestamp) -> Result<Option<Use>, Failure> {
    let row = tx.find(const { section(SQL, "budget") }, params![key, now]).await?;
    Ok(row.map(|row| Use {
        used: row.get("used"),
        free_in: Duration::from_millis(u64::try_from(row.get::<_, i64>("free_in_ms")).unwrap_or_default()),
    }))
}
