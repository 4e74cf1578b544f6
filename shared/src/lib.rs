//! Everything Lotse's functions share, on floors: a module uses only what stands below it.
//!
//! <!-- floors: written by `cargo dev generate` from infra/src/check/floors.rs -->
//! ```text
//! webhook                                             the entry point of webhooks
//! http  queue  schedule                               the other three: a function's `main` is one call into one of them
//! views                                               JSON shown to people
//! flows                                               what several functions do the same way; knows neither HTTP nor SQS
//! app                                                 what a function has at hand
//! aws  integrations                                   queues and schedules; partner clients
//! store                                               all SQL and its row mapping; knows no vendor
//! messages                                            JSON put on queues, and the queues
//! contract  passwords  secrets  telemetry  tokens     tools of everything above
//! config                                              typed configuration
//! environment  failure                                variables; the one failure type
//! domain                                              types and rules; pure
//! ```
//! <!-- end of floors -->
//!
//! Invariants, written as absences:
//! - `domain` has no async, no I/O, no clock and no randomness: time and ids are arguments.
//! - No SQL text stands outside `store/*.sql`.
//! - No HTTP status stands outside `http`; a [`Failure`] knows none.
//! - No handler is generic beyond its boundary: entry points box it, so that plumbing is compiled once.

pub mod app;
pub mod aws;
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
pub mod tokens;
pub mod views;
pub mod webhook;

mod environment;

pub use app::App;
pub use domain::access::{Caller, Scope};
pub use failure::{Failure, Fault};
