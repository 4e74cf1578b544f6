//! Everything that happened to a lead in one stream, in a constant number of statements.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::super::Tx;
use super::super::sql::{params, section};
use super::super::window::Window;
use crate::domain::ids::LeadId;
use crate::failure::Failure;

const SQL: &str = include_str!("timeline.sql");

/// One entry; what is in the body depends on the kind.
#[derive(Debug, Clone)]
pub struct Entry {
    /// `event`, `award`, `withdrawal`, `decision`, `task`, `deal`, `effect`.
    pub kind: String,
    pub at: Timestamp,
    /// The same however often the entry is read.
    pub id: Uuid,
    pub body: Value,
}

/// The statement behind [`list`].
pub const LIST: &str = const { section(SQL, "list") };

/// The statement behind [`count`].
pub const COUNT: &str = const { section(SQL, "count") };

/// What happened to a lead, newest first; only entries of these kinds, when any are named.
///
/// # Errors
/// When the database does not answer.
pub async fn list(tx: &Tx, lead: LeadId, kinds: Option<&[&str]>, window: Window) -> Result<Vec<Entry>, Failure> {
    let (at, id) = window.after.unzip();
    let most = window.limit + window.offset;
    let rows = tx.query(LIST, params![lead, at, id, kinds, most, window.limit, window.offset]).await?;
    let read = |row: &tokio_postgres::Row| Entry {
        kind: row.get("kind"),
        at: row.get("at"),
        id: row.get("id"),
        body: row.get("body"),
    };
    Ok(rows.iter().map(read).collect())
}

/// How many entries there are of these kinds, or of all.
///
/// # Errors
/// When the database does not answer.
pub async fn count(tx: &Tx, lead: LeadId, kinds: Option<&[&str]>) -> Result<i64, Failure> {
    let row = tx.find(COUNT, params![lead, kinds]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}
