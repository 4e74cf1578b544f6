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

/// Something to do outside, once.
#[derive(Debug, Clone)]
pub struct NewEffect {
    pub id: EffectId,
    /// What is done: `slack_message`.
    pub kind: &'static str,
    /// Why: `decision:<id>`, `tier:<lead>:<tier>:<moment>`.
    pub cause: String,
    /// Where: a channel, a record at the partner.
    pub target: String,
    pub lead: Option<LeadId>,
    pub payload: Value,
}

/// Writes effects that are not there yet, and promises the new ones to their partner's queue, which is named like the partner.
/// Nothing is written when the tenant does not use the partner.
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
    let rows = tx
        .query(
            const { section(SQL, "insert") },
            params![tx.tenant(), ids, kinds, causes, targets, leads, payloads, now, queue],
        )
        .await?;
    let due: Vec<EffectDue> =
        rows.iter().map(|row| EffectDue { tenant_id: tx.tenant(), effect_id: row.get("id") }).collect();
    outbox::put(tx, queue, &due, now).await
}
