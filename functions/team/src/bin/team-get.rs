//! Shows one member of the team with their open deals.
//!
//! Those who are no longer active are shown too: their names stand on what they did.

use std::process::ExitCode;

use shared::http::{self, Call, Json};
use shared::views::team::MemberView;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::get("/api/v1/team/{id}", Scope::TeamRead, handle)
}

async fn handle(call: Call) -> Result<Json<MemberView>, Failure> {
    Ok(Json::of(store::team::get(&call.tx, call.id("id")?).await?.into()))
}
