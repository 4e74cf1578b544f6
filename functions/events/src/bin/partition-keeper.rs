//! Daily: makes the event partitions of this month and the next three, so that every event finds its place, and throws away what
//! has had its time: answers kept for an `Idempotency-Key` (24 hours), revoked tokens that have expired by themselves, and sessions whose time is over.
//!
//! Safe to run at any time. Events that already wait in the default partition move into the new month.

use std::process::ExitCode;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use shared::store::{jobs, sign_in};
use shared::telemetry::{self, Metric};
use shared::{App, Failure, schedule};

/// This month and three more.
const MONTHS: i32 = 4;

pub fn main() -> ExitCode {
    schedule::job("partition-keeper", handle)
}

#[derive(Serialize)]
struct Done {
    /// Names of the partitions that are new.
    made: Vec<String>,
    /// Events of months that have no partition, counted up to 10,000.
    default_rows: i64,
    /// Answers of `Idempotency-Key`s that were thrown away.
    idempotency_keys: i64,
    /// Revoked tokens that were forgotten.
    revoked_tokens: i64,
    /// Sessions of people whose time is over.
    sessions: i64,
}

async fn handle(app: App, moment: Timestamp) -> Result<Done, Failure> {
    let this_month = moment.to_zoned(TimeZone::UTC).date().first_of_month();
    let made = jobs::ensure_event_partitions(app.database(), this_month, MONTHS).await?;
    let purged = jobs::purge_expired(app.database(), moment).await?;
    let sign_ins = sign_in::purge(app.database(), moment).await?;
    let report = jobs::event_partition_report(app.database(), this_month, MONTHS).await?;
    if !report.missing.is_empty() {
        return Err(Failure::internal(format!("these months still have no partition: {}", report.missing.join(", "))));
    }
    telemetry::metrics(
        app.now(),
        &[
            Metric { name: "PartitionsMade", unit: "Count", value: made.len() as f64 },
            Metric { name: "EventsInDefaultPartition", unit: "Count", value: report.default_rows as f64 },
        ],
    );
    Ok(Done {
        made,
        default_rows: report.default_rows,
        idempotency_keys: purged.idempotency_keys,
        revoked_tokens: purged.revoked_tokens,
        sessions: sign_ins.sessions,
    })
}
