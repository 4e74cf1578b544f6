//! Invitations and forgotten passwords: one row a mail, with the hash of its token. The table is closed to the functions' role; each
//! statement here calls one narrow function of the schema `lotse`.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::sql::{params, section};
use super::{Database, Tx};
use crate::domain::ids::{MemberId, TenantId};
use crate::failure::Failure;
use crate::messages::{AccountMail, Recipient};

const SQL: &str = include_str!("account_mails.sql");

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Invite,
    Reset,
}

impl Purpose {
    /// As the database spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Reset => "reset",
        }
    }

    /// Of a message.
    pub const fn of(mail: &AccountMail) -> Self {
        match mail.recipient {
            Recipient::Member { .. } => Self::Invite,
            Recipient::Address { .. } => Self::Reset,
        }
    }
}

/// A mail that is this worker's to send.
pub struct Claimed {
    pub id: Uuid,
    pub token_hash: Vec<u8>,
    pub email: String,
    pub name: String,
    pub tenant_name: String,
    /// `de` or `en`.
    pub language: String,
}

/// Claims the mails of a request, each with one of the tokens. Those that are under way, or were sent, are not given again.
///
/// # Errors
/// When the database does not answer.
pub async fn claim(
    db: &Database,
    mail: &AccountMail,
    ids: &[Uuid],
    hashes: &[Vec<u8>],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Vec<Claimed>, Failure> {
    let (member, email, tenant) = match &mail.recipient {
        Recipient::Member { member_id } => (Some(*member_id), None, None),
        Recipient::Address { email, tenant } => (None, Some(email.as_str()), tenant.as_deref()),
    };
    let hashes: Vec<&[u8]> = hashes.iter().map(Vec::as_slice).collect();
    let purpose = Purpose::of(mail).as_str();
    let list = params![mail.request_id, purpose, member, email, tenant, ids, hashes, now, expires_at];
    let rows = db.query(const { section(SQL, "claim") }, list).await?;
    let claimed = |row: &Row| Claimed {
        id: row.get("id"),
        token_hash: row.get("token_hash"),
        email: row.get("email"),
        name: row.get("name"),
        tenant_name: row.get("tenant_name"),
        language: row.get("language"),
    };
    Ok(rows.iter().map(claimed).collect())
}

/// Notes what became of a mail: `sent`, `failed`, `unknown`, or `pending` for another try.
///
/// # Errors
/// When the database does not answer.
pub async fn settle(db: &Database, id: Uuid, status: &str, reason: Option<&str>) -> Result<(), Failure> {
    db.query(const { section(SQL, "settle") }, params![id, status, reason]).await?;
    Ok(())
}

/// Whose password a token sets.
pub struct Account {
    pub member: MemberId,
    pub tenant: TenantId,
    pub email: String,
    pub tenant_slug: String,
}

/// The account of a token that is good; none of one that is used, too old or made up.
///
/// # Errors
/// When the database does not answer.
pub async fn find_token(
    db: &Database,
    hash: &[u8; 32],
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<Account>, Failure> {
    let hash = &hash[..];
    let rows =
        db.query_again_if_lost(const { section(SQL, "find_token") }, params![hash, purpose.as_str(), now]).await?;
    let account = |row: &Row| Account {
        member: row.get("member_id"),
        tenant: row.get("tenant_id"),
        email: row.get("email"),
        tenant_slug: row.get("tenant_slug"),
    };
    Ok(rows.first().map(account))
}

/// Uses a token up, and all others of its member. False: it was used at this moment.
///
/// # Errors
/// When the database does not answer.
pub async fn use_token(tx: &Tx, hash: &[u8; 32], purpose: Purpose, now: Timestamp) -> Result<bool, Failure> {
    let hash = &hash[..];
    let row = tx.find(const { section(SQL, "use_token") }, params![hash, purpose.as_str(), now]).await?;
    Ok(row.is_some_and(|row| row.get(0)))
}
