//! Events of API keys and people onto the queue, with a verdict per event; also while the database is away.
//!
//! | module | what |
//! |---|---|
//! | [`origin`] | who sends, as far as the database allows to know, and their events onto the queue |
//! | [`judge`] | the verdict on each event |
//! | [`repeat`] | the same `Idempotency-Key`, the same answer |

pub mod judge;
pub mod origin;
pub mod repeat;

use super::reply::{Accepted, RawReply, Reply};
use crate::failure::Failure;
use crate::views::events::IngestReply;

/// The answer to an ingest request: a new one, or the one that an earlier request with the same `Idempotency-Key` got.
pub struct Ingested(pub RawReply);

impl Ingested {
    /// A new answer.
    ///
    /// # Errors
    /// `Internal` when it cannot be written as JSON.
    pub fn new(reply: IngestReply) -> Result<Self, Failure> {
        Accepted(reply).into_raw().map(Self)
    }
}

impl Reply for Ingested {
    const STATUS: u16 = 202;

    fn schema() -> Option<serde_json::Value> {
        Accepted::<IngestReply>::schema()
    }

    fn into_raw(self) -> Result<RawReply, Failure> {
        Ok(self.0)
    }
}
