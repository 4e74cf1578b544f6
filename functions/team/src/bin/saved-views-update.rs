//! Changes a saved view: absent keeps, null clears. `is_default` is the caller's own matter, whoever the view belongs to.
//!
//! Only its owner changes a view, or an administrator if it is the team's, and who only reads keeps none for the team (403). Somebody
//! else's own view is not there (404). Refuses a name that is taken (409), and a version that is no longer current.

use std::process::ExitCode;

use shared::domain::ids::SavedViewId;
use shared::http::{self, Call, Json, Patch};
use shared::store::{saved_views, team};
use shared::views::saved_views::{SavedViewPatch, SavedViewView, may_change, may_share, no_sharing};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::patch("/api/v1/saved-views/{id}", Scope::TeamRead, handle)
}

async fn handle(call: Call<SavedViewPatch>) -> Result<Json<SavedViewView>, Failure> {
    let (call, patch) = call.split();
    let (id, caller): (SavedViewId, _) = (call.id("id")?, &call.caller);
    let before = saved_views::lock(&call.tx, caller.member(), id).await?;
    call.if_current(before.version)?;
    let wanted = match patch.is_default {
        Patch::Set(is) if is != before.is_default => Some(is),
        _ => None,
    };
    let facts = patch.check(before.facts.clone())?;
    if facts != before.facts {
        if !may_change(caller, &before) {
            return Err(Failure::Forbidden(
                "This is another member's view. Keep a view of your own, or ask them or an administrator.".to_owned(),
            ));
        }
        if facts.shared && !may_share(caller) {
            return Err(no_sharing());
        }
        if !facts.shared && before.owner.is_none_or(|owner| caller.member() != Some(owner)) {
            let detail = "Only its owner makes a view their own; delete it if the team needs it no longer.";
            return Err(Failure::invalid("/shared", "not_allowed", detail));
        }
        saved_views::update(&call.tx, id, &facts, call.now).await?;
    }
    if let Some(is) = wanted {
        let member = caller.member().ok_or_else(no_member)?;
        team::find(&call.tx, member).await?.ok_or_else(no_member)?;
        saved_views::set_default(&call.tx, member, &before, is).await?;
    }
    if facts == before.facts && wanted.is_none() {
        return Ok(Json::of(SavedViewView::of(caller, before)));
    }
    let after = SavedViewView::of(caller, saved_views::get(&call.tx, caller.member(), id).await?);
    call.note("update", &SavedViewView::of(caller, before), &after).await?;
    Ok(Json::of(after))
}

fn no_member() -> Failure {
    Failure::invalid("/is_default", "not_allowed", "Only members of the team have a default. Leave this out.")
}
