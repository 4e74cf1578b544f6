//! Lists the team with each member's open deals, by role, whether they are active, and words of name and e-mail address.
//!
//! Sorts by `name`, `email` and `created_at`.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{self, Call, Json, Page};
use shared::store::team::Filter;
use shared::views::leads_filter;
use shared::views::paging::Orders;
use shared::views::team::{MemberRole, MemberView};
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::list("/api/v1/team", Scope::TeamRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    role: Option<MemberRole>,
    active: Option<bool>,
    /// Words that name or e-mail address must contain, all of them, in any case and with or without accents.
    #[schemars(length(max = 200))]
    q: Option<String>,
}

const ORDERS: Orders = Orders::by_page(&["name", "-name", "email", "-email", "created_at", "-created_at"]);

async fn handle(call: Call<(), Query>) -> Result<Json<Page<MemberView>>, Failure> {
    let window = call.paging.window(&ORDERS)?;
    let words = leads_filter::few_words(call.query.q.as_deref())?;
    let filter = Filter { role: call.query.role.map(MemberRole::as_str), active: call.query.active, words };
    let members = store::team::list(&call.tx, &filter, window).await?;
    let total = store::team::count(&call.tx, &filter).await?;
    Ok(Json::new(Page::new(members, &call.paging, total).map(MemberView::from)))
}
