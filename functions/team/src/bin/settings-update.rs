//! Changes the tenant's settings: absent keeps, null clears. Only administrators do.
//!
//! Refuses zones, countries and states that do not exist, a state of another country, goals of people who are not in the team, and a
//! version that is no longer current. Another name, zone, language or country is published with the rules: every function knows the
//! tenant by them.

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::store::{rules, settings};
use shared::views::settings::{SettingsPatch, SettingsView};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::patch("/api/v1/settings", Scope::SettingsWrite, handle)
}

async fn handle(call: Call<SettingsPatch>) -> Result<Json<SettingsView>, Failure> {
    let (call, patch) = call.split();
    let before = settings::lock(&call.tx).await?;
    call.if_current(before.version)?;
    let (old, new) = (&before.facts, patch.check(before.facts.clone())?);
    if new == *old {
        return Ok(Json::of(before.into()));
    }
    let known =
        (&old.name, &old.zone, &old.language, &old.country) != (&new.name, &new.zone, &new.language, &new.country);
    let after = SettingsView::from(settings::update(&call.tx, &new, call.now).await?);
    if known {
        rules::publish(&call.tx, None, &call.caller.subject, call.now).await?;
    }
    call.note("update", &before.into(), &after).await?;
    Ok(Json::of(after))
}
