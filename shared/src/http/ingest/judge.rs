//! Events of API keys and people: one or up to 500 a request, each with a verdict of its own. Pure.

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::domain::events::raw::{self, Batch};
use crate::domain::events::{self, MAX_BATCH, depends_on_country};
use crate::domain::faults::Fault;
use crate::domain::hex;
use crate::domain::identity::Country;
use crate::domain::ids::EventId;
use crate::failure::Failure;
use crate::messages::events::Receipt;
use crate::views::events::{IngestReply, ReceiptView};

/// The most faults and warnings of one answer. What is behind them is judged all the same, but no longer explained.
const MAX_NAMED: usize = 200;

/// A request's events, read but not judged.
pub struct Submitted {
    /// Each by itself: one that cannot be read costs no other.
    events: Vec<Result<Value, Fault>>,
    /// A single object: pointers then have no index.
    single: bool,
}

/// The events to send on, and what the sender is told.
#[derive(Debug)]
pub struct Judged {
    pub accepted: Vec<Receipt>,
    pub reply: IngestReply,
}

/// What events are judged by, besides themselves.
pub struct Bounds<'a> {
    /// The one source the sender may speak for.
    pub source: Option<&'a str>,
    /// None when the tenant is not known; phone numbers that depend on it are then left to the processor.
    pub country: Option<Country>,
    pub idempotency_key: Option<&'a str>,
    pub received_at: Timestamp,
}

impl Submitted {
    /// Reads a body.
    ///
    /// # Errors
    /// `Invalid` when it is not JSON, empty, or has more than 500 events.
    pub fn read(body: &[u8]) -> Result<Self, Failure> {
        let malformed = |reason: &dyn std::fmt::Display| {
            let detail = format!("The body is not JSON: {reason}. Send one event or an array of events.");
            Failure::invalid("", "malformed", detail)
        };
        let body = std::str::from_utf8(body).map_err(|error| malformed(&error))?;
        let Batch { events, single } = raw::split(body).map_err(|error| malformed(&error))?;
        match events.len() {
            1..=MAX_BATCH => Ok(Self { events: events.into_iter().map(raw::parse).collect(), single }),
            0 => Err(Failure::invalid("", "empty", "The array is empty. Send at least one event.")),
            many => Err(Failure::invalid(
                "",
                "too_many",
                format!("The array has {many} events. Send at most {MAX_BATCH} a request."),
            )),
        }
    }

    /// Whether some phone number can only be read with the tenant's country.
    pub fn has_national_phone(&self) -> bool {
        self.events.iter().flatten().any(|event| {
            let phone = event["lead_identifier"]["phone"].as_str().map(|phone| phone.trim().trim_start_matches("tel:"));
            phone.is_some_and(|phone| !phone.starts_with('+'))
        })
    }

    /// Judges every event. `new_id` gives each its receipt.
    ///
    /// # Errors
    /// `Invalid` with the faults when no event is accepted.
    pub fn judge(self, bounds: &Bounds<'_>, mut new_id: impl FnMut() -> Uuid) -> Result<Judged, Failure> {
        let mut accepted = Vec::with_capacity(self.events.len());
        let mut receipts = Vec::with_capacity(self.events.len());
        let mut named = 0;
        let mut bounded = |mut faults: Vec<Fault>| {
            faults.truncate(MAX_NAMED - named);
            named += faults.len();
            faults
        };
        for (index, event) in self.events.into_iter().enumerate() {
            let prefix = if self.single { String::new() } else { format!("/{index}") };
            let id = EventId(new_id());
            let mut event = match event {
                Ok(event) => event,
                Err(fault) => {
                    receipts.push(ReceiptView::rejected(index, bounded(vec![fault.within(&prefix)])));
                    continue;
                }
            };
            if let (Some(key), Value::Object(fields)) = (bounds.idempotency_key, &mut event) {
                name_by_key(fields, key, index);
            }
            let arrival = events::Arrival {
                id,
                received_at: bounds.received_at,
                source: bounds.source,
                default_country: bounds.country.unwrap_or_default(),
            };
            match events::validate(&event, &prefix, &arrival) {
                Err(faults) if !(bounds.country.is_none() && faults.iter().all(depends_on_country)) => {
                    receipts.push(ReceiptView::rejected(index, bounded(faults)));
                }
                judged => {
                    let mut warnings = judged.map(|valid| valid.warnings).unwrap_or_default();
                    // Whether a national number can be read is not known yet.
                    warnings.retain(|warning| bounds.country.is_some() || !warning.pointer.ends_with("/phone"));
                    receipts.push(ReceiptView::accepted(index, id, bounded(warnings)));
                    accepted.push(Receipt::of(id, &event)?);
                }
            }
        }
        if accepted.is_empty() {
            return Err(Failure::Invalid(receipts.into_iter().flat_map(|receipt| receipt.errors).collect()));
        }
        Ok(Judged { reply: IngestReply::new(accepted.len(), receipts), accepted })
    }
}

/// An event that nothing else makes recognisable is recognised by the request's `Idempotency-Key`, its place in it and what it says,
/// so that sending the request again counts once, and another request with the same key is not taken for it.
fn name_by_key(event: &mut Map<String, Value>, key: &str, index: usize) {
    let absent = |name: &str| event.get(name).is_none_or(Value::is_null);
    if !absent("external_id") || !absent("occurred_at") {
        return;
    }
    let said = serde_json::to_string(event).unwrap_or_default();
    let digest = Sha256::digest(format!("{index}\n{key}\n{said}").as_bytes());
    event.insert("external_id".to_owned(), Value::from(format!("idempotency-key:{}", hex::encode(&digest))));
}

#[cfg(test)]
mod tests;
