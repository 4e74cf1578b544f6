//! Exchanges the refresh token in the cookie for a new pair. The member's role and whether they may sign in at all are looked at anew.
//!
//! A refresh token works once. One that comes again later was copied: its whole session ends (401), and with it every access token
//! that came of it. Acts only for our own pages: JSON, and an `Origin` of this site.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::Failure;
use shared::http::{self, PublicCall, sign_in};

pub fn main() -> ExitCode {
    http::public_post("/api/v1/auth/refresh", handle)
}

/// The cookie says it all; an empty body does too.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn handle(call: PublicCall, _: Option<Nothing>) -> Result<sign_in::Session, Failure> {
    let token = sign_in::refresh_token(&call.headers)
        .ok_or_else(|| Failure::Unauthenticated("There is no session here. Sign in.".to_owned()))?;
    sign_in::refresh(&call.app, token, call.now, &call.request_id).await
}
