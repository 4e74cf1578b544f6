//! Hourly: has partners asked about effects of which nobody knows whether they were done, lets effects go on whose integration works
//! again, and mends what two transactions left behind between them.
//!
//! It calls no partner itself: the partner's worker asks, with the partner's credentials and within its budget. Safe to repeat.

use std::process::ExitCode;

use jiff::Timestamp;
use shared::flows::effects::sweep::{self, Reconciled};
use shared::telemetry::metrics::EFFECTS_ASKED_ABOUT;
use shared::{App, Failure, schedule};

pub fn main() -> ExitCode {
    schedule::job("effects-reconcile", handle)
}

async fn handle(app: App, moment: Timestamp) -> Result<Reconciled, Failure> {
    let done = sweep::reconcile(&app, moment).await?;
    EFFECTS_ASKED_ABOUT.count_of(done.asked);
    Ok(done)
}
