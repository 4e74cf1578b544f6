//! Takes the forms of a website, urlencoded or JSON, and what its page tracker sends in our own shape; the token is in the path.
//!
//! The usual German and English field names become the person's fields, consents stay word for word, the rest is metadata. A form
//! whose trap field is filled in gets 202 too and is kept in the inbox as spam. Other event types than a page can see are put
//! aside, and so is what exceeds the rate of a minute: the token is public.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::Value;
use shared::Failure;
use shared::http::{self, Accepted, PublicCall};
use shared::messages::events::Via;
use shared::views::events::DeliveryReceipt;
use shared::webhook::{self, Token};

pub fn main() -> ExitCode {
    http::receive::<BTreeMap<String, Value>, Accepted<DeliveryReceipt>, _, _>(
        "/api/v1/webhooks/website/{token}",
        None,
        handle,
    )
}

async fn handle(call: PublicCall) -> Result<Accepted<DeliveryReceipt>, Failure> {
    let claim = Token { source: "website", token: call.path("token") };
    webhook::receive(&call, Via::Website, Some(claim)).await
}
