//! Decides about leads that may be ready: pipeline, deal, owner, task, message and the record of the decision, in one transaction.
//!
//! Safe to repeat: leads are locked and read again, and one that was routed is left alone.

use std::process::ExitCode;

use shared::flows::routing;
use shared::messages::LeadsChanged;
use shared::queue::{self, Delivery};
use shared::{App, Failure};

fn main() -> ExitCode {
    queue::consume("routing", handle)
}

async fn handle(app: App, delivery: Delivery<LeadsChanged>) -> Result<(), Failure> {
    let LeadsChanged { tenant_id, lead_ids } = delivery.message;
    let now = app.now();
    routing::route(&app, tenant_id, &lead_ids, now).await?;
    Ok(())
}
