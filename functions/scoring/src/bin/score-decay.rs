//! Lets awards and signals expire: at 02:00 in a tenant's zone, leads whose standing is out of date are added up again. Nothing is
//! deleted, and the work grows with what expires, not with the number of leads.
//!
//! The schedule fires every hour; each tenant's turn is the hour in which its day has reached two. Afterwards the router is asked
//! about leads whose intent has stayed unclear for long.

use std::process::ExitCode;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use shared::domain::ids::TenantId;
use shared::flows::event_path::{Reason, reevaluate_for};
use shared::flows::routing;
use shared::store::{event_path, jobs};
use shared::{App, Failure, schedule};

/// Leads of one transaction.
const CHUNK: i64 = 500;

/// The hour of the tenant's day.
const HOUR: i8 = 2;

fn main() -> ExitCode {
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
    for tenant in jobs::active_tenants(app.database()).await? {
        let zone = TimeZone::get(&tenant.zone).unwrap_or(TimeZone::UTC);
        if now.to_zoned(zone).hour() != HOUR {
            continue;
        }
        done.tenants += 1;
        loop {
            let leads = expire(&app, tenant.id, now).await?;
            done.leads += leads;
            if leads < usize::try_from(CHUNK).unwrap_or(usize::MAX) {
                break;
            }
        }
        let tx = app.begin(tenant.id).await?;
        done.discovery += routing::ask_for_discovery(&app, &tx, now).await?;
        app.commit(&tx).await?;
    }
    Ok(done)
}

/// Adds up one chunk again. Its leads then have their next expiry in the future, so that the following chunk is another one.
async fn expire(app: &App, tenant: TenantId, now: Timestamp) -> Result<usize, Failure> {
    let tx = app.begin(tenant).await?;
    let leads = event_path::list_expiring(&tx, now, CHUNK).await?;
    reevaluate_for(app, &tx, &leads, Reason::Decay, now).await?;
    app.commit(&tx).await?;
    Ok(leads.len())
}
