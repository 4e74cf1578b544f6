//! What is put aside: deliveries that could not be used, messages that were given up, and the way back.

pub mod dead_letters;
pub mod replay;

use schemars::JsonSchema;
use serde::Serialize;
use tracing::error_span;
use uuid::Uuid;

use crate::domain::hex;
use crate::domain::ids::TenantId;
use crate::failure::Failure;
use crate::messages::events::{Delivery, Verdict};
use crate::store::Database;
use crate::store::inbox::{self, Parked, Stranger};
use crate::telemetry::step;

/// A delivery to be put aside, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Park {
    pub tenant: Option<TenantId>,
    /// A stable word.
    pub reason: String,
    /// A sentence for people.
    pub detail: String,
    /// Whether its check was passed: a replay then does not ask for it again, since secrets change.
    pub checked: bool,
}

/// Puts a delivery aside. One of a stranger, who was told so, is only counted; what was taken because nobody could look whose it is, is
/// kept even if it turns out to be nobody's.
///
/// # Errors
/// When the database does not answer.
pub async fn put_aside(db: &Database, delivery: &Delivery, park: &Park) -> Result<(), Failure> {
    let span = error_span!("put_aside", delivery_id = %delivery.id, source = delivery.source, why = park.reason);
    let aside = async {
        if !matches!(delivery.verdict, Verdict::Rejected { tenant_id: None, .. }) {
            inbox::park(db, &[park.row(delivery)]).await?;
            return Ok(());
        }
        inbox::note_stranger(db, &stranger(delivery, &park.reason, delivery.body.len())).await
    };
    step(span, aside).await
}

/// A delivery that belongs to nobody. `bytes` is the size of what came.
pub fn stranger<'a>(delivery: &'a Delivery, reason: &'a str, bytes: usize) -> Stranger<'a> {
    Stranger {
        source: &delivery.source,
        token_hash: delivery.token_hash.as_deref().and_then(hex::decode_hash),
        reason,
        body: &delivery.body,
        bytes,
        received_at: delivery.received_at,
    }
}

impl Park {
    /// The inbox row of this delivery: the raw body, and beside it everything a replay needs.
    pub fn row(&self, delivery: &Delivery) -> Parked {
        replay::row(self, delivery)
    }
}

/// What became of a replay.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Replayed {
    /// Deliveries that are on their queue again.
    pub replayed: usize,
    pub skipped: Vec<Skipped>,
    /// Deliveries of the same choice that are still open: one request takes a limited number and size. Send it again.
    pub remaining: i64,
}

/// A delivery that stays where it is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Skipped {
    pub id: Uuid,
    /// `not_found`, `not_open` (replayed or discarded already), `unknown_queue`, `not_json`, `incomplete`, `damaged` (bytes
    /// that were no text are lost; have it sent again) or `too_large`.
    pub reason: &'static str,
}
