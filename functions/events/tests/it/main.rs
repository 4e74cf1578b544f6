//! Receivers, the event path and its housekeeping, tested as the deployed executables.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends in a panic that says where")]
#![allow(clippy::disallowed_methods, reason = "tests stand outside, where the clock is")]

mod dlq_keeper;
mod event_processor;
mod events_ingest;
mod events_webhook;
mod given_up;
mod inbox_list;
mod inbox_replay;
mod outbox_relay;
mod partition_keeper;
