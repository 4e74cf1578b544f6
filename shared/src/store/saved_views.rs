//! Saved views of lists: the team's, and those that members keep for themselves.

use jiff::Timestamp;
use postgres_types::Json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_postgres::Row;

use super::Tx;
use super::sql::{params, section, statements};
use super::window::Window;
use crate::domain::ids::{MemberId, SavedViewId};
use crate::failure::Failure;

const SQL: &str = statements!(include_str!("saved_views.sql"));

/// A column of a list, and how wide somebody wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    #[schemars(length(min = 1, max = 64))]
    pub field: String,
    /// In pixels, 40 to 2000; without it the list decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 40, max = 2000))]
    pub width: Option<i32>,
}

/// What a view shows, and to whom.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewFacts {
    pub name: String,
    /// Everybody in the team sees it.
    pub shared: bool,
    /// `table`, `board`, `calendar`.
    pub layout: String,
    pub columns: Vec<Column>,
    /// As the console writes them.
    pub filters: Map<String, Value>,
    pub sort: Option<String>,
}

/// A view as it is kept.
#[derive(Debug, Clone)]
pub struct SavedView {
    pub id: SavedViewId,
    /// Which list it is of.
    pub list: String,
    pub facts: ViewFacts,
    /// None: nobody's in particular.
    pub owner: Option<MemberId>,
    pub owner_name: Option<String>,
    /// Whoever asks finds the list in it.
    pub is_default: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

fn view(row: &Row) -> Result<SavedView, Failure> {
    let Json(columns) = row.try_get("columns").map_err(Failure::internal)?;
    let Json(filters) = row.try_get("filters").map_err(Failure::internal)?;
    Ok(SavedView {
        id: row.get("id"),
        list: row.get("list"),
        facts: ViewFacts {
            name: row.get("name"),
            shared: row.get("shared"),
            layout: row.get("layout"),
            columns,
            filters,
            sort: row.get("sort"),
        },
        owner: row.get("owner_id"),
        owner_name: row.get("owner_name"),
        is_default: row.get("is_default"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        version: row.get("version"),
    })
}

/// A part of the views that `member` sees, of one list or of all, with their whole number.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    tx: &Tx,
    member: Option<MemberId>,
    list: Option<&str>,
    window: Window,
) -> Result<(Vec<SavedView>, i64), Failure> {
    let rows = tx
        .query(
            const { section(SQL, "list") },
            params![member, tx.tenant(), list, window.order, window.limit, window.offset],
        )
        .await?;
    let count = tx.find(const { section(SQL, "count") }, params![member, tx.tenant(), list]).await?;
    Ok((rows.iter().map(view).collect::<Result<_, _>>()?, count.map_or(0, |row| row.get(0))))
}

/// How many views are a member's, or nobody's in particular.
///
/// # Errors
/// When the database does not answer.
pub async fn count_own(tx: &Tx, owner: Option<MemberId>) -> Result<i64, Failure> {
    let row = tx.find(const { section(SQL, "count_own") }, params![tx.tenant(), owner]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// One view that `member` sees.
///
/// # Errors
/// `NotFound` when there is none, or it is somebody else's own.
pub async fn get(tx: &Tx, member: Option<MemberId>, id: SavedViewId) -> Result<SavedView, Failure> {
    let row = tx.find(const { section(SQL, "find") }, params![member, tx.tenant(), id]).await?;
    row.as_ref().map_or_else(|| Err(Failure::not_found("saved view")), view)
}

/// The same, locked until the end of the transaction.
///
/// # Errors
/// As [`get`].
pub async fn lock(tx: &Tx, member: Option<MemberId>, id: SavedViewId) -> Result<SavedView, Failure> {
    let row = tx.find(const { section(SQL, "lock") }, params![member, tx.tenant(), id]).await?;
    row.as_ref().map_or_else(|| Err(Failure::not_found("saved view")), view)
}

/// Adds a view.
///
/// # Errors
/// `Conflict` when its owner has one of that name for this list.
pub async fn insert(
    tx: &Tx,
    id: SavedViewId,
    owner: Option<MemberId>,
    list: &str,
    facts: &ViewFacts,
    now: Timestamp,
) -> Result<(), Failure> {
    let ViewFacts { name, shared, layout, columns, filters, sort } = facts;
    let values = params![id, tx.tenant(), owner, list, name, shared, layout, Json(columns), Json(filters), sort, now];
    tx.execute(const { section(SQL, "insert") }, values).await.map_err(named)?;
    Ok(())
}

/// Writes what a locked view has become.
///
/// # Errors
/// As [`insert`].
pub async fn update(tx: &Tx, id: SavedViewId, facts: &ViewFacts, now: Timestamp) -> Result<(), Failure> {
    let ViewFacts { name, shared, layout, columns, filters, sort } = facts;
    let values = params![id, name, shared, layout, Json(columns), Json(filters), sort, now];
    tx.execute(const { section(SQL, "update") }, values).await.map_err(named)?;
    Ok(())
}

/// Deletes a view; whoever had it as default finds the list as it comes.
///
/// # Errors
/// When the database does not answer.
pub async fn delete(tx: &Tx, id: SavedViewId) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "delete") }, params![id]).await?;
    Ok(())
}

/// Makes a view the one in which a member finds its list, or no longer.
///
/// # Errors
/// When the database does not answer.
pub async fn set_default(tx: &Tx, member: MemberId, view: &SavedView, is: bool) -> Result<(), Failure> {
    match is {
        true => {
            tx.execute(const { section(SQL, "set_default") }, params![tx.tenant(), member, view.list, view.id]).await?
        }
        false => tx.execute(const { section(SQL, "unset_default") }, params![member, view.id]).await?,
    };
    Ok(())
}

fn named(error: tokio_postgres::Error) -> Failure {
    match error.as_db_error().and_then(|db| db.constraint()) {
        Some("saved_views_name_key") => Failure::conflict(
            "name_in_use",
            "There is a view of this list with this name already. Change that one, or choose another name.",
        ),
        _ => error.into(),
    }
}
