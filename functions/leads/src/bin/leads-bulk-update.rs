//! Changes many leads at once: their owner, or tags that are added or removed.
//!
//! Either those named by `ids`, or all that pass a list's query, if they are as many as the caller saw (409 otherwise). At most 500; for more,
//! send them in parts. What cannot be changed (gone, changed since, erased) is left alone and named. The answer's token undoes it for ten
//! minutes.

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::store::bulk::LeadState;
use shared::store::leads::{list, write};
use shared::views::bulk::{Bulk, BulkView, LeadBulkChange};
use shared::views::leads::LeadView;
use shared::views::leads_filter::{FIELDS, LeadFilter};
use shared::{Failure, Scope, flows};

pub fn main() -> ExitCode {
    http::post("/api/v1/leads/bulk-update", Scope::LeadsWrite, handle)
}

async fn handle(call: Call<Bulk<LeadBulkChange>>) -> Result<Json<BulkView>, Failure> {
    let mut change = LeadBulkChange::default();
    let check = |faults| call.body.change.check(faults).map(|checked| change = checked);
    let find = async |query: http::ListQuery<LeadFilter>, view| {
        let filter = query.plain.check(&query.filters, &view)?;
        list::ids(&call.tx, &filter, flows::bulk::MOST).await
    };
    let (ids, versions) = call.meant(FIELDS, check, find).await?;
    let owner = change.owner_id.clone().apply(None);
    write::check_links(&call.tx, None, owner).await.map_err(|failure| failure.below("/change"))?;
    let decide = |lead: &_| change.apply(LeadState::of(lead));
    let outcome = flows::bulk::leads(&call.tx, &ids, &versions, decide, call.now).await?;
    Ok(Json::new(call.changed_together::<_, _, LeadView>(outcome).await?))
}
