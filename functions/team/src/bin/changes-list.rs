//! Lists what has changed since a moment (record, version, when, by whom), says who else looks at a record, and how much the caller has
//! not read: everything that a page asks for every few seconds, in one call.
//!
//! Without `since` it answers with where to begin. Shows of records only those that the caller may read. More than two hundred changes
//! are not listed but said (`more`).

use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{self, Call, Json};
use shared::store::{changes, notifications};
use shared::views::changes::{ChangeView, ChangesView, Place, PresentView, told};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::get("/api/v1/changes", Scope::TeamRead, handle)
}

/// What is written carries the moment its request came in, and no function works for longer on one: what is older is committed.
const LATE: SignedDuration = SignedDuration::from_secs(12);

/// For this long somebody is seen where they were.
const SEEN: SignedDuration = SignedDuration::from_secs(30);

const MOST: u8 = 200;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// The `cursor` of the answer before.
    since: Option<Timestamp>,
    /// The record that the caller looks at, such as `lead:01a1ea0d-46cb-748e-81a5-491da0899a75`.
    on: Option<String>,
}

async fn handle(call: Call<(), Query>) -> Result<Json<ChangesView>, Failure> {
    let place = call.query.on.as_deref().map(str::parse::<Place>).transpose();
    let place = place.map_err(|detail| Failure::invalid("?on", "format", detail))?;
    let (member, before) = (call.caller.member(), |span| call.now.checked_sub(span).map_err(Failure::internal));
    let mut found = match call.query.since {
        Some(since) => changes::list(&call.tx, since, &told(&call.caller), i64::from(MOST) + 1).await?,
        None => Vec::new(),
    };
    let more = found.len() > usize::from(MOST);
    found.truncate(usize::from(MOST));
    let mut present = Vec::new();
    if let Some(Place { record_type, record }) = place {
        present = changes::list_present(&call.tx, record_type, record, before(SEEN)?).await?;
        present.retain(|one| Some(one.member) != member);
        if let Some(member) = member {
            changes::note_presence(&call.tx, member, record_type, record, call.now, before(SEEN)?).await?;
        }
    }
    let unread = match member {
        Some(member) => notifications::count_unread(&call.tx, member).await?,
        None => 0,
    };
    Ok(Json::new(ChangesView {
        cursor: before(LATE)?,
        changes: found.into_iter().map(ChangeView::from).collect(),
        more,
        present: present.into_iter().map(PresentView::from).collect(),
        unread,
    }))
}
