//! Shows who is calling: the member, what they may do, and the tenant whose data they see.
//!
//! Everybody who is signed in may ask. API keys, and people of an identity provider who are not in the team, have no member.

use std::process::ExitCode;

use shared::Failure;
use shared::http::{self, Anyone, Call, Json, sign_in};
use shared::views::team::MeView;

pub fn main() -> ExitCode {
    http::get("/api/v1/auth/me", Anyone, handle)
}

async fn handle(call: Call) -> Result<Json<MeView>, Failure> {
    Ok(Json::new(sign_in::me(&call.tx, call.caller.member(), call.caller.scopes()).await?))
}
