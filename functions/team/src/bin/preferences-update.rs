//! Changes how the signed-in member wants the console, by JSON merge-patch: absent keeps, null clears.
//!
//! The language is the member's own, in which they get messages too. API keys, and people of an identity provider who are not in the
//! team, have no preferences (404). Refuses a version that is no longer current.

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::store::{preferences, team};
use shared::views::preferences::{PreferencesPatch, PreferencesView};
use shared::views::team::{Language, MemberView};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::patch("/api/v1/preferences", Scope::TeamRead, handle)
}

async fn handle(call: Call<PreferencesPatch>) -> Result<Json<PreferencesView>, Failure> {
    let (call, patch) = call.split();
    let id = call.caller.member().ok_or_else(|| Failure::not_found("member"))?;
    let member = team::lock(&call.tx, id).await?;
    let before = preferences::get(&call.tx, id).await?;
    call.if_current(before.version)?;
    let mut profile = member.profile.clone();
    profile.language = patch.language.clone().map(Language::as_str).map(str::to_owned).apply(profile.language);
    let wanted = patch.check(before.clone())?;
    if wanted == before && profile == member.profile {
        return Ok(Json::of(PreferencesView::of(&member, before)));
    }
    let mut now_member = member.clone();
    if profile != member.profile {
        team::update(&call.tx, &member, &profile, call.now).await?;
        now_member = team::get(&call.tx, id).await?;
        call.note("update", &MemberView::from(member.clone()), &now_member.clone().into()).await?;
    }
    // Also when only the language has changed: it is shown here, so the ETag is another.
    let after = PreferencesView::of(&now_member, preferences::put(&call.tx, id, &wanted, call.now).await?);
    match before.version {
        0 => call.note_new(&after).await?,
        _ => call.note("update", &PreferencesView::of(&member, before), &after).await?,
    }
    Ok(Json::of(after))
}
