//! Lists what concerns the signed-in member, newest first: given to them, overdue, failed. `unread=true` leaves out what they have read.
//!
//! Callers who are no members of the team have nothing of their own: their list is empty.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{self, Call, Json, Page};
use shared::store::notifications;
use shared::views::cursor::Cursor;
use shared::views::notifications::NotificationView;
use shared::views::paging::Orders;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::list("/api/v1/notifications", Scope::TeamRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Only what was not read yet.
    #[serde(default)]
    unread: bool,
}

const ORDERS: Orders = Orders::walked(&["-created_at"]);

async fn handle(call: Call<(), Query>) -> Result<Json<Page<NotificationView>>, Failure> {
    let window = call.paging.window(&ORDERS)?;
    let (rows, total, exact) = match call.caller.member() {
        Some(member) => notifications::list(&call.tx, member, call.query.unread, window).await?,
        None => (Vec::new(), 0, true),
    };
    let page = Page::walked(rows, &call.paging, total, |row| Cursor { at: row.created_at, id: row.id });
    Ok(Json::new(page.counted(exact).map(NotificationView::from)))
}
