//! What is put aside: deliveries that could not be used, messages that were given up, and the way back.

pub mod dead_letters;
pub mod replay;

use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::ids::TenantId;
use crate::messages::events::Delivery;
use crate::store::inbox::Parked;

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
    /// `not_found`, `not_open` (replayed or discarded already), `unknown_queue`, `not_json`, `incomplete` or `too_large`.
    pub reason: &'static str,
}
