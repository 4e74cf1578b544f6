//! The lock on leads, and the order in which everybody takes locks.
//!
//! Who changes a lead, or what hangs on it (its deals, its tasks, its standing), locks the lead first and reads afterwards, so that
//! nothing changes in between. Locks are taken in this order, and several of one kind in the order of their ids; then nobody waits in a
//! circle:
//!
//! | | what | who takes it |
//! |---|---|---|
//! | 0 | a change of many records that is undone | undoing it |
//! | 1 | the rules (`rules:` of the tenant) | the event path and changes by hand share it; the end of a walk through all leads waits for all of them |
//! | 2 | identifiers, by the unique key | the event path, for the people of a batch; changes by hand, for what they add (what they take away waits for nobody) |
//! | 3 | leads | whoever changes one, or what hangs on it |
//! | 4 | members of the team | routing, to give out work; the team's endpoints, behind the leads of a member whose rights change |
//! | 5 | stages | moves into one stage take turns; of several at once, in the order of ids |
//! | 6 | deals | moving, closing, giving away; after their leads |
//! | 7 | tasks | ticking off, reminding |
//! | 8 | effects, then the rate budgets of their partner | workers |

use super::super::Tx;
use super::super::event_path::{self, LoadedLead};
use crate::domain::ids::LeadId;
use crate::failure::Failure;

/// Locks leads until the end of this transaction, in the order of their ids, and reads them as they are then: those that exist.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(tx: &Tx, ids: &[LeadId]) -> Result<Vec<LoadedLead>, Failure> {
    event_path::lock_and_load(tx, ids).await
}

/// Locks one lead and reads it.
///
/// # Errors
/// `NotFound` when the tenant has no such lead.
pub async fn lock_one(tx: &Tx, id: LeadId) -> Result<LoadedLead, Failure> {
    lock(tx, &[id]).await?.pop().ok_or_else(|| Failure::not_found("lead"))
}
