//! Lists the stages a deal stood in, the present one first, with how long, who put it there, and why.
//!
//! The stage it stands in has no end; its duration grows while the deal is open.

use std::process::ExitCode;

use shared::domain::ids::DealId;
use shared::http::{self, Call, Json, Page};
use shared::store::deals;
use shared::views::deals::DealStayView;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::list(["/api/v1/deals/{id}/history", "/api/v1/crm/deals/{id}/history"], Scope::DealsRead, handle)
}

async fn handle(call: Call) -> Result<Json<Page<DealStayView>>, Failure> {
    let id: DealId = call.id("id")?;
    deals::get(&call.tx, id).await?;
    Ok(Json::new(call.stays_of(id, &call.paging).await?))
}
