//! API keys, and tenants of webhook tokens: the look-ups that happen before a tenant is known; and tokens that were revoked.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::sql::{params, section};
use super::{Database, Tx};
use crate::domain::access::Shown;
use crate::domain::ids::TenantId;
use crate::failure::Failure;

const SQL: &str = include_str!("auth.sql");

/// A key in use.
pub struct KeyInUse {
    pub id: Uuid,
    pub tenant: TenantId,
    pub scopes: Vec<String>,
    pub allowed: bool,
    /// Requests a minute.
    pub limit: i32,
    pub remaining: i32,
    pub resets_in: Duration,
}

/// Finds a valid key and counts this use.
///
/// # Errors
/// When the database does not answer.
pub async fn use_api_key(
    db: &Database,
    source: &str,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<KeyInUse>, Failure> {
    let rows =
        db.query_again_if_lost(const { section(SQL, "use_api_key") }, params![source, hash.as_slice(), now]).await?;
    Ok(rows.first().map(|row| KeyInUse {
        id: row.get("id"),
        tenant: row.get("tenant_id"),
        scopes: row.get("scopes"),
        allowed: row.get("allowed"),
        limit: row.get("rate_limit"),
        remaining: row.get("remaining"),
        resets_in: Duration::from_secs(u64::try_from(row.get::<_, i32>("resets_in_seconds")).unwrap_or(60)),
    }))
}

/// A key that was looked up without being used.
pub struct KnownKey {
    pub id: Uuid,
    pub tenant: TenantId,
    pub scopes: Vec<String>,
}

/// Finds a key that was valid at a moment, and counts nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn find_api_key(
    db: &Database,
    source: &str,
    hash: &[u8; 32],
    at: Timestamp,
) -> Result<Option<KnownKey>, Failure> {
    let rows =
        db.query_again_if_lost(const { section(SQL, "find_api_key") }, params![source, hash.as_slice(), at]).await?;
    Ok(rows.first().map(|row| KnownKey { id: row.get("id"), tenant: row.get("tenant_id"), scopes: row.get("scopes") }))
}

/// Whether a person's token was no longer valid at a moment, or belongs to somebody who is inactive now.
///
/// # Errors
/// When the database does not answer.
pub async fn was_token_refused(tx: &Tx, shown: Shown<'_>, at: Timestamp) -> Result<bool, Failure> {
    let Shown { jti, member, emails } = shown;
    let row = tx.find(const { section(SQL, "was_token_refused") }, params![jti, at, member, emails]).await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

/// Whose webhook a token is; the secrets are still sealed.
pub struct WebhookSource {
    pub tenant: TenantId,
    pub secret: Option<Vec<u8>>,
    pub previous_secret: Option<Vec<u8>>,
}

/// Finds the tenant of a webhook's token, with the secrets that were good at a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn find_webhook_source(
    db: &Database,
    source: &str,
    token_hash: &[u8; 32],
    at: Timestamp,
) -> Result<Option<WebhookSource>, Failure> {
    let rows = db
        .query_again_if_lost(const { section(SQL, "find_webhook_source") }, params![source, token_hash.as_slice(), at])
        .await?;
    Ok(rows.first().map(|row| WebhookSource {
        tenant: row.get("tenant_id"),
        secret: row.get("secret"),
        previous_secret: row.get("previous_secret"),
    }))
}

/// Whether one more delivery of a webhook's source fits into this minute; takes its place then.
///
/// # Errors
/// When the database does not answer.
pub async fn take_delivery(
    db: &Database,
    source: &str,
    token_hash: &[u8; 32],
    now: Timestamp,
) -> Result<bool, Failure> {
    let rows = db.query(const { section(SQL, "take_delivery") }, params![source, token_hash.as_slice(), now]).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}
