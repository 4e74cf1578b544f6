//! The entry point of webhooks: a delivery onto the queue, proven, unproven (the database is away) or rejected, never dropped. What it
//! means is worked out later, by [`crate::flows::deliveries`].

mod receive;

pub use receive::{MAX_DELIVERY, Token, receive};
