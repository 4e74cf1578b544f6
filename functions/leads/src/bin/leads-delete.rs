//! Deletes a lead with its events, scores, signals, tasks, decisions and closed deals. Its events do not come back when a
//! partner sends them again.
//!
//! Refuses (409, with the deals) while a deal is open. The audit log keeps what the lead was.

use std::process::ExitCode;

use serde_json::json;
use shared::domain::ids::LeadId;
use shared::http::{self, Call, NoContent};
use shared::store::audit::AuditEntry;
use shared::store::leads::write;
use shared::views::leads::LeadView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::delete("/api/v1/leads/{id}", Scope::LeadsWrite, handle)
}

async fn handle(call: Call) -> Result<NoContent, Failure> {
    let id: LeadId = call.id("id")?;
    let (lead, _) = write::lock(&call.tx, id).await?;
    if call.if_match()?.is_some_and(|version| version != lead.version) {
        return Err(Failure::Stale { current: lead.version });
    }
    let open = write::list_open_deals(&call.tx, id).await?;
    if !open.is_empty() {
        let deals: Vec<_> = open.iter().map(|(id, name)| json!({ "deal_id": id, "name": name })).collect();
        return Err(Failure::Conflict {
            code: "open_deal",
            detail: "A deal of this lead is still open. Close it as won or lost, then delete the lead.".to_owned(),
            matches: Some(json!(deals)),
        });
    }
    write::delete(&call.tx, id, call.now).await?;
    let before = Some(json!(LeadView::from(lead)));
    call.audit(AuditEntry { action: "delete", record: "lead", id: id.into(), before, after: None }).await?;
    Ok(NoContent)
}
