//! Gives a deal to another lead, with what is still to be done about it; or to none, when it has a company.
//!
//! A deal opened by routing always has a lead: it may go to another one, which then counts as routed, but not to none, nor to a lead
//! that has such a deal itself. Refuses leads that do not exist and people whose data were erased.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::domain::ids::{DealId, LeadId};
use shared::http::{self, Call, Json};
use shared::store::deals::{self, write};
use shared::store::leads::lock;
use shared::store::routing;
use shared::views::deals::DealView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::patch(["/api/v1/deals/{id}/lead", "/api/v1/crm/deals/{id}/lead"], Scope::DealsWrite, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetLead {
    /// Whose the deal is; null: nobody's, only the company's.
    #[serde(deserialize_with = "Option::deserialize")]
    lead_id: Option<LeadId>,
}

async fn handle(call: Call<SetLead>) -> Result<Json<DealView>, Failure> {
    let id: DealId = call.id("id")?;
    let (old, new) = (deals::get(&call.tx, id).await?.lead, call.body.lead_id);
    let both: Vec<LeadId> = old.into_iter().chain(new).collect();
    let locked = lock::lock(&call.tx, &both).await?;
    let before = write::lock_alone(&call.tx, id).await?;
    call.if_current(before.version)?;
    if before.lead != old {
        return Err(Failure::conflict("lead_changed", "The deal got another lead at this moment. Read it again."));
    }
    match new {
        Some(lead) => match locked.iter().find(|known| known.id == lead) {
            None => return Err(Failure::invalid("/lead_id", "unknown_value", "There is no such lead.")),
            Some(known) if known.flags.anonymized => {
                return Err(Failure::conflict("anonymized", "This person's data were erased. Choose another lead."));
            }
            Some(_) => {}
        },
        None if before.routed => {
            return Err(Failure::conflict("lead_origin", "Routing opened this deal for a lead. It always has one."));
        }
        None if before.company.is_none() && before.contact.is_none() => {
            return Err(Failure::conflict("nobody", "A deal is somebody's. Give it a company before its lead goes."));
        }
        None => {}
    }
    if new == old {
        return Ok(Json::of(before.into()));
    }
    let beside = call.beside(both).await?;
    let Some(after) = write::set_lead(&call.tx, id, new, call.now).await? else {
        let detail = "That lead has a deal of its own that routing opened. Close this one, and work on that.";
        return Err(Failure::conflict("routed_already", detail));
    };
    if let Some(old) = old {
        write::release_lead(&call.tx, old, id, call.now).await?;
        write::move_tasks(&call.tx, id, old, new, call.now).await?;
    }
    if let Some(new) = new {
        if after.routed && write::bind_lead(&call.tx, new, id, call.now).await? {
            let asked = locked.iter().find(|lead| lead.id == new).and_then(|lead| lead.question.as_ref());
            let asked: Vec<_> = asked.map(|question| question.task).into_iter().collect();
            routing::cancel_tasks(&call.tx, &asked, call.now).await?;
        }
        deals::follow_lead(&call.tx, new, &after, call.now).await?;
    }
    let after = DealView::from(after);
    call.note("set_lead", &before.into(), &after).await?;
    call.note_beside("set_lead", id, beside).await?;
    Ok(Json::of(after))
}
