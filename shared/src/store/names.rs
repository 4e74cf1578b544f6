//! What records are called, for files that name them.

use std::collections::HashMap;

use uuid::Uuid;

use super::Tx;
use super::sql::{params, section};
use crate::failure::Failure;

const SQL: &str = include_str!("names.sql");

/// The names of all pipelines, stages and members.
///
/// # Errors
/// When the database does not answer.
pub async fn list(tx: &Tx) -> Result<HashMap<Uuid, String>, Failure> {
    let rows = tx.query(const { section(SQL, "list") }, params![]).await?;
    Ok(rows.iter().map(|row| (row.get("id"), row.get("name"))).collect())
}
