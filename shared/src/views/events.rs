//! What senders of events are told.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::events::EventInput;
use crate::domain::ids::{DeliveryId, EventId};
use crate::failure::Fault;

/// The body of an ingest request: one event, or up to 500. It only describes; what is accepted is decided event by event.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum IngestBody {
    One(Box<EventInput>),
    Many(#[schemars(length(min = 1, max = 500))] Vec<EventInput>),
}

/// What became of each event of a request.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IngestReply {
    pub accepted: usize,
    pub rejected: usize,
    /// In the order of the request.
    pub receipts: Vec<ReceiptView>,
}

impl IngestReply {
    /// From the verdicts in order.
    pub fn new(accepted: usize, receipts: Vec<ReceiptView>) -> Self {
        Self { accepted, rejected: receipts.len() - accepted, receipts }
    }
}

/// What became of one event.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReceiptView {
    /// Its place in the request, from 0.
    pub index: usize,
    /// The event's id from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<EventId>,
    pub status: ReceiptStatus,
    /// At most 20 an event and 200 an answer: none behind those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// Values that could not be read. The event was taken without them; they are kept in its metadata.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Fault>,
}

/// Whether an event was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptStatus {
    Accepted,
    Rejected,
}

impl ReceiptView {
    /// It is safe and will be processed.
    pub fn accepted(index: usize, id: EventId, warnings: Vec<Fault>) -> Self {
        Self { index, id: Some(id), status: ReceiptStatus::Accepted, errors: Vec::new(), warnings }
    }

    /// It was not taken; everything wrong with it.
    pub fn rejected(index: usize, errors: Vec<Fault>) -> Self {
        Self { index, id: None, status: ReceiptStatus::Rejected, errors, warnings: Vec::new() }
    }
}

/// A webhook that is safe now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeliveryReceipt {
    /// The delivery's id; also that of its first event.
    pub id: DeliveryId,
    pub status: ReceiptStatus,
}

impl DeliveryReceipt {
    /// It is on the queue.
    pub fn accepted(id: DeliveryId) -> Self {
        Self { id, status: ReceiptStatus::Accepted }
    }
}
