//! Lists the global pool, the highest score first, with what each lead still lacks to be routed.
//!
//! What is missing is computed from what counts at this moment, so it is right even between two runs of the router.

use std::process::ExitCode;

use shared::http::{self, Call, Json, Page};
use shared::store::leads::history;
use shared::store::leads::list;
use shared::views::cursor::Cursor;
use shared::views::leads_filter::{self, Include, PoolFilter};
use shared::views::leads_unrouted::UnroutedLeadView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::list("/api/v1/leads/unrouted", Scope::LeadsRead, handle)
}

async fn handle(call: Call<(), PoolFilter>) -> Result<Json<Page<UnroutedLeadView>>, Failure> {
    let mut custom = Include::room(call.query.include);
    let filter = call.query.check()?;
    let (order, window) = leads_filter::part(&call.paging, "-total_score")?;
    let mut leads = list::list(&call.tx, &filter, order, window).await?;
    let total = list::count(&call.tx, &filter).await?;
    let next = leads_filter::next(&mut leads, &call.paging, |lead| Cursor { at: lead.created_at, id: lead.id.into() });
    let tenant = call.app.rules().get(&call.tx).await?;
    let ids: Vec<_> = leads.iter().map(|lead| lead.id).collect();
    let states = history::list_states(&call.tx, &ids).await?;
    let data = leads
        .into_iter()
        .filter_map(|lead| {
            let state = states.get(&lead.id)?;
            Some(UnroutedLeadView::at(call.now, &tenant, lead, state, custom.as_mut()))
        })
        .collect();
    Ok(Json::new(Page::new(data, &call.paging, total).with_next(next.filter(|_| order.walks()))))
}
