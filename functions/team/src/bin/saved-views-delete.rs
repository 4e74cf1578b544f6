//! Deletes a saved view; whoever had it as default finds the list as it comes.
//!
//! Only its owner deletes a view, or an administrator if it is the team's (403). Somebody else's own view is not there (404).

use std::process::ExitCode;

use shared::domain::ids::SavedViewId;
use shared::http::{self, Call, NoContent};
use shared::store::saved_views;
use shared::views::saved_views::{SavedViewView, may_change};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::delete("/api/v1/saved-views/{id}", Scope::TeamRead, handle)
}

async fn handle(call: Call) -> Result<NoContent, Failure> {
    let id: SavedViewId = call.id("id")?;
    let view = saved_views::lock(&call.tx, call.caller.member(), id).await?;
    call.if_current(view.version)?;
    if !may_change(&call.caller, &view) {
        return Err(Failure::Forbidden("This is another member's view. Ask them or an administrator.".to_owned()));
    }
    saved_views::delete(&call.tx, id).await?;
    call.note_gone(&SavedViewView::of(&call.caller, view)).await?;
    Ok(NoContent)
}
