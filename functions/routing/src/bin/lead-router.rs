//! Decides about leads that may be ready: pipeline, deal, owner, task, message and the record of the decision, in one transaction for
//! all leads of a tenant.
//!
//! Safe to repeat: leads are locked and read again, and one that was routed is left alone.

use std::process::ExitCode;
use std::sync::Arc;

use shared::App;
use shared::flows::batch::Deadline;
use shared::flows::routing;
use shared::messages::queues;
use shared::queue::{self, Outcomes, RawMessage};

pub fn main() -> ExitCode {
    queue::consume_batch(queues::ROUTING, handle)
}

async fn handle(app: App, messages: Arc<[RawMessage]>, deadline: Deadline) -> Outcomes {
    let now = app.now();
    routing::route_messages(&app, &queue::bodies(&messages), now, deadline).await
}
