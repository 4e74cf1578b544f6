//! Turns sets of events into leads, scores, intent and standings, up to 500 events of a tenant in one transaction.
//!
//! Safe to repeat: unique keys decide which events are new. Deliveries and senders that could not be checked while the database
//! was away are checked here; what is wrong goes to the inbox with the reason, never away.

use std::process::ExitCode;
use std::sync::Arc;

use shared::App;
use shared::flows::batch::Deadline;
use shared::flows::intake;
use shared::messages::queues;
use shared::queue::{self, Outcomes, RawMessage};

pub fn main() -> ExitCode {
    queue::consume_batch(queues::EVENTS, handle)
}

async fn handle(app: App, messages: Arc<[RawMessage]>, deadline: Deadline) -> Outcomes {
    let now = app.now();
    intake::process_messages(&app, &queue::bodies(&messages), now, deadline).await
}
