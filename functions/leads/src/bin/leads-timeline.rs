//! Lists what happened to a lead in one stream, newest first: what the person did, points given and taken back, decisions, tasks, deals
//! and what was done outside.
//!
//! `kinds` narrows it down. Pages count from 1; whoever walks the whole stream passes `next_cursor` on, which new entries do not shift.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::domain::ids::LeadId;
use shared::http::{self, Call, Json, Page};
use shared::store::leads;
use shared::views::timeline::{TimelineEntryView, kinds};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::list("/api/v1/leads/{id}/timeline", Scope::LeadsRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Some of `event`, `award`, `withdrawal`, `decision`, `task`, `deal`, `effect`, with commas between; all unless given.
    kinds: Option<String>,
}

async fn handle(call: Call<(), Query>) -> Result<Json<Page<TimelineEntryView>>, Failure> {
    let id: LeadId = call.id("id")?;
    let kinds = kinds(call.query.kinds.as_deref())?;
    leads::exists(&call.tx, id).await?;
    Ok(Json::new(call.timeline_of(id, kinds.as_deref(), &call.paging).await?))
}
