//! Lists deliveries that were put aside, newest first: badly signed or unknown ones, invalid events, and dead letters, each with
//! the reason and the raw body without secrets.
//!
//! Filters by kind, source, status, reason and time of receipt. Bodies are cut so that a page stays below 2 MB: ask for one row
//! by `id` to see all of it. Deliveries whose tenant is not known (an unknown token) belong to nobody and are not shown.

use std::process::ExitCode;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{self, Call, Json, Page};
use shared::store::inbox::{Filter, Kept};
use shared::views::cursor::Cursor;
use shared::views::inbox::{InboxView, Kind, Status};
use shared::views::paging::Orders;
use shared::{Failure, Scope, store};
use uuid::Uuid;

/// Characters of bodies in one answer; Lambda answers with at most 6 MB, and JSON escapes take room.
const BODY_CHARS: i64 = 2_000_000;

pub fn main() -> ExitCode {
    http::list("/api/v1/inbox", Scope::InboxRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    id: Option<Uuid>,
    kind: Option<Kind>,
    source: Option<String>,
    status: Option<Status>,
    /// A word as rows show it, such as `bad_signature`.
    reason: Option<String>,
    /// From this moment on.
    received_from: Option<Timestamp>,
    /// Before this moment.
    received_to: Option<Timestamp>,
}

const ORDERS: Orders = Orders { sorts: &["-received_at", "received_at"], walks: &["-received_at"] };

async fn handle(call: Call<(), Query>) -> Result<Json<Page<InboxView>>, Failure> {
    let window = call.paging.window(&ORDERS)?;
    let query = call.query;
    let filter = Filter {
        id: query.id,
        kind: query.kind.map(Kind::as_str),
        source: query.source,
        status: query.status.map(Status::as_str),
        reason: query.reason,
        from: query.received_from,
        to: query.received_to,
    };
    let shown = if filter.id.is_some() { 1 } else { call.paging.limit };
    let chars = i32::try_from(BODY_CHARS / shown).unwrap_or(i32::MAX);
    let rows = store::inbox::list(&call.tx, &filter, window, chars).await?;
    let total = store::inbox::count(&call.tx, &filter).await?;
    let place = |row: &Kept| Cursor { at: row.received_at, id: row.id };
    Ok(Json::new(Page::walked(rows, &call.paging, total, place).map(InboxView::from)))
}
