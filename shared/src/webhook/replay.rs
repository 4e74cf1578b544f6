//! Inbox rows of deliveries, and the way back: a row becomes the message it was.
//!
//! A row that names a queue holds a whole message, which goes back onto that queue letter for letter. A row without one holds a
//! webhook's raw body; what else belongs to the delivery stands in the row's headers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Park, redact};
use crate::domain::ids::{DeliveryId, TenantId};
use crate::failure::Failure;
use crate::messages::events::{Delivery, Inbound, Verdict, Via};
use crate::queue::sender::MAX_BODY;
use crate::store::inbox::{Kept, Parked};

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

/// The headers of a row as people may see them.
pub fn shown_headers(stored: &Value) -> BTreeMap<String, String> {
    let envelope = Envelope::deserialize(stored).unwrap_or_default();
    redact::shown_headers(&envelope.headers)
}

/// What a row becomes on a queue again: the queue and the message. `Err` says why it cannot be sent.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn message(row: &Kept, tenant: TenantId) -> Result<Result<(&'static str, Box<RawValue>), &'static str>, Failure> {
    let (queue, body) = match row.queue.as_deref() {
        Some(name) => {
            let Some(queue) = ["events", "routing", "slack", "reminders"].into_iter().find(|queue| *queue == name) else {
                return Ok(Err("unknown_queue"));
            };
            let Ok(body) = RawValue::from_string(row.body.clone()) else { return Ok(Err("not_json")) };
            (queue, body)
        }
        None => {
            let Ok(envelope) = Envelope::deserialize(&row.headers) else { return Ok(Err("incomplete")) };
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
            ("events", body)
        }
    };
    if body.get().len() > MAX_BODY {
        return Ok(Err("too_large"));
    }
    Ok(Ok((queue, body)))
}
