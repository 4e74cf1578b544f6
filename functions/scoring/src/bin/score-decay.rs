//! Lets awards and signals expire: at 02:00 in a tenant's zone, leads whose standing is out of date are added up again. Nothing is
//! deleted, and the work grows with what expires, not with the number of leads.
//!
//! The schedule fires every hour; each tenant's turn is the hour that begins when its day reaches two. Afterwards the router is
//! asked about leads whose intent has stayed unclear for long. A tenant whose turn fails does not hold up the others.

use std::process::ExitCode;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use shared::domain::ids::TenantId;
use shared::flows::event_path::{Reason, reevaluate_for};
use shared::flows::routing;
use shared::store::{Tx, event_path, jobs};
use shared::{App, Failure, schedule};

/// Leads of one transaction.
const CHUNK: i64 = 500;

/// The hour of the tenant's day.
const HOUR: i8 = 2;

pub fn main() -> ExitCode {
    schedule::job("score-decay", handle)
}

#[derive(Default, Serialize)]
struct Done {
    tenants: usize,
    leads: usize,
    discovery: usize,
}

async fn handle(app: App, now: Timestamp) -> Result<Done, Failure> {
    let mut done = Done::default();
    let mut failed = 0;
    for tenant in jobs::active_tenants(app.database()).await? {
        if !is_turn(now, TimeZone::get(&tenant.zone).unwrap_or(TimeZone::UTC)) {
            continue;
        }
        done.tenants += 1;
        if let Err(failure) = decay(&app, tenant.id, now, &mut done).await {
            failed += 1;
            tracing::error!(tenant = %tenant.id, reason = %failure, "the tenant's scores did not decay; its next turn catches up");
        }
    }
    if failed > 0 {
        let all = done.tenants;
        return Err(Failure::internal(format!("{failed} of {all} tenants failed; the lines before say why")));
    }
    Ok(done)
}

/// Whether a tenant's turn is now. On the day that has no two o'clock, the hour after the gap is its turn; on the day that has two
/// of them, the first.
fn is_turn(now: Timestamp, zone: TimeZone) -> bool {
    let day = now.to_zoned(zone.clone()).date();
    let begin = day.at(HOUR, 0, 0, 0).to_zoned(zone).map(|moment| moment.timestamp());
    begin.is_ok_and(|begin| begin <= now && now < begin + SignedDuration::from_hours(1))
}

async fn decay(app: &App, tenant: TenantId, now: Timestamp, done: &mut Done) -> Result<(), Failure> {
    loop {
        let tx = app.begin(tenant).await?;
        let leads = finish(app, &tx, expire(app, &tx, now).await).await?;
        done.leads += leads;
        if leads < usize::try_from(CHUNK).unwrap_or(usize::MAX) {
            break;
        }
    }
    let tx = app.begin(tenant).await?;
    done.discovery += finish(app, &tx, routing::ask_for_discovery(app, &tx, now).await).await?;
    Ok(())
}

/// Adds up one chunk again. Its leads then have their next expiry in the future, so that the following chunk is another one.
async fn expire(app: &App, tx: &Tx, now: Timestamp) -> Result<usize, Failure> {
    let leads = event_path::list_expiring(tx, now, CHUNK).await?;
    reevaluate_for(app, tx, &leads, Reason::Decay, now).await?;
    Ok(leads.len())
}

/// Commits what succeeded. What failed is undone, because the next tenant uses the same connection.
async fn finish<T>(app: &App, tx: &Tx, outcome: Result<T, Failure>) -> Result<T, Failure> {
    match outcome {
        Ok(value) => app.commit(tx).await.map(|()| value),
        Err(failure) => {
            tx.rollback().await;
            Err(failure)
        }
    }
}
