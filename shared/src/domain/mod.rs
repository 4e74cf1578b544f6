//! The marketing engine: what an event means, who it belongs to, what it is worth and where a lead goes.
//!
//! Everything here is a pure function of its arguments. There is no async, no I/O, no clock (`now` is an argument), no
//! randomness (ids are arguments) and no knowledge of HTTP, SQL or queues in this layer. The same event log, rule-set
//! version and clock give the same result, whatever the delivery order, the batch size or the number of redeliveries.

pub mod access;
pub mod codes;
pub mod conditions;
pub mod daily;
pub mod defaults;
pub mod engine;
pub mod events;
pub mod excerpt;
pub mod faults;
#[cfg(test)]
mod fixtures;
pub mod hex;
pub mod identity;
pub mod ids;
pub mod intent;
pub mod moments;
pub mod numbers;
pub mod passwords;
pub mod profile;
mod read;
pub mod redact;
pub mod routing;
pub mod scoring;
pub mod search;
pub mod settings;
pub mod text;
