//! Adds a member to the team, with a password if they shall sign in here.
//!
//! Refuses an e-mail address that is in use (409), and a role that may do more than the caller (403).

use std::process::ExitCode;

use shared::domain::ids::MemberId;
use shared::http::{self, Call, Created};
use shared::store::{sign_in, team};
use shared::views::team::MemberView;
use shared::views::team_input::NewMember;
use shared::{Failure, Scope, passwords};

pub fn main() -> ExitCode {
    http::post("/api/v1/team", Scope::TeamWrite, handle)
}

async fn handle(call: Call<NewMember>) -> Result<Created<MemberView>, Failure> {
    let (call, new) = call.split();
    let role = new.role.role();
    let (profile, password) = new.check().map_err(Failure::Invalid)?;
    if !call.caller.covers(role) {
        return Err(Failure::Forbidden("Only an administrator can add somebody who may do more than you.".to_owned()));
    }
    let id = MemberId(call.app.new_id());
    team::insert(&call.tx, id, &profile, call.now).await?;
    if let Some(password) = password {
        sign_in::set_password(&call.tx, id, &passwords::hash(&password)?, call.now).await?;
    }
    let value = MemberView::from(team::get(&call.tx, id).await?);
    call.note_new(&value).await?;
    Ok(Created::of(value))
}
