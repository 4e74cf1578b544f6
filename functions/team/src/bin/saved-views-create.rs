//! Keeps a list's layout, columns, filters and sort under a name, for oneself or for the team.
//!
//! Refuses a name that one has for this list already (409), more than a hundred views (409), views of their own for callers who are
//! no members of the team, and views for the team by who only reads (403).

use std::process::ExitCode;

use shared::domain::ids::SavedViewId;
use shared::http::{self, Call, Created, Role};
use shared::store::{saved_views, team};
use shared::views::saved_views::{NewSavedView, SavedViewView, may_share, no_sharing};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::post("/api/v1/saved-views", Scope::TeamRead, handle)
}

/// Of one owner.
const MOST: i64 = 100;

async fn handle(call: Call<NewSavedView>) -> Result<Created<SavedViewView>, Failure> {
    let (call, new) = call.split();
    let (list, facts, is_default) = new.check()?;
    if facts.shared && !may_share(&call.caller) {
        return Err(no_sharing());
    }
    let member = match call.caller.member() {
        Some(id) => team::find(&call.tx, id).await?.map(|member| member.id),
        None => None,
    };
    if member.is_none() && !(facts.shared && call.caller.covers(Role::Admin)) {
        let detail = "Only members of the team keep views; administrators may also keep one for the team (`shared`).";
        return Err(Failure::invalid("/shared", "not_allowed", detail));
    }
    if saved_views::count_own(&call.tx, member).await? >= MOST {
        let detail = format!("There are {MOST} views already. Delete one that is no longer needed.");
        return Err(Failure::conflict("too_many", detail));
    }
    let id = SavedViewId(call.app.new_id());
    saved_views::insert(&call.tx, id, member, &list, &facts, call.now).await?;
    let mut view = saved_views::get(&call.tx, member, id).await?;
    if let Some(member) = member.filter(|_| is_default) {
        saved_views::set_default(&call.tx, member, &view, true).await?;
        view.is_default = true;
    }
    let value = SavedViewView::of(&call.caller, view);
    call.note_new(&value).await?;
    Ok(Created::of(value))
}
