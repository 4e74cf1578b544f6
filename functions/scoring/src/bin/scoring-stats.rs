//! Shows what the scoring rules awarded in a period, which gave most, and how the leads are distributed by score and tier now.
//!
//! The period is the last 30 days unless given, and at most a year and a day.

use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{self, Call, Json};
use shared::store::scoring;
use shared::views::input::moment;
use shared::views::scoring_stats::ScoringStatsView;
use shared::{Failure, Fault, Scope};

const USUAL: SignedDuration = SignedDuration::from_hours(30 * 24);
const LONGEST: SignedDuration = SignedDuration::from_hours(367 * 24);

pub fn main() -> ExitCode {
    http::get("/api/v1/scoring/stats", Scope::ScoringRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Awarded at this moment or later; 30 days before `to` unless given.
    from: Option<Timestamp>,
    /// Awarded before this moment; now unless given.
    to: Option<Timestamp>,
}

async fn handle(call: Call<(), Query>) -> Result<Json<ScoringStatsView>, Failure> {
    let (from, to) = period(&call.query, call.now).map_err(Failure::Invalid)?;
    let tiers = call.app.rules().get(&call.tx).await?.rules.tiers();
    let stats = scoring::stats(&call.tx, from, to).await?;
    Ok(Json::new(ScoringStatsView::of(from, to, stats, tiers)))
}

fn period(query: &Query, now: Timestamp) -> Result<(Timestamp, Timestamp), Vec<Fault>> {
    let mut faults = Vec::new();
    let mut sent = |name, given: Option<Timestamp>| given.and_then(|given| moment(name, given, &mut faults));
    let (from, to) = (sent("?from", query.from), sent("?to", query.to));
    let to = to.unwrap_or(now);
    let from = from.unwrap_or(to - USUAL);
    if faults.is_empty() && from >= to {
        faults.push(Fault::new("?to", "range", "`to` must be later than `from`."));
    } else if faults.is_empty() && to.duration_since(from) > LONGEST {
        faults.push(Fault::new("?from", "range", "A period is at most a year and a day."));
    }
    if faults.is_empty() { Ok((from, to)) } else { Err(faults) }
}
