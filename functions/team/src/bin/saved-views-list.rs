//! Lists the saved views of a list, or of all: the team's, and the caller's own.
//!
//! Sorts by `name` and `created_at`.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{self, Call, Json, Page};
use shared::store::saved_views;
use shared::views::paging::Orders;
use shared::views::saved_views::{SavedViewView, is_list, no_list};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::list("/api/v1/saved-views", Scope::TeamRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Only views of this list, such as `leads`.
    list: Option<String>,
}

const ORDERS: Orders = Orders::by_page(&["name", "-name", "created_at", "-created_at"]);

async fn handle(call: Call<(), Query>) -> Result<Json<Page<SavedViewView>>, Failure> {
    let window = call.paging.window(&ORDERS)?;
    let list = call.query.list.as_deref();
    if list.is_some_and(|list| !is_list(list)) {
        return Err(Failure::Invalid(vec![no_list("?list")]));
    }
    let (views, total) = saved_views::list(&call.tx, call.caller.member(), list, window).await?;
    Ok(Json::new(Page::new(views, &call.paging, total).map(|view| SavedViewView::of(&call.caller, view))))
}
