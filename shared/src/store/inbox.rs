//! Deliveries that could not be processed, raw, with the reason.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use super::sql::{Param, params, section, statements};
use super::window::Window;
use super::{Database, Tx};
use crate::failure::Failure;

const SQL: &str = statements!(include_str!("inbox.sql"));

/// A delivery to keep. The id is the delivery's own: keeping it twice is harmless.
#[derive(Debug, Clone)]
pub struct Parked {
    pub id: Uuid,
    pub tenant: Option<Uuid>,
    /// `quarantine` or `dead_letter`.
    pub kind: &'static str,
    pub source: String,
    pub queue: Option<&'static str>,
    /// A stable word.
    pub reason: String,
    /// A sentence.
    pub detail: String,
    pub body: String,
    pub headers: Value,
    pub received_at: Timestamp,
}

/// Keeps deliveries in one statement. One that stands there twice (SQS may deliver a message twice, also in one batch) is kept once,
/// as it stands there first. Answers with how many are new or open again.
///
/// # Errors
/// When the database does not answer.
pub async fn park(db: &Database, rows: &[Parked]) -> Result<i32, Failure> {
    let mut ids = HashSet::with_capacity(rows.len());
    let rows: Vec<&Parked> = rows.iter().filter(|row| ids.insert(row.id)).collect();
    if rows.is_empty() {
        return Ok(0);
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let tenants: Vec<Option<Uuid>> = rows.iter().map(|row| row.tenant).collect();
    let kinds: Vec<&str> = rows.iter().map(|row| row.kind).collect();
    let sources: Vec<Cow<'_, str>> = rows.iter().map(|row| clean(&row.source)).collect();
    let queues: Vec<Option<&str>> = rows.iter().map(|row| row.queue).collect();
    let reasons: Vec<Cow<'_, str>> = rows.iter().map(|row| clean(&row.reason)).collect();
    let details: Vec<Cow<'_, str>> = rows.iter().map(|row| clean(&row.detail)).collect();
    let bodies: Vec<Cow<'_, str>> = rows.iter().map(|row| clean(&row.body)).collect();
    let headers: Vec<Value> = rows.iter().map(|row| clean_json(&row.headers)).collect();
    let received: Vec<Timestamp> = rows.iter().map(|row| row.received_at).collect();
    let answer = db
        .query(
            const { section(SQL, "park") },
            params![ids, tenants, kinds, sources, queues, reasons, details, bodies, headers, received],
        )
        .await?;
    Ok(answer.first().map_or(0, |row| row.get(0)))
}

/// Something that came with a token nobody has, or without one. It belongs to no tenant, so that nobody could read or replay it: what is
/// kept is how much there was, and how it begins.
#[derive(Debug)]
pub struct Stranger<'a> {
    pub source: &'a str,
    /// None: there was no token.
    pub token_hash: Option<[u8; 32]>,
    /// A stable word.
    pub reason: &'a str,
    pub body: &'a str,
    /// The size of what came, when `body` is only its beginning.
    pub bytes: usize,
    pub received_at: Timestamp,
}

/// How much of the first delivery of a stranger is kept, in bytes.
pub const MAX_HEAD: usize = 1024;

/// Counts a delivery of a stranger, with others of the same source, token and hour.
///
/// # Errors
/// When the database does not answer.
pub async fn note_stranger(db: &Database, stranger: &Stranger<'_>) -> Result<(), Failure> {
    let hash = stranger.token_hash.as_ref().map_or(&[][..], <[u8; 32]>::as_slice);
    let bytes = i64::try_from(stranger.bytes).unwrap_or(i64::MAX);
    let head = head(stranger.body);
    db.query(
        const { section(SQL, "note_stranger") },
        params![stranger.source, hash, stranger.reason, bytes, head, stranger.received_at],
    )
    .await?;
    Ok(())
}

/// The beginning of a body, cut between characters.
fn head(body: &str) -> Cow<'_, str> {
    // Replacing a zero byte makes three of one.
    let cleaned = clean(&body[..body.floor_char_boundary(MAX_HEAD)]).into_owned();
    let end = cleaned.floor_char_boundary(MAX_HEAD);
    Cow::Owned(cleaned[..end].to_owned())
}

/// What strangers sent in a day.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Strangers {
    pub deliveries: i64,
    pub bytes: i64,
}

/// How much strangers sent in the day before a moment. What is older than a week is forgotten.
///
/// # Errors
/// When the database does not answer.
pub async fn strangers_of_day(db: &Database, now: Timestamp) -> Result<Strangers, Failure> {
    let rows = db.query(const { section(SQL, "strangers_of_day") }, params![now]).await?;
    let row = rows.first().ok_or_else(|| Failure::internal("counting strangers gave no answer"))?;
    Ok(Strangers { deliveries: row.get("deliveries"), bytes: row.get("bytes") })
}

/// How many rows one statement deletes: each is a delivery of up to a quarter of a megabyte.
const PURGE_CHUNK: i32 = 500;

/// How many statements one run sends: what is left then waits for the next day.
const PURGE_CHUNKS: usize = 200;

/// Deletes what has had its time: open deliveries after 90 days, those that were replayed or discarded 30 days after that, and those
/// that belong to no tenant after 7. Answers with how many.
///
/// # Errors
/// When the database does not answer. What was deleted until then is gone.
pub async fn purge(db: &Database, now: Timestamp) -> Result<i64, Failure> {
    let mut gone = 0;
    for _ in 0..PURGE_CHUNKS {
        let rows = db.query(const { section(SQL, "purge") }, params![now, PURGE_CHUNK]).await?;
        let deleted: i32 = rows.first().map_or(0, |row| row.get(0));
        gone += i64::from(deleted);
        if deleted < PURGE_CHUNK {
            break;
        }
    }
    Ok(gone)
}

/// Postgres text cannot hold a zero byte.
fn clean(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => Cow::Owned(text.replace('\0', "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

/// Nor can its JSON, in names and texts.
fn clean_json(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(text).into_owned()),
        Value::Array(items) => items.iter().map(clean_json).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (clean(name).into_owned(), clean_json(value))).collect()
        }
        other => other.clone(),
    }
}

/// A delivery that was put aside.
#[derive(Debug, Clone)]
pub struct Kept {
    pub id: Uuid,
    pub kind: String,
    pub source: String,
    /// Where the body goes, as it is, on a replay; none for a webhook's raw body.
    pub queue: Option<String>,
    pub reason: String,
    pub detail: String,
    /// Cut in lists.
    pub body: String,
    /// The size of the whole body.
    pub body_bytes: i32,
    pub headers: Value,
    pub received_at: Timestamp,
    pub status: String,
    pub replayed_at: Option<Timestamp>,
    pub replays: i32,
}

impl From<&Row> for Kept {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get("id"),
            kind: row.get("kind"),
            source: row.get("source"),
            queue: row.get("queue"),
            reason: row.get("reason"),
            detail: row.get("detail"),
            body: row.get("body"),
            body_bytes: row.get("body_bytes"),
            headers: row.get("headers"),
            received_at: row.get("received_at"),
            status: row.get("status"),
            replayed_at: row.get("replayed_at"),
            replays: row.get("replays"),
        }
    }
}

/// Which deliveries to list; what is none does not count.
#[derive(Debug, Default)]
pub struct Filter {
    pub kind: Option<&'static str>,
    pub source: Option<String>,
    pub status: Option<&'static str>,
    pub reason: Option<String>,
    /// Received from this moment on.
    pub from: Option<Timestamp>,
    /// Received before this moment.
    pub to: Option<Timestamp>,
    pub id: Option<Uuid>,
}

impl Filter {
    /// For `{filter}`.
    fn params(&self) -> Vec<Param<'_>> {
        params![self.kind, self.source, self.status, self.reason, self.from, self.to, self.id].to_vec()
    }
}

/// A part of the inbox by `received_at`, with at most so many characters of each body.
///
/// # Errors
/// When the database does not answer.
pub async fn list(tx: &Tx, filter: &Filter, window: Window, body_chars: i32) -> Result<Vec<Kept>, Failure> {
    let statement = match window.order {
        "received_at" => const { section(SQL, "list_oldest") },
        _ => const { section(SQL, "list_newest") },
    };
    let (at, id) = window.after.unzip();
    let mut list = filter.params();
    list.extend_from_slice(params![at, id, window.limit, window.offset, body_chars]);
    let rows = tx.query(statement, &list).await?;
    Ok(rows.iter().map(Kept::from).collect())
}

/// How many deliveries a filter finds.
///
/// # Errors
/// When the database does not answer.
pub async fn count(tx: &Tx, filter: &Filter) -> Result<i64, Failure> {
    let row = tx.find(const { section(SQL, "count") }, &filter.params()).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// Locks deliveries by their ids, whatever their status, up to a number of bytes of open bodies (one is always given). Ids that are
/// missing in the answer do not exist or did not fit.
///
/// # Errors
/// When the database does not answer.
pub async fn claim_named(tx: &Tx, ids: &[Uuid], bytes: i64) -> Result<Vec<Kept>, Failure> {
    let rows = tx.query(const { section(SQL, "claim_named") }, params![ids, bytes]).await?;
    Ok(rows.iter().map(Kept::from).collect())
}

/// Which of these ids exist.
///
/// # Errors
/// When the database does not answer.
pub async fn existing(tx: &Tx, ids: &[Uuid]) -> Result<BTreeSet<Uuid>, Failure> {
    let rows = tx.query(const { section(SQL, "existing") }, params![ids]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Locks the oldest open deliveries of a source and time range, up to a number and a number of bytes (one is always given).
///
/// # Errors
/// When the database does not answer.
pub async fn claim_range(
    tx: &Tx,
    source: &str,
    from: Timestamp,
    to: Timestamp,
    limit: i64,
    bytes: i64,
) -> Result<Vec<Kept>, Failure> {
    let rows = tx.query(const { section(SQL, "claim_range") }, params![source, from, to, limit, bytes]).await?;
    Ok(rows.iter().map(Kept::from).collect())
}

/// How many deliveries of a source and time range are open.
///
/// # Errors
/// When the database does not answer.
pub async fn count_open_range(tx: &Tx, source: &str, from: Timestamp, to: Timestamp) -> Result<i64, Failure> {
    let row = tx.find(const { section(SQL, "count_open_range") }, params![source, from, to]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// Notes that deliveries were sent again.
///
/// # Errors
/// When the database does not answer.
pub async fn mark_replayed(tx: &Tx, ids: &[Uuid], now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "mark_replayed") }, params![ids, now]).await?;
    Ok(())
}

/// A dead letter that may succeed when it is sent again.
pub struct GivenUp {
    pub id: Uuid,
    pub queue: String,
    pub body: String,
}

/// Locks dead letters of these queues that were given up and have rested for long enough, the oldest first, up to a number and a number
/// of bytes. Those that were sent again too often are left to people, and so is what no queue takes because it is too large.
///
/// # Errors
/// When the database does not answer.
pub async fn claim_given_up(
    tx: &Tx,
    queues: &[&str],
    now: Timestamp,
    limit: i32,
    body_bytes: i32,
    bytes: i32,
) -> Result<Vec<GivenUp>, Failure> {
    let rows =
        tx.query(const { section(SQL, "claim_given_up") }, params![queues, now, limit, body_bytes, bytes]).await?;
    Ok(rows.iter().map(|row| GivenUp { id: row.get("id"), queue: row.get("queue"), body: row.get("body") }).collect())
}

/// Notes inside the transaction that claimed them that dead letters are on their queue again.
///
/// # Errors
/// When the database does not answer.
pub async fn note_sent_again(tx: &Tx, ids: &[Uuid], now: Timestamp) -> Result<(), Failure> {
    tx.query(const { section(SQL, "note_sent_again") }, params![ids, now]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_beginning_of_a_body_is_short_whatever_it_is_made_of() {
        assert_eq!(head("{}"), "{}");
        for body in ["a".repeat(5000), "\0".repeat(5000), "ü\u{fffd}€".repeat(5000)] {
            let head = head(&body);
            assert!((MAX_HEAD - 4..=MAX_HEAD).contains(&head.len()) && !head.contains('\0'), "{}", head.len());
        }
    }

    #[test]
    fn zero_bytes_are_replaced_everywhere() {
        assert_eq!(clean("a\0b"), "a\u{fffd}b");
        assert!(matches!(clean("plain"), Cow::Borrowed("plain")));
        let cleaned = clean_json(&json!({"a\0": ["x\0", 1, {"b": "\0"}]}));
        assert_eq!(cleaned, json!({"a\u{fffd}": ["x\u{fffd}", 1, {"b": "\u{fffd}"}]}));
    }
}
