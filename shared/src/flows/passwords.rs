//! Finding out whose password it is, always at the same price.

use jiff::Timestamp;

use crate::app::App;
use crate::failure::Failure;
use crate::passwords::verify;
use crate::store::Tx;
use crate::store::sign_in::{self, Attempt, Candidate};
use crate::store::team::Member;
use crate::store::tenants;

/// Without naming a tenant, people of at most this many can sign in; others have to say which one they mean. Nobody is told how many
/// there are, so the refusal and the endpoint's documentation tell everybody.
const MOST_TENANTS: usize = 3;

/// Whose password it is.
pub struct Found {
    pub members: Vec<Candidate>,
    /// It is the password of every account of this address that was tried, and there is one. Only then is who knows it known to be
    /// the owner of all of them: an administrator can give an address of somebody else an account with a password of their own.
    pub all: bool,
}

/// The members with this address whose password it is. The number of hashes that are computed depends only on whether a tenant was
/// named: neither the answer nor its time tells whether, or how often, there is an account.
///
/// # Errors
/// When the database does not answer.
pub async fn matching(app: &App, email: &str, tenant: Option<&str>, password: &str) -> Result<Found, Failure> {
    let rounds = if tenant.is_some() { 1 } else { MOST_TENANTS };
    let limit = i32::try_from(rounds).unwrap_or(1);
    let mut candidates = sign_in::find_credentials(app.database(), email, tenant, limit).await?.into_iter();
    let (mut members, mut others) = (Vec::new(), 0);
    for _ in 0..rounds {
        let candidate = candidates.next();
        let hash = candidate.as_ref().and_then(|candidate| candidate.password_hash.as_deref());
        if verify(password, hash)? {
            members.extend(candidate);
        } else if hash.is_some() {
            others += 1;
        }
    }
    let all = others == 0 && !members.is_empty();
    Ok(Found { members, all })
}

/// Passes when this is the member's present password. Guesses count like attempts to sign in: a stolen access token is not enough
/// to try passwords with.
///
/// The member is locked by now, so that guesses at one account come one after the other, each after the last one was counted for good.
///
/// # Errors
/// `TooMany` after too many guesses, `Invalid` when it is another, `Conflict` when there is none.
pub async fn confirm(
    app: &App,
    tx: &Tx,
    member: &Member,
    password: &str,
    source_ip: Option<&str>,
    now: Timestamp,
) -> Result<(), Failure> {
    let db = app.database();
    let tenant = tenants::get(tx).await?;
    let attempt = Attempt::of(&member.profile.email, Some(&tenant.slug), source_ip);
    let taken = sign_in::take_sign_in(db, &attempt, now).await?;
    let Some(hash) = sign_in::password_hash(tx, member.id).await? else {
        return Err(Failure::conflict("no_password", "You have no password yet. Ask an administrator for one."));
    };
    if verify(password, Some(&hash))? {
        return sign_in::sign_in_succeeded(db, &attempt, &taken, now).await;
    }
    // The transaction is undone with the refusal, and the counted attempt with it: both share one connection. So it is counted
    // once more, outside.
    tx.rollback().await;
    sign_in::take_sign_in(db, &attempt, now).await?;
    Err(Failure::invalid("/current_password", "wrong", "This is not your present password."))
}

/// Why a sign-in is refused, the same for everybody.
pub fn wrong() -> Failure {
    Failure::Unauthenticated(
        "E-mail address or password is wrong. If you work for several tenants, name one: send its short name as `tenant`."
            .to_owned(),
    )
}
