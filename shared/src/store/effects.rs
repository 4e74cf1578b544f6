//! The effects ledger: everything done outside is a row keyed by (tenant, kind, cause, target), so that it happens once.

use jiff::Timestamp;
use serde_json::Value;

use super::Tx;
use super::outbox;
use super::sql::{Written, params, section};
use crate::domain::ids::{EffectId, LeadId};
use crate::failure::Failure;
use crate::messages::EffectDue;

const SQL: &str = include_str!("effects.sql");

/// Whose calls go first when a partner takes few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// What is caught up on: half of the budget stays free beside it.
    Backfill,
    /// What follows from something that happened: a fifth stays free.
    Webhook,
    /// A person waits for it.
    User,
}

impl Priority {
    /// As the ledger spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backfill => "backfill",
            Self::Webhook => "webhook",
            Self::User => "user",
        }
    }

    pub(super) fn parse(text: &str) -> Self {
        match text {
            "backfill" => Self::Backfill,
            "user" => Self::User,
            _ => Self::Webhook,
        }
    }
}

/// Something to do outside, once.
#[derive(Debug, Clone)]
pub struct NewEffect {
    pub id: EffectId,
    /// What is done: `<partner>.<verb>`.
    pub kind: &'static str,
    /// Why: `decision:<id>`, `tier:<lead>:<tier>:<moment>`. The same cause is the same effect.
    pub cause: String,
    /// Where: a channel, a record at the partner. Effects at one target are done in the order they were written.
    pub target: String,
    pub lead: Option<LeadId>,
    /// What is to be done, complete: nothing is looked up later but the answer of what it needs.
    pub payload: Value,
    pub priority: Priority,
    /// It waits at least until then.
    pub not_before: Option<Timestamp>,
    /// It waits for this effect, and reads its answer.
    pub needs: Option<EffectId>,
    /// Who asked for it: a member's or a key's id, or `machine`.
    pub asked_by: String,
}

impl NewEffect {
    /// What the machine decided because of something that happened, to be done at once.
    pub fn new(id: EffectId, kind: &'static str, cause: String, target: String, payload: Value) -> Self {
        Self {
            id,
            kind,
            cause,
            target,
            lead: None,
            payload,
            priority: Priority::Webhook,
            not_before: None,
            needs: None,
            asked_by: "machine".to_owned(),
        }
    }
}

/// Writes effects that are not there yet, and promises those that may be done now to their partner's queue, which is named like the
/// partner. Nothing is written when the tenant does not use the partner. What an effect needs must be written before.
///
/// # Errors
/// When the database does not answer.
pub async fn insert(tx: &Tx, queue: &'static str, effects: &[NewEffect], now: Timestamp) -> Result<(), Failure> {
    if effects.is_empty() {
        return Ok(());
    }
    let ids: Vec<EffectId> = effects.iter().map(|effect| effect.id).collect();
    let kinds: Vec<&str> = effects.iter().map(|effect| effect.kind).collect();
    let causes: Vec<&str> = effects.iter().map(|effect| effect.cause.as_str()).collect();
    let targets: Vec<&str> = effects.iter().map(|effect| effect.target.as_str()).collect();
    let leads: Vec<Option<LeadId>> = effects.iter().map(|effect| effect.lead).collect();
    let payloads: Vec<Written<&Value>> = effects.iter().map(|effect| Written(&effect.payload)).collect();
    let priorities: Vec<&str> = effects.iter().map(|effect| effect.priority.as_str()).collect();
    let not_before: Vec<Option<Timestamp>> = effects.iter().map(|effect| effect.not_before).collect();
    let needs: Vec<Option<EffectId>> = effects.iter().map(|effect| effect.needs).collect();
    let asked_by: Vec<&str> = effects.iter().map(|effect| effect.asked_by.as_str()).collect();
    let rows = tx
        .query(
            const { section(SQL, "insert") },
            params![
                tx.tenant(),
                ids,
                kinds,
                causes,
                targets,
                leads,
                payloads,
                priorities,
                not_before,
                needs,
                asked_by,
                now,
                queue
            ],
        )
        .await?;
    let due: Vec<EffectDue> = rows
        .iter()
        .filter(|row| row.get::<_, &str>("status") == "pending")
        .map(|row| EffectDue {
            tenant_id: tx.tenant(),
            effect_id: row.get("id"),
            due_at: Some(row.get("next_attempt_at")),
        })
        .collect();
    outbox::put(tx, queue, &due, now).await
}

/// The effect that is already there for the same reason at the same place; none when there is none, which after [`insert`] means
/// that the tenant does not use the partner.
///
/// # Errors
/// When the database does not answer.
pub async fn find_same(tx: &Tx, effect: &NewEffect) -> Result<Option<EffectId>, Failure> {
    let row = tx.find(const { section(SQL, "find_same") }, params![effect.kind, effect.cause, effect.target]).await?;
    Ok(row.map(|row| row.get("id")))
}
