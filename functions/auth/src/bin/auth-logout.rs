//! Ends the session of the cookie: its refresh tokens and every access token that came of it are refused from now on. So is an access
//! token that is sent as `Authorization: Bearer`, with its session if it has one here.
//!
//! Without a session, or with one that is over, there is nothing to do, and that is no error. Acts only for our own pages: JSON, and
//! an `Origin` of this site.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::Failure;
use shared::http::sign_in::{self, WithCookie};
use shared::http::{self, NoContent, PublicCall};

pub fn main() -> ExitCode {
    http::public_post("/api/v1/auth/logout", handle)
}

/// The cookie says it all; an empty body does too.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn handle(call: PublicCall, _: Option<Nothing>) -> Result<WithCookie<NoContent>, Failure> {
    if let Some(token) = sign_in::refresh_token(&call.headers) {
        sign_in::end(&call.app, token, call.now, &call.request_id).await?;
    }
    if let Some(caller) = call.bearer().await? {
        sign_in::revoke(&call.app, &caller, call.now, &call.request_id).await?;
    }
    Ok(WithCookie { reply: NoContent, cookie: Some(sign_in::cleared_cookie()) })
}
