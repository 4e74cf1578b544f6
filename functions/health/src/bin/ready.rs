//! Says whether requests can be served: the database answers and has the schema that this release needs.
//!
//! Otherwise 503 with `Retry-After`.

use std::process::ExitCode;
use std::time::Duration;

use shared::Failure;
use shared::http::{self, Json, PublicCall};
use shared::store::migrations;
use shared::views::health::ReadyView;

/// Whoever asks asks again soon.
const PATIENCE: Duration = Duration::from_secs(2);

pub fn main() -> ExitCode {
    http::public("/ready", handle)
}

async fn handle(call: PublicCall) -> Result<Json<ReadyView>, Failure> {
    let migration = tokio::time::timeout(PATIENCE, migrations::current(call.app.database()))
        .await
        .map_err(|_| Failure::unavailable("the database did not answer within 2 s"))?
        .map_err(Failure::unavailable)?;
    if migration < migrations::latest() {
        return Err(Failure::unavailable(format!(
            "the database has migration {migration} and this release needs {}: run the function `migrate`",
            migrations::latest()
        )));
    }
    Ok(Json::new(ReadyView { status: "ready", migration }))
}
