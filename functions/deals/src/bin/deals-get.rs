//! Shows one deal.
//!
//! Answers 404 for deals of other tenants, as for ones that never existed.

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::views::deals::DealView;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::get(["/api/v1/deals/{id}", "/api/v1/crm/deals/{id}"], Scope::DealsRead, handle)
}

async fn handle(call: Call) -> Result<Json<DealView>, Failure> {
    Ok(Json::of(DealView::from(store::deals::get(&call.tx, call.id("id")?).await?)))
}
