//! Deletes a lead with its events, scores, signals, tasks, decisions and closed deals. Its events do not come back when a
//! partner sends them again.
//!
//! Refuses (409, with the deals) while a deal is open; and while it has closed ones that nobody else has, because won revenue would go with
//! it: `?with_deals=true` deletes those too. The audit log keeps what the lead was.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::domain::ids::LeadId;
use shared::http::{self, Call, NoContent};
use shared::store::leads::write::{self, ClosedDeal};
use shared::views::leads::LeadView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::delete("/api/v1/leads/{id}", Scope::LeadsWrite, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Delete the lead's closed deals with it.
    #[serde(default)]
    with_deals: bool,
}

async fn handle(call: Call<(), Query>) -> Result<NoContent, Failure> {
    let id: LeadId = call.id("id")?;
    let (lead, _) = write::lock(&call.tx, id).await?;
    call.if_current(lead.version)?;
    let open = write::list_open_deals(&call.tx, id).await?;
    if !open.is_empty() {
        let deals: Vec<_> = open.iter().map(|(id, name)| json!({ "deal_id": id, "name": name })).collect();
        return Err(Failure::Conflict {
            code: "open_deal",
            detail: "A deal of this lead is still open. Close it as won or lost, then delete the lead.".to_owned(),
            matches: Some(json!(deals)),
        });
    }
    let closed = if call.query.with_deals { Vec::new() } else { write::list_closed_deals(&call.tx, id).await? };
    if !closed.is_empty() {
        return Err(Failure::Conflict {
            code: "closed_deals",
            detail: "Closed deals of this lead would be deleted with it. Give them a company to keep them, or send with_deals=true."
                .to_owned(),
            matches: Some(closed.iter().map(shown).collect()),
        });
    }
    let beside = call.beside([id]).await?;
    write::delete(&call.tx, id, call.now).await?;
    call.note_gone(&LeadView::from(lead)).await?;
    call.note_beside("update", id, beside).await?;
    Ok(NoContent)
}

fn shown(deal: &ClosedDeal) -> Value {
    json!({ "deal_id": deal.id, "name": deal.name, "status": deal.status, "value_minor": deal.value_minor, "currency": deal.currency })
}
