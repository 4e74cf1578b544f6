//! Finding out whose password it is, always at the same price.

use jiff::Timestamp;

use crate::app::App;
use crate::domain::ids::MemberId;
use crate::failure::Failure;
use crate::passwords::verify;
use crate::store::Tx;
use crate::store::sign_in::{self, Attempt, Candidate};

/// Without naming a tenant, people of at most this many can sign in; more have to say which one they mean.
const MOST_TENANTS: usize = 3;

/// The members with this address whose password it is. The number of hashes that are computed depends only on whether a tenant was
/// named: neither the answer nor its time tells whether, or how often, there is an account.
///
/// # Errors
/// When the database does not answer.
pub async fn matching(app: &App, email: &str, tenant: Option<&str>, password: &str) -> Result<Vec<Candidate>, Failure> {
    let rounds = if tenant.is_some() { 1 } else { MOST_TENANTS };
    let limit = i32::try_from(rounds).unwrap_or(1);
    let mut candidates = sign_in::find_credentials(app.database(), email, tenant, limit).await?.into_iter();
    let mut matching = Vec::new();
    for _ in 0..rounds {
        let candidate = candidates.next();
        let hash = candidate.as_ref().and_then(|candidate| candidate.password_hash.as_deref());
        if verify(password, hash)? {
            matching.extend(candidate);
        }
    }
    Ok(matching)
}

/// Passes when this is the member's present password. Guesses count like attempts to sign in: a stolen access token is not enough
/// to try passwords with.
///
/// # Errors
/// `TooMany` after too many guesses, `Invalid` when it is another, `Conflict` when there is none.
pub async fn confirm(
    app: &App,
    tx: &Tx,
    member: MemberId,
    password: &str,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<(), Failure> {
    if let Some(wait) = sign_in::take_sign_in(app.database(), attempt, now).await? {
        return Err(too_many(wait));
    }
    let Some(hash) = sign_in::password_hash(tx, member).await? else {
        return Err(Failure::conflict("no_password", "You have no password yet. Ask an administrator for one."));
    };
    if verify(password, Some(&hash))? {
        return sign_in::sign_in_succeeded(app.database(), attempt, now).await;
    }
    // The transaction is undone with the refusal, and the counted attempt with it: both share one connection. So it is counted
    // once more, outside.
    tx.rollback().await;
    sign_in::take_sign_in(app.database(), attempt, now).await?;
    Err(Failure::invalid("/current_password", "wrong", "This is not your present password."))
}

/// There were too many attempts.
pub fn too_many(seconds: u64) -> Failure {
    Failure::TooMany { retry_after: std::time::Duration::from_secs(seconds), limit: None }
}
