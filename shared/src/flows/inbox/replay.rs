//! Inbox rows of deliveries, and the way back: a row becomes the message it was.
//!
//! A row that names a queue holds a whole message, which goes back onto that queue letter for letter. A row without one holds a
//! webhook's raw body; what else belongs to the delivery stands in the row's headers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tracing::error_span;
use uuid::Uuid;

use super::{Park, Replayed, Skipped};
use crate::aws::queues::MAX_BODY;
use crate::domain::ids::{DeliveryId, TenantId};
use crate::failure::Failure;
use crate::flows::deliveries::verify::{BODY_SECRET_HASH, SIGNATURE};
use crate::flows::deliveries::{RELEASED, Rejection, SPAM};
use crate::messages::events::{Delivery, Inbound, Verdict, Via};
use crate::messages::queues;
use crate::store::inbox::{self, Kept, Parked};
use crate::store::{Tx, outbox};
use crate::telemetry::step;

/// The most rows one replay takes.
pub const MAX_ROWS: usize = 1000;
/// The most bytes of bodies one replay takes: a function has 256 MB.
const MAX_BYTES: i64 = 16 * 1024 * 1024;

/// Which rows to replay.
#[derive(Debug)]
pub enum Selection {
    Named(Vec<Uuid>),
    /// The open ones of a source, received from `from` on and before `to`.
    Range {
        source: String,
        from: Timestamp,
        to: Timestamp,
    },
}

/// Puts the chosen open rows into the outbox and marks them. Answers with what the caller is told, and the ids of those rows.
///
/// # Errors
/// `NotFound` when none of the named rows exists, and when the database does not answer.
pub async fn replay(tx: &Tx, choice: &Selection, now: Timestamp) -> Result<(Replayed, Vec<Uuid>), Failure> {
    let mut skipped = Vec::new();
    let mut remaining = 0;
    let rows = match choice {
        Selection::Named(ids) => {
            let claim = inbox::claim_named(tx, ids, MAX_BYTES);
            let rows = step(error_span!("claim", rows = ids.len()), claim).await?;
            let fitting: BTreeSet<Uuid> = rows.iter().map(|row| row.id).collect();
            let others: BTreeSet<Uuid> = ids.iter().copied().filter(|id| !fitting.contains(id)).collect();
            let others: Vec<Uuid> = others.into_iter().collect();
            let existing = if others.is_empty() { BTreeSet::new() } else { inbox::existing(tx, &others).await? };
            remaining = i64::try_from(existing.len()).unwrap_or(i64::MAX);
            skipped.extend(
                others.into_iter().filter(|id| !existing.contains(id)).map(|id| Skipped { id, reason: "not_found" }),
            );
            if rows.is_empty() {
                return Err(Failure::not_found("delivery"));
            }
            rows
        }
        Selection::Range { source, from, to } => {
            let limit = i64::try_from(MAX_ROWS).unwrap_or(i64::MAX);
            let claim = inbox::claim_range(tx, source, *from, *to, limit, MAX_BYTES);
            step(error_span!("claim", source), claim).await?
        }
    };
    let mut sent = Vec::with_capacity(rows.len());
    let mut messages: BTreeMap<&'static str, Vec<Box<RawValue>>> = BTreeMap::new();
    for row in &rows {
        if row.status != "open" {
            skipped.push(Skipped { id: row.id, reason: "not_open" });
            continue;
        }
        match message(row, tx.tenant(), matches!(choice, Selection::Named(_)))? {
            Ok((queue, body)) => {
                messages.entry(queue).or_default().push(body);
                sent.push(row.id);
            }
            Err(reason) => skipped.push(Skipped { id: row.id, reason }),
        }
    }
    for (queue, messages) in messages {
        outbox::put(tx, queue, &messages, now).await?;
    }
    if !sent.is_empty() {
        inbox::mark_replayed(tx, &sent, now).await?;
    }
    if let Selection::Range { source, from, to } = choice {
        // The unusable ones are open still, and told apart in `skipped`.
        let unusable = i64::try_from(skipped.len()).unwrap_or(i64::MAX);
        remaining = inbox::count_open_range(tx, source, *from, *to).await? - unusable;
    }
    Ok((Replayed { replayed: sent.len(), skipped, remaining }, sent))
}

/// What a row keeps of a delivery beside its body.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Envelope {
    via: Via,
    token_hash: Option<String>,
    checked: bool,
    headers: BTreeMap<String, String>,
}

pub(super) fn row(park: &Park, delivery: &Delivery) -> Parked {
    let envelope = Envelope {
        via: delivery.via,
        token_hash: delivery.token_hash.clone(),
        checked: park.checked,
        headers: delivery.headers.clone(),
    };
    Parked {
        id: delivery.id.0,
        tenant: park.tenant.map(|tenant| tenant.0),
        kind: "quarantine",
        source: delivery.source.clone(),
        queue: None,
        reason: park.reason.clone(),
        detail: park.detail.clone(),
        body: delivery.body.clone(),
        // A map of plain values can always be written.
        headers: serde_json::to_value(&envelope).unwrap_or_default(),
        received_at: delivery.received_at,
    }
}

/// The headers of a row as people may see them: without what proves a sender.
pub fn shown_headers(stored: &Value) -> BTreeMap<String, String> {
    let envelope = Envelope::deserialize(stored).unwrap_or_default();
    let ours = [SIGNATURE, BODY_SECRET_HASH, RELEASED];
    envelope.headers.into_iter().filter(|(name, _)| !ours.contains(&name.as_str())).collect()
}

/// What a row becomes on a queue again: the queue and the message. `Err` says why it cannot be sent. Whoever names a row has looked at
/// it: what was taken for a program's form passes then.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn message(
    row: &Kept,
    tenant: TenantId,
    named: bool,
) -> Result<Result<(&'static str, Box<RawValue>), &'static str>, Failure> {
    let (queue, body) = match row.queue.as_deref() {
        Some(name) => {
            let Some(queue) = queues::find(name).filter(|queue| queue.has_consumer()) else {
                return Ok(Err("unknown_queue"));
            };
            let Ok(body) = RawValue::from_string(row.body.clone()) else {
                return Ok(Err("not_json"));
            };
            (queue.name, body)
        }
        // What was no text stands here with signs in the place of bytes that are lost: it would make them what was sent.
        None if row.reason == Rejection::NotText.as_str() => return Ok(Err("damaged")),
        None => {
            let Ok(mut envelope) = Envelope::deserialize(&row.headers) else {
                return Ok(Err("incomplete"));
            };
            if named && row.reason == SPAM {
                envelope.headers.insert(RELEASED.to_owned(), String::new());
            }
            let delivery = Delivery {
                id: DeliveryId(row.id),
                via: envelope.via,
                source: row.source.clone(),
                token_hash: envelope.token_hash,
                verdict: match envelope.checked {
                    true => Verdict::Proven { tenant_id: tenant },
                    false => Verdict::Unproven,
                },
                headers: envelope.headers,
                body: row.body.clone(),
                received_at: row.received_at,
            };
            let body = serde_json::value::to_raw_value(&Inbound::Delivery(delivery)).map_err(Failure::internal)?;
            (queues::EVENTS, body)
        }
    };
    if body.get().len() > MAX_BODY {
        return Ok(Err("too_large"));
    }
    Ok(Ok((queue, body)))
}

#[cfg(test)]
mod tests;
