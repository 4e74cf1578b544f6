//! Counts leads by status, tier, intent and source, with the average score and confidence; of all time, or of those created in a
//! window.

use std::process::ExitCode;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use shared::http::{self, Call, Json};
use shared::views::leads::LeadStatsView;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::get("/api/v1/leads/stats", Scope::LeadsRead, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Created at this moment or later.
    created_from: Option<Timestamp>,
    /// Created before this moment.
    created_to: Option<Timestamp>,
}

async fn handle(call: Call<(), Query>) -> Result<Json<LeadStatsView>, Failure> {
    let (from, to) = (call.query.created_from, call.query.created_to);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(Failure::invalid("?created_to", "range", "`created_to` must be later than `created_from`."));
    }
    Ok(Json::new(store::leads::stats(&call.tx, from, to).await?.into()))
}
