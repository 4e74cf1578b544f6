//! A person routes a lead: pipeline, owner and reason; without a pipeline the lead goes back to the pool.
//!
//! Refuses pipelines and members that do not exist. Unlike the machine, a person may exceed an owner's capacity.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use shared::domain::access::CallerKind;
use shared::domain::ids::{LeadId, MemberId, PipelineId};
use shared::flows::routing::{Choice, route_by_hand};
use shared::http::{self, Call, Json};
use shared::store::leads::{self, write};
use shared::views::decisions::DecisionView;
use shared::views::leads::LeadView;
use shared::{Failure, Fault, Scope};

pub fn main() -> ExitCode {
    http::post("/api/v1/leads/{id}/route", Scope::LeadsWrite, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Body {
    /// Where the lead goes; null puts it back to the pool.
    #[serde(deserialize_with = "Option::deserialize")]
    pipeline_id: Option<PipelineId>,
    owner_id: Option<MemberId>,
    /// Why, for the record. Needed to put a lead back to the pool.
    reason: Option<String>,
}

async fn handle(call: Call<Body>) -> Result<Json<DecisionView>, Failure> {
    let lead: LeadId = call.id("id")?;
    let body = &call.body;
    let mut faults = Vec::new();
    if body.pipeline_id.is_none() && body.owner_id.is_some() {
        faults.push(Fault::new("/owner_id", "not_allowed", "A lead in the pool has no owner. Leave this out."));
    }
    match body.reason.as_deref().map(str::trim) {
        Some("") => faults.push(Fault::new("/reason", "empty", "Give a reason, or leave this out.")),
        Some(reason) if reason.chars().count() > 1000 => {
            faults.push(Fault::new("/reason", "too_long", "A reason has at most 1000 characters."));
        }
        None if body.pipeline_id.is_none() => {
            faults.push(Fault::new("/reason", "required", "Say why the lead goes back to the pool."));
        }
        _ => {}
    }
    if !faults.is_empty() {
        return Err(Failure::Invalid(faults));
    }
    let choice = Choice {
        pipeline: body.pipeline_id,
        owner: body.owner_id,
        reason: body.reason.as_deref().map(|reason| reason.trim().to_owned()),
        // The subject of an API key is the key's id, not a member's.
        by: (call.caller.kind == CallerKind::Person).then(|| call.caller.subject.parse().ok()).flatten(),
        actor: call.caller.subject.clone(),
    };
    // The task's reminder is left to the hourly sweep: it is due on another day, and there is no schedule before the commit.
    let before = LeadView::from(write::lock(&call.tx, lead).await?.0);
    let beside = call.beside([lead]).await?;
    let (decision, _due) = route_by_hand(&call.app, &call.tx, lead, choice, call.now).await?;
    let after = LeadView::from(leads::get(&call.tx, lead).await?);
    call.note_with("route", &before, &after, json!({ "reason": body.reason })).await?;
    call.note_beside("route", lead, beside).await?;
    Ok(Json::new(DecisionView::from(&decision)))
}
