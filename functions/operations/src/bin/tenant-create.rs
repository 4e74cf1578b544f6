//! Makes a tenant with its rules, pipelines, people, keys, webhook sources and partner settings; invoked by whoever deploys.
//!
//! Running it again with the same slug adds what is missing and updates people and keys; rules and pipelines that exist stay as
//! people made them, and so does a password that a member has. Refuses keys and secrets that can be guessed; those that are left out
//! are made, and stand in the answer once.

use std::process::ExitCode;

use shared::flows::tenants::{self, Made};
use shared::messages::tenants::NewTenant;
use shared::{App, Failure, schedule};

pub fn main() -> ExitCode {
    schedule::direct(handle)
}

async fn handle(app: App, input: NewTenant) -> Result<Made, Failure> {
    let now = app.now();
    tenants::create(&app, input, now).await
}
