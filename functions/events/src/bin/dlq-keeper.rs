//! Moves dead letters of every queue into the inbox, where people see them and replay them.
//!
//! Safe to repeat: a row's id is the message's own. While the database is away messages stay on their dead-letter queue. What the
//! scheduler could not hand to a job comes over `jobs-dlq` and belongs to no tenant.

use std::process::ExitCode;
use std::sync::Arc;

use shared::flows::inbox::dead_letters::{self, Letter};
use shared::queue::{self, Outcomes, RawMessage};
use shared::store::inbox;
use shared::telemetry::{self, Metric};
use shared::{App, Failure};

pub fn main() -> ExitCode {
    queue::consume_batch("*-dlq", handle)
}

async fn handle(app: App, messages: Arc<[RawMessage]>) -> Outcomes {
    let now = app.now();
    let mut rows = Vec::with_capacity(messages.len());
    let mut outcomes: Outcomes = Vec::with_capacity(messages.len());
    for message in messages.iter() {
        let letter = Letter { id: &message.id, queue: &message.queue, body: &message.body };
        outcomes.push(dead_letters::row(&app, letter, now).await.map(|row| rows.push(row)));
    }
    if let Err(failure) = inbox::park(app.database(), &rows).await {
        let reason = failure.to_string();
        return messages.iter().map(|_| Err(Failure::unavailable(reason.clone()))).collect();
    }
    telemetry::metrics(now, &[Metric { name: "DeadLetters", unit: "Count", value: rows.len() as f64 }]);
    outcomes
}
