//! Takes signed webhooks: one event of our own shape, or up to 500 as an array.
//!
//! `X-Source` and `X-Webhook-Token` say whose it is; `X-Signature` is the hexadecimal HMAC-SHA256, with the source's secret, of
//! `X-Timestamp` (Unix seconds, at most 5 minutes off), a dot and the raw body. During a rotation the secret before counts too.
//! What is not believed gets 401 and is kept in the inbox with the reason; what is believed but not understood gets 202 and is
//! kept there as well. The database may be away: the processor then checks the signature later.

use std::process::ExitCode;

use shared::Failure;
use shared::http::{self, Accepted, PublicCall};
use shared::messages::events::Via;
use shared::views::events::{DeliveryReceipt, IngestBody};
use shared::webhook::{self, Token};

pub fn main() -> ExitCode {
    http::receive::<IngestBody, Accepted<DeliveryReceipt>, _, _>("/api/v1/events/webhook", None, handle)
}

async fn handle(call: PublicCall) -> Result<Accepted<DeliveryReceipt>, Failure> {
    let claim = call
        .header("x-source")
        .zip(call.header("x-webhook-token"))
        .map(|(source, token)| Token { source: source.trim(), token: token.trim() });
    webhook::receive(&call, Via::Generic, claim).await
}
