//! Moves dead letters of every queue into the inbox, where people see them and replay them.
//!
//! Safe to repeat: a row's id is the message's own. All dead letters come over one queue and say which one they failed on. While the
//! database is away they stay there. Jobs that could not be started, or failed each time, come the same way and belong to no tenant.

use std::process::ExitCode;
use std::sync::Arc;

use shared::flows::batch::{Deadline, Gate};
use shared::flows::inbox::dead_letters;
use shared::messages::queues::DEAD_LETTERS;
use shared::queue::{self, Outcomes, RawMessage};
use shared::store::inbox;
use shared::telemetry::metrics;
use shared::{App, Failure};

pub fn main() -> ExitCode {
    queue::consume_batch(DEAD_LETTERS, handle)
}

async fn handle(app: App, messages: Arc<[RawMessage]>, deadline: Deadline) -> Outcomes {
    let now = app.now();
    let mut gate = Gate::new(deadline);
    let mut rows = Vec::with_capacity(messages.len());
    let mut outcomes: Outcomes = Vec::with_capacity(messages.len());
    for message in messages.iter() {
        let row = gate.through(dead_letters::given_up(&app, queue::letter(message), now)).await;
        outcomes.push(row.map(|row| rows.push(row)));
    }
    if let Err(failure) = inbox::park(app.database(), &rows).await {
        // Kept where they are, whatever the fault is: a dead letter is not parked for the reason that it cannot be parked.
        let reason = failure.to_string();
        return messages.iter().map(|_| Err(Failure::unavailable(reason.clone()))).collect();
    }
    metrics::DEAD_LETTERS.count_of(rows.len());
    outcomes
}
