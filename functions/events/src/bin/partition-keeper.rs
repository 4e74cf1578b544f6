//! Daily: makes the event partitions of this month and the next three and of every month that has events without one, while events go
//! on being read and written, and throws away what has had its time: answers kept for an `Idempotency-Key` (24 hours), revoked tokens
//! that have expired by themselves, sessions whose time is over, deliveries in the inbox (open 90 days, done 30, of nobody 7), what told
//! members of something (read 30 days, unread 90), and secrets of webhooks whose rotation is over. Says how much strangers sent in the
//! last day.
//!
//! Safe to run at any time; a run that was interrupted is ended by the next.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use shared::flows::partitions;
use shared::store::{inbox, jobs, notifications, sign_in, tenants};
use shared::telemetry::metrics::{EVENTS_IN_DEFAULT_PARTITION, EVENTS_MOVED, PARTITIONS_MADE, STRANGER_BYTES_OF_DAY};
use shared::{App, Failure, schedule, store};

/// This month and three more.
const MONTHS: i32 = 4;

/// Well below the function's time limit; the next run goes on.
const ENOUGH: Duration = Duration::from_secs(200);

pub fn main() -> ExitCode {
    schedule::job("partition-keeper", handle)
}

#[derive(Serialize)]
struct Done {
    /// Names of the partitions that are new.
    made: Vec<String>,
    /// Events that moved out of the default partition.
    moved: i64,
    /// Events of months that have no partition, counted up to 10,000.
    default_rows: i64,
    /// Answers of `Idempotency-Key`s that were thrown away.
    idempotency_keys: i64,
    /// Revoked tokens that were forgotten.
    revoked_tokens: i64,
    /// Sessions of people whose time is over.
    sessions: i64,
    /// Deliveries of the inbox that were thrown away.
    inbox: i64,
    /// Notifications that were thrown away.
    notifications: i64,
    /// Secrets of webhooks that were forgotten because their rotation is over.
    secrets: i32,
    /// Deliveries with a token nobody has, in the last day.
    stranger_deliveries: i64,
}

async fn handle(app: App, moment: Timestamp) -> Result<Done, Failure> {
    let this_month = moment.to_zoned(TimeZone::UTC).date().first_of_month();
    // Should others leave it no moment, the rest has its turn all the same.
    let kept = partitions::keep(&app, this_month, MONTHS, Instant::now() + ENOUGH).await;
    let purged = jobs::purge_expired(app.database(), moment).await?;
    let sign_ins = sign_in::purge(app.database(), moment).await?;
    let inbox = inbox::purge(app.database(), moment).await?;
    let notifications = notifications::purge(app.database(), moment).await?;
    let secrets = tenants::end_rotations(app.database(), moment).await?;
    let strangers = inbox::strangers_of_day(app.database(), moment).await?;
    let kept = kept?;
    let report = store::partitions::report(app.database(), this_month, MONTHS, moment).await?;
    if !report.missing.is_empty() {
        return Err(Failure::internal(format!("these months still have no partition: {}", report.missing.join(", "))));
    }
    PARTITIONS_MADE.count_of(kept.made.len());
    EVENTS_MOVED.add(kept.moved as f64);
    EVENTS_IN_DEFAULT_PARTITION.add(report.default_rows as f64);
    STRANGER_BYTES_OF_DAY.add(strangers.bytes as f64);
    Ok(Done {
        made: kept.made,
        moved: kept.moved,
        default_rows: report.default_rows,
        idempotency_keys: purged.idempotency_keys,
        revoked_tokens: purged.revoked_tokens,
        sessions: sign_ins.sessions,
        inbox,
        notifications,
        secrets,
        stranger_deliveries: strangers.deliveries,
    })
}
