//! Marks what concerns the signed-in member as read: by id, or all of it, as far as they have seen it (`until`).
//!
//! What is somebody else's, gone, or read already is passed over.

use std::process::ExitCode;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::http::{self, Call, Json};
use shared::store::notifications;
use shared::views::input::moment;
use shared::{Failure, Fault, Scope};

pub fn main() -> ExitCode {
    http::post("/api/v1/notifications/read", Scope::TeamRead, handle)
}

/// At once.
const MOST: usize = 500;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Body {
    /// At most 500.
    ids: Option<Vec<uuid::Uuid>>,
    /// Everything.
    #[serde(default)]
    all: bool,
    /// Of everything only what had come by this moment; without it, by now.
    until: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
struct Marked {
    /// How many of them had not been read before.
    read: u64,
    /// How many are left that were not; 1,000 are that many or more.
    unread: i64,
}

async fn handle(call: Call<Body>) -> Result<Json<Marked>, Failure> {
    let mut faults = Vec::new();
    let Body { ids, all, until } = &call.body;
    if ids.is_some() == *all {
        faults.push(Fault::new("/ids", "required", "Send either `ids`, or `all` as true."));
    }
    if ids.as_ref().is_some_and(|ids| ids.len() > MOST) {
        faults.push(Fault::new("/ids", "too_many", format!("Send at most {MOST} at once.")));
    }
    if until.is_some() && ids.is_some() {
        faults.push(Fault::new("/until", "not_allowed", "This belongs to `all`. Leave it out beside `ids`."));
    }
    let until = until.and_then(|until| moment("/until", until, &mut faults));
    if !faults.is_empty() {
        return Err(Failure::Invalid(faults));
    }
    let Some(member) = call.caller.member() else { return Ok(Json::new(Marked { read: 0, unread: 0 })) };
    let read = match ids {
        Some(ids) => notifications::read(&call.tx, member, ids, call.now).await?,
        None => notifications::read_all(&call.tx, member, until.unwrap_or(call.now), call.now).await?,
    };
    Ok(Json::new(Marked { read, unread: notifications::count_unread(&call.tx, member).await? }))
}
