//! How members want the console.

use std::collections::BTreeMap;

use jiff::Timestamp;
use postgres_types::Json;
use serde_json::{Map, Value};
use tokio_postgres::Row;

use super::Tx;
use super::saved_views::Column;
use super::sql::{params, section};
use crate::domain::ids::MemberId;
use crate::failure::Failure;

const SQL: &str = include_str!("preferences.sql");

/// What a member has set for themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct Preferences {
    /// `system`, `light`, `dark`.
    pub theme: String,
    /// By list.
    pub columns: BTreeMap<String, Vec<Column>>,
    /// What else the console keeps, by names of its own.
    pub defaults: Map<String, Value>,
    /// None: nothing was set yet.
    pub updated_at: Option<Timestamp>,
    /// 0: nothing was set yet.
    pub version: i64,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: "system".to_owned(),
            columns: BTreeMap::new(),
            defaults: Map::new(),
            updated_at: None,
            version: 0,
        }
    }
}

fn preferences(row: &Row) -> Result<Preferences, Failure> {
    let Json(columns) = row.try_get("columns").map_err(Failure::internal)?;
    let Json(defaults) = row.try_get("defaults").map_err(Failure::internal)?;
    let (updated_at, version) = (row.get("updated_at"), row.get("version"));
    Ok(Preferences { theme: row.get("theme"), columns, defaults, updated_at, version })
}

/// A member's preferences; of somebody who has set nothing, how everybody begins.
///
/// # Errors
/// When the database does not answer.
pub async fn get(tx: &Tx, member: MemberId) -> Result<Preferences, Failure> {
    let row = tx.find(const { section(SQL, "find") }, params![member]).await?;
    row.as_ref().map_or_else(|| Ok(Preferences::default()), preferences)
}

/// Writes what a member's preferences have become. The member is locked by now, so that two changes take turns.
///
/// # Errors
/// When the database does not answer.
pub async fn put(tx: &Tx, member: MemberId, new: &Preferences, now: Timestamp) -> Result<Preferences, Failure> {
    let Preferences { theme, columns, defaults, .. } = new;
    let row = tx
        .find(const { section(SQL, "upsert") }, params![member, tx.tenant(), theme, Json(columns), Json(defaults), now])
        .await?;
    row.as_ref().map_or_else(|| Err(Failure::internal("preferences were not written")), preferences)
}
