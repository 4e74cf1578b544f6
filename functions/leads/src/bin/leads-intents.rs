//! Lists the intent signals of a lead, newest first, with the rule behind each, when they expire, and those that were withdrawn.

use std::process::ExitCode;

use shared::domain::ids::LeadId;
use shared::http::{self, Call, Json, Page};
use shared::views::leads_history::LeadIntentView;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::list("/api/v1/leads/{id}/intents", Scope::LeadsRead, handle)
}

async fn handle(call: Call) -> Result<Json<Page<LeadIntentView>>, Failure> {
    let id: LeadId = call.id("id")?;
    store::leads::exists(&call.tx, id).await?;
    Ok(Json::new(call.intents_of(id, &call.paging).await?))
}
