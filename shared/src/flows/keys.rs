//! API keys as callers: looked up at a request, or later for what was received while the database was away.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::access::{Caller, CallerKind, Rate};
use crate::domain::ids::TenantId;
use crate::failure::Failure;
use crate::store::{Database, auth as store};

/// Looks an API key up and takes one request of its minute.
///
/// # Errors
/// `Unauthenticated` for an unknown, expired or revoked key; `TooMany` when its minute is used up.
pub async fn use_key(database: &Database, source: &str, hash: &[u8; 32], now: Timestamp) -> Result<Caller, Failure> {
    let key = store::use_api_key(database, source, hash, now).await?.ok_or_else(no_such_key)?;
    let rate = Rate { limit: key.limit, remaining: key.remaining, resets_in: key.resets_in };
    if !key.allowed {
        return Err(Failure::TooMany { retry_after: rate.resets_in, limit: Some(rate.limit) });
    }
    Ok(machine(key.id, key.tenant, source, &key.scopes, Some(rate)))
}

/// Looks an API key up as it was when something was received, and takes nothing of its minute.
///
/// # Errors
/// `Unauthenticated` for a key that was unknown, expired or revoked then.
pub async fn find_key(database: &Database, source: &str, hash: &[u8; 32], at: Timestamp) -> Result<Caller, Failure> {
    let key = store::find_api_key(database, source, hash, at).await?.ok_or_else(no_such_key)?;
    Ok(machine(key.id, key.tenant, source, &key.scopes, None))
}

fn no_such_key() -> Failure {
    Failure::Unauthenticated("This API key is unknown, expired or revoked, or belongs to another source.".to_owned())
}

fn machine(id: Uuid, tenant: TenantId, source: &str, scopes: &[String], rate: Option<Rate>) -> Caller {
    Caller {
        tenant,
        subject: id.to_string(),
        kind: CallerKind::ApiKey,
        source: Some(source.to_owned()),
        jti: None,
        emails: Vec::new(),
        expires_at: None,
        scopes: scopes.iter().filter_map(|scope| scope.parse().ok()).collect(),
        rate,
    }
}
