//! What a member works on, and what becomes of it when they no longer may own anything.

use jiff::Timestamp;
use serde::Serialize;

use super::super::Tx;
use super::super::audit::Actor;
use super::super::sql::{params, section};
use super::SQL;
use crate::domain::ids::MemberId;
use crate::failure::Failure;

/// How much of what is still to be done is a member's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Work {
    /// Open deals.
    pub deals: i64,
    /// Open tasks.
    pub tasks: i64,
    /// Leads.
    pub leads: i64,
}

impl Work {
    /// Whether there is none.
    pub const fn is_done(self) -> bool {
        self.deals == 0 && self.tasks == 0 && self.leads == 0
    }
}

/// Locks a member's leads, and then the member with the active administrators, until the end of the transaction: what a member's rights
/// depend on and what depends on them, in the order in which the router locks leads and members. Answers with the administrators. To be
/// called before the member is locked otherwise.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(tx: &Tx, member: MemberId) -> Result<Vec<MemberId>, Failure> {
    tx.execute(const { section(SQL, "lock_leads_of") }, params![member]).await?;
    super::lock_access(tx, member).await
}

/// What a member still has to do.
///
/// # Errors
/// When the database does not answer.
pub async fn count(tx: &Tx, member: MemberId) -> Result<Work, Failure> {
    let row = tx.find(const { section(SQL, "count_work") }, params![member]).await?;
    let row = row.ok_or_else(|| Failure::internal("a count without a row"))?;
    Ok(Work { deals: row.get("deals"), tasks: row.get("tasks"), leads: row.get("leads") })
}

/// Gives all of it to another member, or to nobody; each record's history says so. Closed deals and tasks stay theirs: they did them.
///
/// # Errors
/// When the database does not answer.
pub async fn hand_over(
    tx: &Tx,
    from: MemberId,
    to: Option<MemberId>,
    actor: &Actor,
    request_id: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    let statements =
        const { [section(SQL, "hand_over_leads"), section(SQL, "hand_over_deals"), section(SQL, "hand_over_tasks")] };
    for statement in statements {
        tx.execute(statement, params![from, to, now, tx.tenant(), actor.kind, actor.subject, request_id]).await?;
    }
    Ok(())
}
