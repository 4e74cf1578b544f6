//! Replays a lead's event log with today's rules, and answers with the new breakdown and what changed.
//!
//! What the lead newly deserves follows as after any event: a hot lead is told about, and the router looks at one that is ready.
//! Whoever may change leads may ask for it. Answers 404 for leads of other tenants, as for ones that never existed.

use std::process::ExitCode;

use serde_json::json;
use shared::domain::engine::LeadState;
use shared::domain::ids::LeadId;
use shared::flows::event_path::{Trigger, reevaluate_for};
use shared::http::{self, Call, Json};
use shared::store::audit::AuditEntry;
use shared::store::leads::lock;
use shared::store::{Tx, scoring_rules};
use shared::views::scoring::BreakdownView;
use shared::views::scoring_history::RecalculationView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::post("/api/v1/scoring/leads/{leadId}/recalculate", Scope::LeadsWrite, handle)
}

async fn handle(call: Call) -> Result<Json<RecalculationView>, Failure> {
    let lead: LeadId = call.id("leadId")?;
    let before = state(&call.tx, lead).await?;
    reevaluate_for(&call.app, &call.tx, &[lead], Trigger::Rules, call.now).await?;
    let after = state(&call.tx, lead).await?;
    let tenant = call.app.rules().get(&call.tx).await?;
    let awards = scoring_rules::list_awards(&call.tx, lead, call.now).await?;
    let breakdown = BreakdownView::of(lead, awards, tenant.rules.tiers(), call.now);
    let view = RecalculationView::between(&before, &after, tenant.rules.version(), breakdown);
    let entry = AuditEntry {
        action: "recalculate",
        record: "lead",
        id: lead.0,
        before: Some(json!(view.before)),
        after: Some(json!(view.after)),
    };
    call.audit(entry).await?;
    Ok(Json::new(view))
}

/// What the engine knows of the lead, which is locked from here on.
async fn state(tx: &Tx, lead: LeadId) -> Result<LeadState, Failure> {
    Ok(lock::lock_one(tx, lead).await?.state)
}
