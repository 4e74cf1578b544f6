//! Passwords, sessions and the brake on guessing. The tables are closed to the functions' role; each statement here calls one narrow
//! function of the schema `lotse`.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::sql::{params, section};
use super::{Database, Tx};
use crate::domain::ids::{MemberId, TenantId};
use crate::failure::Failure;
use crate::secrets::token_hash;

const SQL: &str = include_str!("sign_in.sql");

/// Whose account is tried, and from where; kept as hashes only.
pub struct Attempt {
    address: [u8; 32],
    pair: [u8; 32],
    account: [u8; 32],
}

impl Attempt {
    /// An e-mail address in normal form, the slug of the tenant that was named, and the caller's network address.
    ///
    /// Who names a tenant tries that tenant's account only: what somebody of another tenant does with an account of the same address
    /// neither costs nor helps there.
    pub fn of(email: &str, tenant: Option<&str>, source_ip: Option<&str>) -> Self {
        let network = network(source_ip.unwrap_or_default());
        let account = match tenant {
            Some(tenant) => format!("{email} {tenant}"),
            None => email.to_owned(),
        };
        Self {
            address: token_hash(&format!("address {network}")),
            pair: token_hash(&format!("pair {network} {account}")),
            account: token_hash(&format!("account {account}")),
        }
    }
}

/// What an attempt has cost.
pub struct Taken {
    /// Of the account's bucket, too: nobody signed in to it from there lately.
    of_account: bool,
}

/// An IPv6 caller has a whole /64 to itself, so that is what counts.
fn network(address: &str) -> String {
    match address.parse::<std::net::Ipv6Addr>() {
        Ok(six) => format!("{:x?}", &six.segments()[..4]),
        Err(_) => address.to_owned(),
    }
}

/// Counts an attempt before it is made.
///
/// # Errors
/// `TooMany` with the time to wait when there were too many.
pub async fn take_sign_in(db: &Database, attempt: &Attempt, now: Timestamp) -> Result<Taken, Failure> {
    let (address, pair, account) = (&attempt.address[..], &attempt.pair[..], &attempt.account[..]);
    let statement = const { section(SQL, "take_sign_in") };
    let rows = db.query_again_if_lost(statement, params![address, pair, account, now]).await?;
    let row = rows.first().ok_or_else(|| Failure::internal("an attempt to sign in was not counted"))?;
    match u64::try_from(row.get::<_, i32>("wait")) {
        Ok(0) => Ok(Taken { of_account: row.get("counted") }),
        Ok(seconds) => Err(Failure::TooMany { retry_after: Duration::from_secs(seconds), limit: None }),
        Err(error) => Err(Failure::internal(error)),
    }
}

/// The password was right: gives back what the attempt has cost, and remembers from where it came.
///
/// # Errors
/// When the database does not answer.
pub async fn sign_in_succeeded(db: &Database, attempt: &Attempt, taken: &Taken, now: Timestamp) -> Result<(), Failure> {
    let (address, pair) = (&attempt.address[..], &attempt.pair[..]);
    let account = taken.of_account.then_some(&attempt.account[..]);
    db.query(const { section(SQL, "sign_in_succeeded") }, params![address, pair, account, now]).await?;
    Ok(())
}

/// A member who may be meant by an e-mail address.
pub struct Candidate {
    pub member: MemberId,
    pub tenant: TenantId,
    pub tenant_slug: String,
    pub tenant_name: String,
    /// None: no password was ever set.
    pub password_hash: Option<String>,
}

/// Active members with this address, of one tenant or of all active ones.
///
/// # Errors
/// When the database does not answer.
pub async fn find_credentials(
    db: &Database,
    email: &str,
    tenant: Option<&str>,
    limit: i32,
) -> Result<Vec<Candidate>, Failure> {
    let rows =
        db.query_again_if_lost(const { section(SQL, "find_credentials") }, params![email, tenant, limit]).await?;
    let candidate = |row: &tokio_postgres::Row| Candidate {
        member: row.get("member_id"),
        tenant: row.get("tenant_id"),
        tenant_slug: row.get("tenant_slug"),
        tenant_name: row.get("tenant_name"),
        password_hash: row.get("password_hash"),
    };
    Ok(rows.iter().map(candidate).collect())
}

/// The hash of a member's password, if they have one.
///
/// # Errors
/// When the database does not answer.
pub async fn password_hash(tx: &Tx, member: MemberId) -> Result<Option<String>, Failure> {
    let row = tx.find(const { section(SQL, "password_hash") }, params![member]).await?;
    Ok(row.and_then(|row| row.get(0)))
}

/// Sets a member's password.
///
/// # Errors
/// `NotFound` when this tenant has no such member.
pub async fn set_password(tx: &Tx, member: MemberId, hash: &str, now: Timestamp) -> Result<(), Failure> {
    let row = tx.find(const { section(SQL, "set_password") }, params![member, hash, now]).await?;
    let written = row.is_some_and(|row| row.get(0));
    if written { Ok(()) } else { Err(Failure::not_found("member")) }
}

/// Sets the passwords (by e-mail address) of members who have none yet.
///
/// # Errors
/// When the database does not answer.
pub async fn set_first_passwords(tx: &Tx, hashes: &[(String, String)], now: Timestamp) -> Result<(), Failure> {
    let rows: Vec<Value> = hashes.iter().map(|(email, hash)| json!({"email": email, "hash": hash})).collect();
    tx.query(const { section(SQL, "set_first_passwords") }, params![json!(rows), now]).await?;
    Ok(())
}

/// The first pair of tokens of a session, and how long each part lives.
pub struct NewSession<'a> {
    pub family: Uuid,
    pub member: MemberId,
    /// The hash whose password was right.
    pub verified: &'a str,
    pub refresh_hash: [u8; 32],
    pub jti: &'a str,
    pub family_until: Timestamp,
    pub refresh_until: Timestamp,
    pub access_until: Timestamp,
}

/// Begins a session. Answers with the member's role; none when the member was deactivated or got another password this very moment.
///
/// # Errors
/// When the database does not answer.
pub async fn start_session(tx: &Tx, new: &NewSession<'_>, now: Timestamp) -> Result<Option<String>, Failure> {
    let hash = &new.refresh_hash[..];
    let row = tx
        .find(
            const { section(SQL, "start_session") },
            params![
                new.family,
                new.member,
                new.verified,
                hash,
                new.jti,
                now,
                new.family_until,
                new.refresh_until,
                new.access_until,
            ],
        )
        .await?;
    Ok(row.and_then(|row| row.get(0)))
}

/// Who notes the end of a session in the audit log: the row's id, and the request.
#[derive(Clone, Copy)]
pub struct Note<'a> {
    pub id: Uuid,
    pub request: &'a str,
}

/// What became of a refresh token that was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// Used up, and followed by a new one that lives until this moment.
    Rotated { until: Timestamp },
    /// Used a moment ago, by another tab: no new refresh token.
    Again,
    /// Used long before: the family was ended.
    Reuse,
    /// Its session is over.
    Ended,
}

/// The session of a refresh token.
pub struct Refreshed {
    pub outcome: RefreshOutcome,
    pub tenant: TenantId,
    pub member: MemberId,
    /// As it is now; none for a member who may no longer sign in.
    pub role: Option<String>,
}

/// What replaces a refresh token when it may still be used.
pub struct Successor<'a> {
    pub refresh_hash: [u8; 32],
    pub jti: &'a str,
    pub refresh_until: Timestamp,
    pub access_until: Timestamp,
    /// Seconds in which a used token counts as used at the same time.
    pub grace: f64,
}

/// Uses a refresh token. Sent again after a lost connection it may find the token used a moment ago.
///
/// # Errors
/// When the database does not answer.
pub async fn refresh_session(
    db: &Database,
    hash: &[u8; 32],
    next: &Successor<'_>,
    now: Timestamp,
    note: Note<'_>,
) -> Result<Option<Refreshed>, Failure> {
    let (hash, new_hash) = (&hash[..], &next.refresh_hash[..]);
    let rows = db
        .query_again_if_lost(
            const { section(SQL, "refresh_session") },
            params![
                hash,
                new_hash,
                next.jti,
                now,
                next.refresh_until,
                next.access_until,
                next.grace,
                note.id,
                note.request,
            ],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let outcome = match (row.get::<_, &str>("outcome"), row.get::<_, Option<Timestamp>>("refresh_until")) {
        ("rotated", Some(until)) => RefreshOutcome::Rotated { until },
        ("again", _) => RefreshOutcome::Again,
        ("reuse", _) => RefreshOutcome::Reuse,
        ("ended", _) => RefreshOutcome::Ended,
        (other, _) => return Err(Failure::internal(format!("a refresh token's outcome is unknown: {other}"))),
    };
    Ok(Some(Refreshed { outcome, tenant: row.get("tenant_id"), member: row.get("member_id"), role: row.get("role") }))
}

/// Ends the session of a refresh token, with every access token that came of it. One that is over already stays as it is.
///
/// # Errors
/// When the database does not answer.
pub async fn end_session(db: &Database, hash: &[u8; 32], now: Timestamp, note: Note<'_>) -> Result<(), Failure> {
    let hash = &hash[..];
    let statement = const { section(SQL, "end_session") };
    db.query_again_if_lost(statement, params![hash, now, note.id, note.request]).await?;
    Ok(())
}

/// An access token that is refused from now on.
pub struct RevokedToken {
    /// Its session, which has ended with it; none for a token of an identity provider.
    pub family: Option<Uuid>,
}

/// Refuses an access token of this transaction's tenant until it ends by itself. None: it was refused before.
///
/// # Errors
/// When the database does not answer.
pub async fn revoke_token(
    tx: &Tx,
    jti: &str,
    until: Timestamp,
    now: Timestamp,
) -> Result<Option<RevokedToken>, Failure> {
    let row = tx.find(const { section(SQL, "revoke_token") }, params![jti, until, now]).await?;
    Ok(row.map(|row| RevokedToken { family: row.get("family_id") }))
}

/// Refuses the access tokens a member has now; the sessions go on with what the member may do from now on.
///
/// # Errors
/// When the database does not answer.
pub async fn revoke_access_of(tx: &Tx, member: MemberId, now: Timestamp) -> Result<(), Failure> {
    tx.query(const { section(SQL, "revoke_access_of") }, params![member, now]).await?;
    Ok(())
}

/// Why all sessions of a member end.
#[derive(Debug, Clone, Copy)]
pub enum Ending {
    Deactivated,
    Password,
}

/// Ends every session of a member, but for the one the access token `except` belongs to.
///
/// # Errors
/// When the database does not answer.
pub async fn end_sessions_of(
    tx: &Tx,
    member: MemberId,
    why: Ending,
    except: Option<&str>,
    now: Timestamp,
) -> Result<(), Failure> {
    let why = match why {
        Ending::Deactivated => "deactivated",
        Ending::Password => "password",
    };
    tx.query(const { section(SQL, "end_sessions_of") }, params![member, why, except, now]).await?;
    Ok(())
}

/// What was thrown away.
pub struct Purged {
    pub sessions: i64,
    pub attempts: i64,
}

/// Forgets sessions whose time is over, and attempts that no longer count.
///
/// # Errors
/// When the database does not answer.
pub async fn purge(db: &Database, now: Timestamp) -> Result<Purged, Failure> {
    let rows = db.query(const { section(SQL, "purge") }, params![now]).await?;
    let row = rows.first().ok_or_else(|| Failure::internal("the purge gave no answer"))?;
    Ok(Purged { sessions: row.get("sessions"), attempts: row.get("attempts") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_counts_as_one_caller() {
        let of = |address: &str| Attempt::of("a@x.example", None, Some(address)).address;
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("203.0.113.7"), of("203.0.113.8"));
    }

    #[test]
    fn the_three_buckets_are_apart() {
        let one = Attempt::of("a@x.example", None, Some("203.0.113.7"));
        let others = [("b@x.example", None), ("a@x.example", Some("north")), ("a@x.example", Some("south"))];
        for (email, tenant) in others {
            let other = Attempt::of(email, tenant, Some("203.0.113.7"));
            assert_eq!(one.address, other.address);
            assert!(one.pair != other.pair && one.account != other.account && one.pair != one.account);
        }
    }
}
