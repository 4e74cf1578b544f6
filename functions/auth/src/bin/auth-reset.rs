//! Sets a password by the link of a forgotten password. The link works once, within an hour; the account is signed out everywhere, and its other
//! links are used up.
//!
//! Refuses (400) a link that was used or is too old without telling which, and passwords that are too easy. Too many tries from an address
//! have to wait (429).

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::Failure;
use shared::flows::account_mails::set_password;
use shared::http::{self, Json, PublicCall};
use shared::store::account_mails::Purpose;
use shared::store::sign_in::{Attempt, take_sign_in};
use shared::views::team::AccountView;

pub fn main() -> ExitCode {
    http::public_post("/api/v1/auth/reset", handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Reset {
    /// As it stands in the link.
    token: String,
    password: String,
}

async fn handle(call: PublicCall, body: Reset) -> Result<Json<AccountView>, Failure> {
    call.app.signer()?;
    // A token cannot be guessed; what is braked is the work of looking.
    let attempt = Attempt::of(&format!("token {}", body.token), None, call.source_ip.as_deref());
    take_sign_in(call.app.database(), &attempt, call.now).await?;
    let account =
        set_password(&call.app, &body.token, Purpose::Reset, &body.password, call.now, &call.request_id).await?;
    Ok(Json::new(AccountView { email: account.email, tenant: account.tenant_slug }))
}
