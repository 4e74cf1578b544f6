//! All SQL and its row mapping. Statements stand in `store/<area>.sql`; here is one function of the same name for each.
//!
//! Every function takes a [`Tx`], which has entered its tenant: row security does the filtering, so no statement repeats it.

pub mod account_mails;
pub mod address;
pub mod audit;
pub mod auth;
pub mod bulk;
pub mod choice;
pub mod database;
pub mod deals;
pub mod effects;
pub mod effects_work;

pub mod event_path;
pub mod health;
pub mod idempotency;
pub mod ids;
pub mod inbox;
pub mod jobs;
pub mod leads;
pub mod migrations;
pub mod names;
pub mod notifications;
pub mod outbox;
pub mod partitions;
pub mod partners;
pub mod pipelines;
pub mod preferences;
pub mod reminders;
pub mod routing;
pub mod rules;
pub mod saved_views;
pub mod scoring;
pub mod scoring_rules;
pub mod settings;
pub mod sign_in;
pub mod sql;
pub mod tasks;
pub mod team;
pub mod tenants;
pub mod window;

mod error;
mod iam;
mod tls;

pub use database::{Database, Promise, Tx};
