//! Everything Lotse's functions share, in layers that only look down:
//!
//! ```text
//! http  queue  schedule  webhook      the four entry points: a function's `main` is one call into one of them
//! views  messages                     JSON shown to people, JSON put on queues
//! integrations                        partner clients; no vendor name appears below this line
//! store                               all SQL and its row mapping
//! domain                              types and rules
//! ```
//!
//! Invariants, written as absences:
//! - `domain` has no async, no I/O, no clock and no randomness: time and ids are arguments.
//! - No SQL text stands outside `store/*.sql`.
//! - No HTTP status stands outside `http`; a [`Failure`] knows none.
//! - No handler is generic beyond its boundary: entry points box it, so that plumbing is compiled once.

pub mod app;
pub mod config;
pub mod contract;
pub mod domain;
pub mod failure;
pub mod flows;
pub mod http;
pub mod integrations;
pub mod messages;
pub mod passwords;
pub mod queue;
pub mod schedule;
pub mod secrets;
pub mod store;
pub mod telemetry;
pub mod views;
pub mod webhook;

mod environment;

pub use app::App;
pub use failure::{Failure, Fault};
pub use http::auth::{Caller, Scope};
