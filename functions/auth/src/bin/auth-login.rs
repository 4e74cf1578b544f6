//! Signs a member in with e-mail address and password. Answers with an access token for fifteen minutes, and puts a refresh token
//! into a cookie that only the sign-in endpoints see.
//!
//! Refuses (401) without telling whether the address or the password was wrong. Somebody with the same address and password in
//! several tenants is asked to name one (409, with the tenants). Who names none is looked for in three tenants only: people of more
//! name theirs. Too many attempts for an account or from an address have to wait (429). Installations whose people sign in at an
//! identity provider have no sign-in here (404).

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use shared::Failure;
use shared::domain::identity::normalize_email;
use shared::flows::passwords::{matching, wrong};
use shared::http::{self, PublicCall, sign_in};
use shared::store::sign_in::{Attempt, sign_in_succeeded, take_sign_in};

pub fn main() -> ExitCode {
    http::public_post("/api/v1/auth/login", handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    email: String,
    password: String,
    /// The tenant's short name, for people who work for several; needed by those who work for more than three.
    tenant: Option<String>,
}

async fn handle(call: PublicCall, login: Login) -> Result<sign_in::Session, Failure> {
    let (app, now) = (&call.app, call.now);
    app.signer()?;
    let email = normalize_email(&login.email)
        .map_err(|fault| Failure::invalid("/email", "bad_identifier", fault.to_string()))?;
    let attempt = Attempt::of(&email, login.tenant.as_deref(), call.source_ip.as_deref());
    let taken = take_sign_in(app.database(), &attempt, now).await?;
    let found = matching(app, &email, login.tenant.as_deref(), &login.password).await?;
    if found.all {
        sign_in_succeeded(app.database(), &attempt, &taken, now).await?;
    }
    match found.members.as_slice() {
        [] => Err(wrong()),
        [member] => sign_in::start(app, member, now, &call.request_id).await,
        several => {
            let tenants = several.iter().map(|member| json!({"slug": member.tenant_slug, "name": member.tenant_name}));
            Err(Failure::Conflict {
                code: "tenant_ambiguous",
                detail: "You work for several tenants. Sign in again with `tenant` set to one of `matches`.".to_owned(),
                matches: Some(tenants.collect()),
            })
        }
    }
}
