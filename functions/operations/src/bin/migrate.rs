//! Brings the database to this release's schema; invoked by a deployment before its functions take requests, and by `cargo dev`.
//!
//! Safe to run at any time and twice at once. Refuses a database that is newer, or whose applied migrations were edited.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::store::migrations;
use shared::{App, Failure, config, schedule};

pub fn main() -> ExitCode {
    schedule::direct_as_owner(handle)
}

#[derive(Deserialize, JsonSchema)]
struct Input {}

#[derive(Serialize)]
struct Output {
    applied: Vec<&'static str>,
    version: i32,
}

async fn handle(app: App, _input: Input) -> Result<Output, Failure> {
    let applied = migrations::run(app.database()).await?;
    if let Some(password) = config::app_database_password() {
        migrations::set_app_password(app.database(), &password).await?;
    }
    Ok(Output { applied, version: migrations::latest() })
}
