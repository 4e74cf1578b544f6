//! Somebody forgot their password: whoever has an account with this e-mail address gets a mail with a link that sets a new one, once, within
//! an hour.
//!
//! The answer is the same for everybody and takes as long: who is known is found out later, by the worker that sends the mails. Too many
//! requests for an address or from one have to wait (429). Installations whose people sign in at an identity provider, or that send no mails,
//! have no such thing (404).

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use shared::Failure;
use shared::config::sends_mails;
use shared::domain::identity::normalize_email;
use shared::http::{self, Accepted, PublicCall};
use shared::messages::{AccountMail, Recipient, queues};
use shared::store::sign_in::{Attempt, take_sign_in};
use shared::views::team::MailPromisedView;

pub fn main() -> ExitCode {
    http::public_post("/api/v1/auth/forgot", handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Forgot {
    email: String,
    /// The tenant's short name, for people who work for several; otherwise each of at most three sends a mail.
    tenant: Option<String>,
}

async fn handle(call: PublicCall, forgot: Forgot) -> Result<Accepted<MailPromisedView>, Failure> {
    let (app, now) = (&call.app, call.now);
    app.signer()?;
    if !sends_mails() {
        let detail = "This installation sends no mails. Ask an administrator for a new password.";
        return Err(Failure::NotFound(detail.to_owned()));
    }
    let email = normalize_email(&forgot.email)
        .map_err(|fault| Failure::invalid("/email", "bad_identifier", fault.to_string()))?;
    // Beside the attempts to sign in: who has tried often may still ask for a mail.
    let attempt = Attempt::of(&format!("forgot {email}"), forgot.tenant.as_deref(), call.source_ip.as_deref());
    take_sign_in(app.database(), &attempt, now).await?;
    let recipient = Recipient::Address { email, tenant: forgot.tenant };
    let mail = AccountMail { request_id: app.new_id(), asked_at: now, recipient };
    let body = serde_json::to_string(&mail).map_err(Failure::internal)?;
    app.sender().send(queues::MAILS, body, 0).await?;
    Ok(Accepted(MailPromisedView::new()))
}
