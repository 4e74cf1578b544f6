//! Changes a member: absent keeps, null clears. Everybody may change their own name, zone, language and password; the rest, and other
//! members, need `team:write`.
//!
//! One's own password is changed only with the present one. Refuses to touch or grant a role that may do more than the caller (403),
//! an e-mail address in use, and taking away the last active administrator (409). Who is deactivated, or gets a new password, is
//! signed out everywhere else; who gets another role has it at once, because access tokens of the old one are refused. `If-Match`
//! guards against lost updates (412).
//!
//! Who is deactivated, or becomes a viewer, may own nothing any more: while they have open deals, tasks or leads it is refused (409, with
//! how many) until `?hand_over_to=` says who gets them.

use std::process::ExitCode;

use serde_json::json;
use shared::domain::access::CallerKind;
use shared::domain::ids::MemberId;
use shared::flows::passwords::confirm;
use shared::http::{self, Call, Json};
use shared::store::sign_in::{self, Ending};
use shared::store::team::{self, Member, MemberProfile, work};
use shared::views::team::{MemberRole, MemberView};
use shared::views::team_input::MemberPatch;
use shared::{Failure, Scope, passwords};

#[path = "../handing.rs"]
mod handing;

use handing::Handing;

pub fn main() -> ExitCode {
    http::patch("/api/v1/team/{id}", Scope::TeamRead, handle)
}

async fn handle(call: Call<MemberPatch, Handing>) -> Result<Json<MemberView>, Failure> {
    let (call, patch) = call.split();
    let id: MemberId = call.id("id")?;
    let own = call.caller.kind == CallerKind::Person && call.caller.subject == id.to_string();
    let personal = own && patch.is_personal();
    let admins = if patch.touches_access() { work::lock(&call.tx, id).await? } else { Vec::new() };
    let before = team::lock(&call.tx, id).await?;
    call.if_current(before.version)?;
    if !personal {
        call.caller.need(Scope::TeamWrite)?;
    }
    let change = patch.check(&before.profile).map_err(Failure::Invalid)?;
    if !personal && ![&before.profile, &change.profile].into_iter().all(|profile| covers(&call, profile)) {
        return Err(Failure::Forbidden(
            "Only an administrator can change somebody who may do more than you.".to_owned(),
        ));
    }
    let remains = change.profile.active && change.profile.role == "admin";
    if admins == [id] && !remains {
        return Err(Failure::conflict(
            "last_admin",
            "This is the last active administrator. Make somebody else an administrator first.",
        ));
    }
    if change.password.is_none() && change.profile == before.profile {
        return Ok(Json::of(before.into()));
    }
    handing::hand_over(&call, &before, &change.profile).await?;
    team::update(&call.tx, &before, &change.profile, call.now).await?;
    if let Some(password) = &change.password {
        set_password(&call, &before, own, password, change.current_password.as_deref()).await?;
    }
    if before.profile.role != change.profile.role {
        // Else whoever loses a right could take it back for as long as their access token is believed.
        sign_in::revoke_access_of(&call.tx, id, call.now).await?;
    }
    if before.profile.active && !change.profile.active {
        sign_in::end_sessions_of(&call.tx, id, Ending::Deactivated, None, call.now).await?;
    }
    let after = MemberView::from(team::get(&call.tx, id).await?);
    let more = change.password.map_or(json!({}), |_| json!({ "password": "changed" }));
    call.note_with("update", &before.into(), &after, more).await?;
    Ok(Json::of(after))
}

fn covers(call: &Call<(), Handing>, profile: &MemberProfile) -> bool {
    call.caller.covers(MemberRole::stored(&profile.role).role())
}

async fn set_password(
    call: &Call<(), Handing>,
    member: &Member,
    own: bool,
    password: &str,
    current: Option<&str>,
) -> Result<(), Failure> {
    if own {
        let Some(current) = current else {
            return Err(Failure::invalid("/current_password", "required", "Also send your present password."));
        };
        confirm(&call.app, &call.tx, member, current, call.source_ip.as_deref(), call.now).await?;
    }
    sign_in::set_password(&call.tx, member.id, &passwords::hash(password)?, call.now).await?;
    let except = if own { call.caller.jti.as_deref() } else { None };
    sign_in::end_sessions_of(&call.tx, member.id, Ending::Password, except, call.now).await
}
