//! What `/health` looks at. Every part has its own short time-out and its own answer, so that one that hangs hides no other; all
//! together take less than three seconds.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use shared::aws::depth;
use shared::messages::queues::{self, DEAD_LETTERS};
use shared::store::{self, health, migrations};
use shared::views::health::{
    DatabaseHealth, DeadLetterHealth, HealthView, IntegrationHealth, OutboxHealth, PartStatus, PartitionHealth,
    QueueHealth,
};
use shared::{App, Failure};

/// For opening a connection and one round trip on it, and for SQS.
const REACH: Duration = Duration::from_millis(1600);
/// For the questions to a database that answers.
const ASK: Duration = Duration::from_millis(1000);

/// An outbox row waits a minute at most: the relay runs every minute.
const OUTBOX_PATIENCE_SECONDS: i64 = 300;

/// This month and the next two: the third to come may be missing until the day's run of the keeper.
const MONTHS: i32 = 3;

/// By then the keeper's daily run has moved an event whose month had no partition. One that is younger is no fault: anybody may send
/// the first event of a month two years ago.
const KEEPERS_TURN: SignedDuration = SignedDuration::from_hours(26);

/// Partners of this release: shown also while nobody uses them.
const PARTNERS: [&str; 1] = ["slack"];

/// Looks at everything.
pub async fn all(app: &App, now: Timestamp) -> HealthView {
    let on_queues = join(join_all(queues::consumed().map(|queue| on_queue(queue.name))), on_dead_letters());
    let ((database, outbox, events, integrations), (queues, dead_letters)) =
        join(in_database(app, now), on_queues).await;
    let mut view = HealthView {
        status: PartStatus::Ok,
        checked_at: now,
        version: env!("CARGO_PKG_VERSION"),
        database,
        queues,
        dead_letters,
        outbox,
        events,
        integrations,
    };
    view.status = view.overall();
    view
}

/// The answer, unless it fails or takes too long; why stands in the log only.
async fn within<T>(part: &str, limit: Duration, check: impl Future<Output = Result<T, Failure>>) -> Option<T> {
    match tokio::time::timeout(limit, check).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(failure)) => {
            tracing::warn!(part, reason = %failure, "does not answer");
            None
        }
        Err(_) => {
            tracing::warn!(part, limit_ms = limit.as_millis(), "did not answer in time");
            None
        }
    }
}

type InDatabase = (DatabaseHealth, OutboxHealth, PartitionHealth, BTreeMap<String, IntegrationHealth>);

async fn in_database(app: &App, now: Timestamp) -> InDatabase {
    let latency = within("database", REACH, async {
        app.database().client().await?;
        let started = Instant::now();
        health::ping(app.database()).await?;
        Ok(started.elapsed().as_secs_f64() * 1e3)
    });
    let expected_migration = migrations::latest();
    let Some(latency) = latency.await else {
        let database =
            DatabaseHealth { status: PartStatus::Down, latency_ms: None, migration: None, expected_migration };
        return (database, outbox(None, now), partitions(None), partners(None));
    };
    let month = now.to_zoned(TimeZone::UTC).date();
    let (migration, (outbox_report, (partition_report, partner_report))) = join(
        within("migrations", ASK, migrations::current(app.database())),
        join(
            within("outbox", ASK, health::outbox_report(app.database(), now)),
            join(
                within("partitions", ASK, store::partitions::report(app.database(), month, MONTHS, now - KEEPERS_TURN)),
                within("integrations", ASK, health::integration_report(app.database())),
            ),
        ),
    )
    .await;
    let database = DatabaseHealth {
        status: match migration {
            None => PartStatus::Unknown,
            // A newer database is fine: migrations expand first and contract later.
            Some(version) if version >= expected_migration => PartStatus::Ok,
            Some(_) => PartStatus::Degraded,
        },
        latency_ms: Some((latency * 100.0).round() / 100.0),
        migration,
        expected_migration,
    };
    (database, outbox(outbox_report, now), partitions(partition_report), partners(partner_report))
}

fn outbox(report: Option<health::OutboxReport>, now: Timestamp) -> OutboxHealth {
    let Some(report) = report else {
        return OutboxHealth { status: PartStatus::Unknown, waiting: None, oldest_age_seconds: None };
    };
    let age = report.oldest_due_at.map(|due| (now.as_second() - due.as_second()).max(0));
    let late = age.is_some_and(|age| age > OUTBOX_PATIENCE_SECONDS);
    OutboxHealth {
        status: if late { PartStatus::Degraded } else { PartStatus::Ok },
        waiting: Some(report.waiting),
        oldest_age_seconds: age,
    }
}

fn partitions(report: Option<store::partitions::Report>) -> PartitionHealth {
    let Some(report) = report else {
        return PartitionHealth { status: PartStatus::Unknown, missing_partitions: None, default_rows: None };
    };
    let well = report.missing.is_empty() && report.late_rows == 0;
    PartitionHealth {
        status: if well { PartStatus::Ok } else { PartStatus::Degraded },
        missing_partitions: Some(report.missing),
        default_rows: Some(report.default_rows),
    }
}

fn partners(report: Option<Vec<health::IntegrationReport>>) -> BTreeMap<String, IntegrationHealth> {
    let absent = if report.is_some() { PartStatus::Unconfigured } else { PartStatus::Unknown };
    let mut partners: BTreeMap<String, IntegrationHealth> = PARTNERS
        .iter()
        .map(|name| ((*name).to_owned(), IntegrationHealth { status: absent, last_success_at: None }))
        .collect();
    for partner in report.into_iter().flatten() {
        let status = match partner.status.as_str() {
            "ok" => PartStatus::Ok,
            "down" => PartStatus::Down,
            _ => PartStatus::Degraded,
        };
        partners.insert(partner.name, IntegrationHealth { status, last_success_at: partner.last_success_at });
    }
    partners
}

async fn on_queue(queue: &'static str) -> QueueHealth {
    let depth = within(queue, REACH, depth::of(queue)).await;
    QueueHealth {
        name: queue,
        status: if depth.is_some() { PartStatus::Ok } else { PartStatus::Unknown },
        waiting: depth.map(|depth| depth.waiting),
        in_flight: depth.map(|depth| depth.in_flight),
        delayed: depth.map(|depth| depth.delayed),
    }
}

async fn on_dead_letters() -> DeadLetterHealth {
    let depth = within(DEAD_LETTERS, REACH, depth::of(DEAD_LETTERS)).await;
    let waiting = depth.map(|depth| depth.waiting + depth.in_flight + depth.delayed);
    let status = match waiting {
        None => PartStatus::Unknown,
        Some(0) => PartStatus::Ok,
        Some(_) => PartStatus::Degraded,
    };
    DeadLetterHealth { status, waiting }
}
