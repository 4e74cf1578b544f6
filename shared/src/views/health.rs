//! How the installation is. Public: figures over all tenants, no tenant's data, no address and no reason that could hold one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartStatus {
    Ok,
    /// It works, but somebody should look.
    Degraded,
    /// It does not work.
    Down,
    /// Nobody uses it.
    Unconfigured,
    /// It did not answer in time.
    Unknown,
}

/// How the whole is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HealthView {
    /// `down` only when the database is; events are still accepted then.
    pub status: PartStatus,
    pub checked_at: Timestamp,
    /// The release that answers.
    pub version: &'static str,
    pub database: DatabaseHealth,
    pub queues: Vec<QueueHealth>,
    pub dead_letters: DeadLetterHealth,
    pub outbox: OutboxHealth,
    pub events: PartitionHealth,
    /// Partners by name.
    pub integrations: BTreeMap<String, IntegrationHealth>,
}

/// The database.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DatabaseHealth {
    pub status: PartStatus,
    /// One round trip on the open connection.
    pub latency_ms: Option<f64>,
    /// The last migration that was applied.
    pub migration: Option<i32>,
    /// The migration this release needs.
    pub expected_migration: i32,
}

/// A queue; figures are SQS's, approximate and up to a minute old.
#[derive(Debug, Serialize, JsonSchema)]
pub struct QueueHealth {
    pub name: &'static str,
    pub status: PartStatus,
    /// Messages that a consumer may take now.
    pub waiting: Option<i64>,
    /// Messages that a consumer has taken and not finished.
    pub in_flight: Option<i64>,
    /// Messages that wait for their moment.
    pub delayed: Option<i64>,
}

/// Messages of any queue, and jobs, that were given up and are not in the inbox yet.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeadLetterHealth {
    pub status: PartStatus,
    pub waiting: Option<i64>,
}

/// Messages that were promised to queues and are not there yet.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OutboxHealth {
    pub status: PartStatus,
    /// Counted up to 10,000.
    pub waiting: Option<i64>,
    /// For how long the oldest is due.
    pub oldest_age_seconds: Option<i64>,
}

/// The monthly partitions of the event log.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PartitionHealth {
    pub status: PartStatus,
    /// Months from this one on that have no partition, as `2026-12`.
    pub missing_partitions: Option<Vec<String>>,
    /// Events outside of any month's partition, counted up to 10,000.
    pub default_rows: Option<i64>,
}

/// A partner, over all tenants.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IntegrationHealth {
    pub status: PartStatus,
    /// The latest success.
    pub last_success_at: Option<Timestamp>,
}

impl HealthView {
    /// The whole is down with the database, degraded with any other part, else well.
    pub fn overall(&self) -> PartStatus {
        if self.database.status == PartStatus::Down {
            return PartStatus::Down;
        }
        let queues = self.queues.iter().map(|queue| queue.status);
        let partners = self.integrations.values().map(|partner| partner.status);
        let parts = [self.database.status, self.dead_letters.status, self.outbox.status, self.events.status];
        let well = |status| matches!(status, PartStatus::Ok | PartStatus::Unconfigured);
        if parts.into_iter().chain(queues).chain(partners).all(well) { PartStatus::Ok } else { PartStatus::Degraded }
    }
}

/// Whether somebody can work with it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReadyView {
    /// `ready`; anything else is a 503.
    pub status: &'static str,
    /// The last migration that was applied.
    pub migration: i32,
}
