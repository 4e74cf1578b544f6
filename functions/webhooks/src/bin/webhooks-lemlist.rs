//! Takes lemlist's activities; the path's token says whose they are, the `secret` in the body that they are lemlist's.
//!
//! The secret is taken out before anything is queued or stored. The same activity counts once, by its `_id`. A wrong token or
//! secret gets 401 and a row in the inbox; an activity of an unknown type or shape gets 202 and a row in the inbox.

use std::process::ExitCode;

use schemars::JsonSchema;
use shared::Failure;
use shared::http::{self, Accepted, PublicCall};
use shared::messages::events::Via;
use shared::views::events::DeliveryReceipt;
use shared::webhook::{self, Token};

pub fn main() -> ExitCode {
    http::receive::<Activity, Accepted<DeliveryReceipt>, _, _>("/api/v1/webhooks/lemlist/{token}", None, handle)
}

/// What lemlist posts; fields beyond these are kept as metadata.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body, which is read only after it is safe")]
struct Activity {
    #[schemars(rename = "_id")]
    id: String,
    /// `emailsReplied`, `linkedinInviteAccepted`, …
    r#type: String,
    /// RFC 3339.
    created_at: Option<String>,
    campaign_name: Option<String>,
    lead_id: Option<String>,
    lead_email: Option<String>,
    lead_first_name: Option<String>,
    lead_last_name: Option<String>,
    /// The secret the webhook was created with.
    secret: Option<String>,
}

async fn handle(call: PublicCall) -> Result<Accepted<DeliveryReceipt>, Failure> {
    let claim = Token { source: "lemlist", token: call.path("token") };
    webhook::receive(&call, Via::Lemlist, Some(claim)).await
}
