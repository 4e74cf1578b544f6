//! A webhook onto the queue. The answer comes only after SQS has the raw delivery.
//!
//! | what is known | verdict on the queue | answer |
//! |---|---|---|
//! | the token is known and the check passed | proven | 202 |
//! | the token is known, and the check failed | rejected, with the reason | 401 |
//! | the token is public, and too much came with it this minute | rejected, to be looked at and replayed | 202 |
//! | the token is unknown, or there is none | –: it is counted | 401 |
//! | the database is away, or the secret does not open | unproven: the processor checks it later | 202 |
//! | SQS is away | – | 503 with `Retry-After`, so that the sender keeps it |

use std::borrow::Cow;
use std::collections::BTreeMap;

use futures_util::FutureExt as _;
use tracing::{Instrument as _, error_span};

use crate::aws::queues::MAX_BODY;
use crate::domain::events::parse_source;
use crate::domain::hex;
use crate::domain::ids::{DeliveryId, TenantId};
use crate::domain::redact;
use crate::domain::text::decoded;
use crate::failure::Failure;
use crate::flows::deliveries::verify::{BODY_SECRET_HASH, SIGNATURE, TIMESTAMP};
use crate::flows::deliveries::{Rejection, open_secrets, verify};
use crate::flows::inbox::stranger;
use crate::http::ingest::origin::in_time;
use crate::http::{Accepted, PublicCall};
use crate::messages::events::{Delivery, Inbound, Verdict, Via};
use crate::messages::queues;
use crate::secrets::token_hash;
use crate::store::auth::{find_webhook_source, take_delivery};
use crate::store::inbox::note_stranger;
use crate::telemetry::metrics::STRANGER_DELIVERIES;
use crate::telemetry::{self, step};
use crate::views::events::DeliveryReceipt;

/// The largest webhook, in bytes: it has to fit into one message with room for escapes, and anybody may send one.
pub const MAX_DELIVERY: usize = 256 * 1024;

/// What check and translation read. Nothing else of the headers is kept: no cookies, no authorization, no addresses.
const KEPT_HEADERS: [&str; 4] = ["content-type", SIGNATURE, TIMESTAMP, "referer"];

/// The longest value of a kept header.
const MAX_HEADER: usize = 2000;

/// Whose webhook a request claims to be.
pub struct Token<'a> {
    pub source: &'a str,
    pub token: &'a str,
}

/// Takes a webhook.
///
/// # Errors
/// `Unauthenticated` when it is not believed (it is kept, or counted, all the same), `TooLarge`, and `Unavailable` when SQS does not take it.
pub async fn receive(
    call: &PublicCall,
    via: Via,
    claim: Option<Token<'_>>,
) -> Result<Accepted<DeliveryReceipt>, Failure> {
    if call.body.len() > MAX_DELIVERY {
        return Err(Failure::TooLarge { limit: MAX_DELIVERY });
    }
    let id = DeliveryId(call.app.new_id());
    let mut delivery = Delivery {
        id,
        via,
        source: "unknown".to_owned(),
        token_hash: None,
        verdict: Verdict::Unproven,
        headers: kept_headers(call),
        body: String::new(),
        received_at: call.now,
    };
    let sent = String::from_utf8_lossy(&call.body);
    let is_text = matches!(sent, Cow::Borrowed(_));
    let readable = is_text || via == Via::Website;
    delivery.body = match via {
        Via::Lemlist => {
            let (body, secret) = redact::take_secret(&sent);
            if let Some(secret) = secret {
                delivery.headers.insert(BODY_SECRET_HASH.to_owned(), hex::encode(&token_hash(&secret)));
            }
            body.into_owned()
        }
        // Old pages send their own character set, whatever they call it.
        Via::Website if !is_text => decoded(call.body.clone()),
        Via::Generic | Via::Website => sent.into_owned(),
    };
    let verdict = match claim.filter(|claim| !claim.token.is_empty() && parse_source(claim.source).is_ok()) {
        None => rejected(None, Rejection::NoToken),
        Some(claim) => {
            let hash = token_hash(claim.token);
            delivery.source = claim.source.to_owned();
            delivery.token_hash = Some(hex::encode(&hash));
            let span = error_span!("judge", delivery_id = %id, source = claim.source);
            judge(call, &delivery, &hash, readable).boxed().instrument(span).await
        }
    };
    let refused = match &verdict {
        Verdict::Rejected { reason, .. } => Rejection::parse(reason),
        Verdict::Proven { .. } | Verdict::Unproven => None,
    };
    // What belongs to nobody is worth no message: anybody can send as much of it as they like.
    let of_nobody = matches!(verdict, Verdict::Rejected { tenant_id: None, .. });
    delivery.verdict = verdict;
    if !(of_nobody && is_counted(call, &delivery, refused).await) {
        let span = error_span!("keep", delivery_id = %id, source = delivery.source);
        step(span, keep(call, delivery)).await?;
    }
    match refused {
        Some(reason) if reason != Rejection::OverRate => Err(Failure::Unauthenticated(reason.detail().to_owned())),
        _ => Ok(Accepted(DeliveryReceipt::accepted(id))),
    }
}

async fn judge(call: &PublicCall, delivery: &Delivery, hash: &[u8; 32], readable: bool) -> Verdict {
    let asked = find_webhook_source(call.app.database(), &delivery.source, hash, call.now);
    let found = in_time(&call.app, asked).await;
    let source = match found {
        Ok(Some(source)) => source,
        Ok(None) => return rejected(None, Rejection::UnknownToken),
        Err(failure) => {
            tracing::warn!(reason = %failure, "cannot check this webhook now; taken unproven");
            return Verdict::Unproven;
        }
    };
    telemetry::of_tenant(source.tenant);
    let secrets = match open_secrets(&call.app, &source, delivery) {
        Ok(secrets) => secrets,
        Err(failure) => {
            tracing::error!(reason = %failure, "cannot check this webhook now; taken unproven");
            return Verdict::Unproven;
        }
    };
    // The signature is over the bytes as they came.
    match verify(delivery.via, &delivery.headers, &call.body, &secrets, delivery.received_at) {
        Err(reason) => rejected(Some(source.tenant), reason),
        Ok(()) if !readable => rejected(Some(source.tenant), Rejection::NotText),
        Ok(()) if !is_within_rate(call, delivery, hash).await => rejected(Some(source.tenant), Rejection::OverRate),
        Ok(()) => Verdict::Proven { tenant_id: source.tenant },
    }
}

/// Whether a source whose token everybody can read may send one more this minute. Who cannot be asked says yes: nothing is lost for it.
async fn is_within_rate(call: &PublicCall, delivery: &Delivery, hash: &[u8; 32]) -> bool {
    if delivery.via != Via::Website {
        return true;
    }
    let asked = take_delivery(call.app.database(), &delivery.source, hash, call.now);
    in_time(&call.app, asked).await.unwrap_or_else(|failure| {
        tracing::warn!(reason = %failure, "cannot count this webhook now");
        true
    })
}

/// Counts the delivery of a stranger. Not while the database is away: it then goes the way of all deliveries, and the processor counts it.
async fn is_counted(call: &PublicCall, delivery: &Delivery, reason: Option<Rejection>) -> bool {
    let stranger = stranger(delivery, reason.map_or("unknown", Rejection::as_str), call.body.len());
    STRANGER_DELIVERIES.add(1.0);
    match in_time(&call.app, note_stranger(call.app.database(), &stranger)).await {
        Ok(()) => true,
        Err(failure) => {
            tracing::warn!(reason = %failure, "cannot count a stranger's webhook now");
            false
        }
    }
}

fn rejected(tenant_id: Option<TenantId>, reason: Rejection) -> Verdict {
    Verdict::Rejected { tenant_id, reason: reason.as_str().to_owned() }
}

fn kept_headers(call: &PublicCall) -> BTreeMap<String, String> {
    KEPT_HEADERS
        .into_iter()
        .filter_map(|name| {
            Some((name.to_owned(), call.header(name).filter(|value| value.len() <= MAX_HEADER)?.to_owned()))
        })
        .collect()
}

async fn keep(call: &PublicCall, delivery: Delivery) -> Result<(), Failure> {
    let message = serde_json::to_string(&Inbound::Delivery(delivery)).map_err(Failure::internal)?;
    // A body of control characters grows sixfold in JSON.
    if message.len() > MAX_BODY {
        return Err(Failure::TooLarge { limit: MAX_DELIVERY });
    }
    call.app.sender().send(queues::EVENTS, message, 0).await
}
