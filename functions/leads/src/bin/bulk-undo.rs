//! Undoes one change of many records: each becomes what it was before.
//!
//! The token comes with the answer to the change, and is good once, for ten minutes, for whoever made the change, who needs the right to
//! write such records still. What was changed since is left alone and named.

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::secrets::token_hash;
use shared::views::bulk::{BulkUndo, BulkView};
use shared::{Failure, Scope, store};

#[path = "../undoing.rs"]
mod undoing;

use undoing::{deals, leads, tasks};

pub fn main() -> ExitCode {
    http::post("/api/v1/bulk-undo", Scope::LeadsWrite, handle)
}

async fn handle(call: Call<BulkUndo>) -> Result<Json<BulkView>, Failure> {
    let hash = token_hash(&call.body.token);
    let change = store::bulk::lock(&call.tx, &hash, &call.caller.subject, call.now).await?;
    let change = change.ok_or_else(|| {
        Failure::NotFound("There is nothing to undo by this token: it is used, too old, or another's.".to_owned())
    })?;
    let view = match change.record.as_str() {
        "lead" => leads(&call, &change).await?,
        "deal" => deals(&call, &change).await?,
        _ => tasks(&call, &change).await?,
    };
    store::bulk::mark_undone(&call.tx, change.id, call.now).await?;
    Ok(Json::new(view))
}
