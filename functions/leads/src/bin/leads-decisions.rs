//! Lists the routing decisions about a lead, newest first, each with everything it depended on and an explanation.
//!
//! A lead in the pool begins with where it stands now: an entry without id that says what is missing. It is computed, not stored,
//! and left out when the newest decision says the same.

use std::process::ExitCode;

use shared::http::{self, Call, Json, Page};
use shared::store::leads::history;
use shared::store::window::Window;
use shared::views::decisions::DecisionView;
use shared::views::leads_unrouted::present;
use shared::views::paging::Orders;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::list("/api/v1/leads/{id}/decisions", Scope::LeadsRead, handle)
}

const ORDER: &str = "-decided_at";
const ORDERS: Orders = Orders::by_page(&[ORDER]);

async fn handle(call: Call) -> Result<Json<Page<DecisionView>>, Failure> {
    let id = call.id("id")?;
    let window = call.paging.window(&ORDERS)?;
    let lead = store::leads::get(&call.tx, id).await?;
    let mut now = None;
    if !lead.flags().routed {
        let tenant = call.app.rules().get(&call.tx).await?;
        let state = history::list_states(&call.tx, &[id]).await?.remove(&id).unwrap_or_default();
        let record = present(call.now, &tenant, &lead, &state);
        let newest = history::list_decisions(&call.tx, id, Window::first(ORDER, 1)).await?;
        if newest.first().is_none_or(|newest| newest.record.is_superseded_by(&record)) {
            now = Some(DecisionView::new(None, id, None, &record));
        }
    }
    // The present counts as the first row of the list: the others move down by one.
    let shift = i64::from(now.is_some());
    let total = history::count_decisions(&call.tx, id).await? + shift;
    let mut data: Vec<DecisionView> = now.into_iter().filter(|_| window.offset == 0).collect();
    let limit = window.limit - i64::from(!data.is_empty());
    let others = Window { limit, offset: (window.offset - shift).max(0), ..window };
    let decisions = history::list_decisions(&call.tx, id, others).await?;
    data.extend(decisions.iter().map(DecisionView::from));
    Ok(Json::new(Page::new(data, &call.paging, total)))
}
