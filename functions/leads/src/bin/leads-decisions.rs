//! Lists the routing decisions about a lead, newest first, each with everything it depended on and an explanation.
//!
//! A lead in the pool begins with where it stands now: an entry without id that says what is missing. It is computed, not stored,
//! and left out when the newest decision says the same.

use std::process::ExitCode;

use shared::http::{self, Call, Json, Page};
use shared::store::leads::history;
use shared::views::decisions::DecisionView;
use shared::views::leads_filter::newest_first_by_page;
use shared::views::leads_unrouted::present;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::list("/api/v1/leads/{id}/decisions", Scope::LeadsRead, handle)
}

async fn handle(call: Call) -> Result<Json<Page<DecisionView>>, Failure> {
    let id = call.id("id")?;
    newest_first_by_page(&call.paging, "decided_at")?;
    let lead = store::leads::get(&call.tx, id).await?;
    let mut now = None;
    if !lead.flags().routed {
        let tenant = call.app.rules().get(&call.tx).await?;
        let state = history::list_states(&call.tx, &[id]).await?.remove(&id).unwrap_or_default();
        let record = present(call.now, &tenant, &lead, &state);
        let newest = history::list_decisions(&call.tx, id, 1, 0).await?;
        if newest.first().is_none_or(|newest| newest.record.is_superseded_by(&record)) {
            now = Some(DecisionView::new(None, id, None, &record));
        }
    }
    // The present counts as the first row of the list: the others move down by one.
    let shift = i64::from(now.is_some());
    let total = history::count_decisions(&call.tx, id).await? + shift;
    let mut data: Vec<DecisionView> = now.into_iter().filter(|_| call.paging.offset() == 0).collect();
    let limit = call.paging.limit - i64::from(!data.is_empty());
    let offset = (call.paging.offset() - shift).max(0);
    let decisions = history::list_decisions(&call.tx, id, limit, offset).await?;
    data.extend(decisions.iter().map(DecisionView::from));
    Ok(Json::new(Page::new(data, &call.paging, total)))
}
