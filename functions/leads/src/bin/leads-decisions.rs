//! Lists the routing decisions about a lead, newest first, each with everything it depended on and an explanation.
//!
//! A lead in the pool begins with where it stands now: an entry without id that says what is missing. It is computed, not stored,
//! and left out when the newest decision says the same.

use std::process::ExitCode;

use shared::http::{self, Call, Json, Page};
use shared::views::decisions::DecisionView;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::list("/api/v1/leads/{id}/decisions", Scope::LeadsRead, handle)
}

async fn handle(call: Call) -> Result<Json<Page<DecisionView>>, Failure> {
    let lead = store::leads::get(&call.tx, call.id("id")?).await?;
    Ok(Json::new(call.decisions_of(&lead, &call.paging).await?))
}
