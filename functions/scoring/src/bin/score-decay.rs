//! Lets awards and signals expire: at 02:00 in a tenant's zone, leads whose standing is out of date are added up again. Nothing is
//! deleted, and the work grows with what expires, not with the number of leads.
//!
//! The schedule fires every hour; a tenant's turn is the first run after its day has reached two o'clock, and which day was done last is
//! noted: an hour that was missed is made up for by the next. Afterwards the router is asked about leads whose intent has stayed unclear
//! for long. In every run it is asked again about leads that are ready and of which it has not heard. A tenant whose turn fails does not
//! hold up the others.

use std::process::ExitCode;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use shared::domain::daily::due_day;
use shared::domain::ids::TenantId;
use shared::domain::routing::NIGHTLY_HOUR;
use shared::flows::event_path::{Trigger, reevaluate_for};
use shared::flows::routing;
use shared::store::jobs::{self, DailyTenant};
use shared::store::{Tx, event_path};
use shared::{App, Failure, schedule};

/// Leads of one transaction.
const CHUNK: i64 = 500;

pub fn main() -> ExitCode {
    schedule::job(JOB, handle)
}

/// The name of the job, in its lease and where its days are noted.
const JOB: &str = "score-decay";

#[derive(Default, Serialize)]
struct Done {
    /// Tenants whose turn it was.
    tenants: usize,
    leads: usize,
    discovery: usize,
    /// Leads that were ready while the router had not heard of them.
    undecided: usize,
}

async fn handle(app: App, now: Timestamp) -> Result<Done, Failure> {
    let mut done = Done::default();
    let mut failed = 0;
    for tenant in jobs::daily_tenants(app.database(), JOB).await? {
        if let Err(failure) = turn(&app, &tenant, now, &mut done).await {
            failed += 1;
            tracing::error!(tenant = %tenant.id, reason = %failure, "the tenant's turn failed; the next run catches up");
        }
    }
    if failed > 0 {
        return Err(Failure::internal(format!("{failed} tenants failed; the lines before say why")));
    }
    Ok(done)
}

async fn turn(app: &App, tenant: &DailyTenant, now: Timestamp, done: &mut Done) -> Result<(), Failure> {
    let day = due_day(now, &TimeZone::get(&tenant.zone).unwrap_or(TimeZone::UTC), NIGHTLY_HOUR);
    if tenant.last_day.is_none_or(|last| last < day) {
        done.tenants += 1;
        decay(app, tenant.id, now, day, done).await?;
    }
    done.undecided += app.transact(tenant.id, async |tx| routing::ask_for_undecided(app, &tx, now).await).await?;
    Ok(())
}

async fn decay(app: &App, tenant: TenantId, now: Timestamp, day: Date, done: &mut Done) -> Result<(), Failure> {
    loop {
        let leads = app.transact(tenant, async |tx| expire(app, &tx, now).await).await?;
        done.leads += leads;
        if leads < usize::try_from(CHUNK).unwrap_or(usize::MAX) {
            break;
        }
    }
    done.discovery += app
        .transact(tenant, async |tx| {
            let asked = routing::ask_for_discovery(app, &tx, now).await?;
            jobs::note_day(&tx, JOB, day).await.map(|()| asked)
        })
        .await?;
    Ok(())
}

/// Adds up one chunk again. Its leads then have their next expiry in the future, so that the following chunk is another one.
async fn expire(app: &App, tx: &Tx, now: Timestamp) -> Result<usize, Failure> {
    let leads = event_path::list_expiring(tx, now, CHUNK).await?;
    reevaluate_for(app, tx, &leads, Trigger::Decay, now).await?;
    Ok(leads.len())
}
