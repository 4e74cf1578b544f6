//! What several functions do the same way: a batch of events into scores, leads into pipelines. Functions call these; these
//! call the pure domain and the store, and nothing here knows HTTP or SQS.

pub mod account_mails;
mod alerts;
pub mod batch;
pub mod bulk;
pub mod deals;
pub mod deliveries;
pub mod effects;
pub mod event_path;
pub mod inbox;
pub mod intake;
pub mod keys;
pub mod partitions;
pub mod passwords;
pub mod relay;
pub mod reminders;
pub mod routing;
pub mod tenants;
mod texts;
