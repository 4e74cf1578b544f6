//! Partners as a tenant connected them: credentials, and whether they work.

use jiff::Timestamp;
use serde_json::Value;

use super::sql::{params, section};
use super::{Database, Tx};
use crate::domain::ids::{EffectId, TaskId, TenantId};
use crate::failure::Failure;

const SQL: &str = include_str!("partners.sql");

/// A partner as this tenant set it up.
#[derive(Debug, Clone)]
pub struct Integration {
    pub settings: Value,
    /// Sealed; its context is `integrations::secret_context`.
    pub secret: Option<Vec<u8>>,
    /// The partner does not take the key: nothing is called until a test succeeds.
    pub down: bool,
    /// Changes with the key and whenever it is found to work again.
    pub updated_at: Timestamp,
}

/// The connection to a partner; none when the tenant has none, or switched it off.
///
/// # Errors
/// When the database does not answer.
pub async fn find(tx: &Tx, name: &str) -> Result<Option<Integration>, Failure> {
    let row = tx.find(const { section(SQL, "find") }, params![name]).await?;
    Ok(row.map(|row| Integration {
        settings: row.get("settings"),
        secret: row.get("secret"),
        down: row.get("down"),
        updated_at: row.get("updated_at"),
    }))
}

/// The partner took something: the connection is healthy.
///
/// # Errors
/// When the database does not answer.
pub async fn note_success(tx: &Tx, name: &str, now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "note_success") }, params![name, now]).await?;
    Ok(())
}

/// Something about the connection needs a person, in words for that person; what is sent goes on.
///
/// # Errors
/// When the database does not answer.
pub async fn note_error(tx: &Tx, name: &str, error: &str, now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "note_error") }, params![name, error, now]).await?;
    Ok(())
}

/// The key does not work: the integration is down. True for the first to find out, and false when the connection is not the one
/// any more that was called with.
///
/// # Errors
/// When the database does not answer.
pub async fn take_down(
    tx: &Tx,
    name: &str,
    called_with: &Integration,
    error: &str,
    now: Timestamp,
) -> Result<bool, Failure> {
    let row = tx.find(const { section(SQL, "take_down") }, params![name, now, error, called_with.updated_at]).await?;
    Ok(row.is_some())
}

/// A task for whoever leads the team.
pub struct Alert<'a> {
    pub id: TaskId,
    pub title: &'a str,
    pub description: &'a str,
    /// `integration:<name>:down:<second>`.
    pub cause: String,
}

/// Writes a task that says what is down.
///
/// # Errors
/// When the database does not answer.
pub async fn alert(tx: &Tx, alert: &Alert<'_>, now: Timestamp) -> Result<(), Failure> {
    let parameters = params![alert.id, tx.tenant(), alert.title, alert.description, alert.cause, now];
    tx.execute(const { section(SQL, "alert") }, parameters).await?;
    Ok(())
}

/// The connection works; false when the tenant has none.
///
/// # Errors
/// When the database does not answer.
pub async fn bring_up(tx: &Tx, name: &str, now: Timestamp) -> Result<bool, Failure> {
    Ok(tx.find(const { section(SQL, "bring_up") }, params![name, now]).await?.is_some())
}

/// Nobody has to look at it any more.
///
/// # Errors
/// When the database does not answer.
pub async fn finish_alerts(tx: &Tx, name: &str, now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "finish_alerts") }, params![name, now]).await?;
    Ok(())
}

/// Makes everything due that was held back for a partner, and answers with the oldest of it and its moment; the relay finds the rest.
///
/// # Errors
/// When the database does not answer.
pub async fn let_go(tx: &Tx, name: &str, limit: i64, now: Timestamp) -> Result<Vec<(EffectId, Timestamp)>, Failure> {
    let rows = tx.query(const { section(SQL, "let_go") }, params![name, now, limit]).await?;
    Ok(rows.iter().map(|row| (row.get("id"), row.get("moment"))).collect())
}

/// Integrations that are up while effects are held back for them.
///
/// # Errors
/// When the database does not answer.
pub async fn held(db: &Database, limit: i32) -> Result<Vec<(TenantId, String)>, Failure> {
    let rows = db.query(const { section(SQL, "held") }, params![limit]).await?;
    Ok(rows.iter().map(|row| (row.get("tenant_id"), row.get("name"))).collect())
}
