//! Shows how the signed-in member wants the console: theme, language, columns, and what else it keeps.
//!
//! API keys, and people of an identity provider who are not in the team, have none (404).

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::store::{preferences, team};
use shared::views::preferences::PreferencesView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::get("/api/v1/preferences", Scope::TeamRead, handle)
}

async fn handle(call: Call) -> Result<Json<PreferencesView>, Failure> {
    let id = call.caller.member().ok_or_else(|| Failure::not_found("member"))?;
    let member = team::get(&call.tx, id).await?;
    Ok(Json::of(PreferencesView::of(&member, preferences::get(&call.tx, id).await?)))
}
