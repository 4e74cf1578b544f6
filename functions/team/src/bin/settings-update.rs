//! Changes the tenant's settings: absent keeps, null clears. Only administrators do.
//!
//! Refuses zones, countries and states that do not exist, a state of another country, goals of people who are not in the team, and a
//! version that is no longer current. Every function knows the tenant's name, zone, language and country by its version, from the next
//! request on; rules read none of them, and are not published anew.

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::store::settings;
use shared::views::settings::{SettingsPatch, SettingsView};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::patch("/api/v1/settings", Scope::SettingsWrite, handle)
}

async fn handle(call: Call<SettingsPatch>) -> Result<Json<SettingsView>, Failure> {
    let (call, patch) = call.split();
    let before = settings::lock(&call.tx).await?;
    call.if_current(before.version)?;
    let new = patch.check(before.facts.clone())?;
    if new == before.facts {
        return Ok(Json::of(before.into()));
    }
    let after = SettingsView::from(settings::update(&call.tx, &before.facts, &new, call.now).await?);
    call.note("update", &before.into(), &after).await?;
    Ok(Json::of(after))
}
