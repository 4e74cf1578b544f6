//! Shows the tenant's settings: name, zone, language, country and state, reasons for losing, when a deal is stuck, and goals.

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::store::settings;
use shared::views::settings::SettingsView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::get("/api/v1/settings", Scope::TeamRead, handle)
}

async fn handle(call: Call) -> Result<Json<SettingsView>, Failure> {
    Ok(Json::of(settings::get(&call.tx).await?.into()))
}
