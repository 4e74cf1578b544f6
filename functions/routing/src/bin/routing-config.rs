//! Shows when and where leads are routed: thresholds, intents with their pipelines, Discovery, tiers, conflict settings.
//!
//! Shows what is in force: the published rule set, whose version is the `ETag`.

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::store::window::Window;
use shared::views::routing::RoutingConfigView;
use shared::{Failure, Scope, store};

/// More pipelines than any tenant has.
const PIPELINES: i64 = 1000;

pub fn main() -> ExitCode {
    http::get("/api/v1/routing/config", Scope::RoutingRead, handle)
}

async fn handle(call: Call) -> Result<Json<RoutingConfigView>, Failure> {
    let tenant = call.app.rules().get(&call.tx).await?;
    let pipelines = store::pipelines::list(&call.tx, true, Window::first("position", PIPELINES)).await?;
    Ok(Json::versioned(RoutingConfigView::of(&tenant.rules, &pipelines), i64::from(tenant.rules.version())))
}
