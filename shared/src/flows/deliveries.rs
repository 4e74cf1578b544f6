//! The check of a delivery and its translation into events, which receiver, processor and replay do with the same code.
//!
//! | function | what |
//! |---|---|
//! | [`verify()`], [`translate`] | pure: is it from whom it says, and which events is it |
//! | [`check_and_translate`] | both for one delivery, with the token looked up where the receiver could not |

pub mod verify;

mod generic;
#[cfg(test)]
mod tests;
mod website;

use serde_json::Value;
use uuid::Uuid;

pub use verify::{Rejection, verify};

use crate::app::App;
use crate::domain::events::{self as domain, depends_on_country};
use crate::domain::faults::sentences;
use crate::domain::hex;
use crate::domain::identity::Country;
use crate::domain::ids::{DeliveryId, EventId, TenantId};
use crate::failure::Failure;
use crate::flows::inbox::Park;
use crate::integrations::{Unknown, lemlist};
use crate::messages::events::{Delivery, Receipt, Verdict, Via};
use crate::store::auth::{WebhookSource, find_webhook_source};
use crate::store::inbox::Parked;

/// Events of a delivery whose faults are written down, when all of them have some.
const MAX_SENTENCES: usize = 20;

/// Why a form is put aside that only a program fills in.
pub const SPAM: &str = "spam";

/// Not sent by anybody: stands among the headers of a delivery that a person has looked at and let pass.
pub const RELEASED: &str = "released";

/// What a source's sealed signing secret is bound to.
pub fn secret_context(tenant: TenantId, source: &str) -> String {
    format!("{tenant}/webhook/{source}")
}

/// The events of a delivery, as `EventInput` JSON, not yet validated. None: it is known and says nothing about a person.
///
/// # Errors
/// When its shape or type is not known.
pub fn translate(delivery: &Delivery) -> Result<Vec<Piece>, Unknown> {
    // Some editors and languages write a byte order mark before UTF-8.
    let body = delivery.body.strip_prefix('\u{feff}').unwrap_or(&delivery.body);
    match delivery.via {
        Via::Generic => generic::translate(&delivery.source, body),
        Via::Lemlist => {
            let events = lemlist::translate::translate(&delivery.source, body)?;
            Ok(events.into_iter().map(|event| Piece { body: body.to_owned(), event: Ok(event) }).collect())
        }
        Via::Website => website::translate(&delivery.source, &delivery.headers, body, delivery.received_at),
    }
}

/// One event of a delivery. It has a verdict of its own: a bad one costs no other.
#[derive(Debug, Clone)]
pub struct Piece {
    /// As it was sent.
    pub body: String,
    /// In our shape, not yet validated; or why it is put aside.
    pub event: Result<Value, Unknown>,
}

/// A delivery as events of its tenant. The receipts' ids depend on nothing but the delivery's id and their place in it.
#[derive(Debug, Clone)]
pub struct Translated {
    pub tenant: TenantId,
    pub events: Vec<Receipt>,
    /// What is put aside, each by itself: a replay translates it with the code of that day.
    pub aside: Vec<Parked>,
}

/// Checks a delivery, where its receiver could not, and translates it.
///
/// A delivery none of whose events is valid is put aside whole, so that a replay translates it with the code of that day. Of a larger
/// delivery each bad event is put aside alone: here what cannot be understood, by whoever processes them what is not valid.
///
/// # Errors
/// When the token has to be looked up and the database does not answer, or the source's secret does not open.
pub async fn check_and_translate(app: &App, delivery: &Delivery) -> Result<Result<Translated, Park>, Failure> {
    let tenant = match &delivery.verdict {
        Verdict::Proven { tenant_id } => *tenant_id,
        Verdict::Rejected { tenant_id, reason } => {
            let detail =
                Rejection::parse(reason).map_or("The receiver did not believe this delivery.", Rejection::detail);
            let park = Park { tenant: *tenant_id, reason: reason.clone(), detail: detail.to_owned(), checked: false };
            return Ok(Err(park));
        }
        Verdict::Unproven => match prove(app, delivery).await? {
            Ok(tenant) => tenant,
            Err(park) => return Ok(Err(park)),
        },
    };
    let park =
        |reason: &str, detail: String| Park { tenant: Some(tenant), reason: reason.to_owned(), detail, checked: true };
    let pieces = match translate(delivery) {
        Ok(pieces) => pieces,
        Err(unknown) => return Ok(Err(park(unknown.reason, unknown.detail))),
    };
    if let Some(Unknown { reason, detail }) = all_bad(delivery, &pieces) {
        return Ok(Err(park(reason, detail)));
    }
    let mut translated = Translated { tenant, events: Vec::with_capacity(pieces.len()), aside: Vec::new() };
    for (index, piece) in pieces.into_iter().enumerate() {
        let id = receipt_id(delivery.id, index);
        match piece.event {
            Ok(event) => translated.events.push(Receipt::of(id, &event)?),
            Err(unknown) => {
                let alone = Delivery { id: DeliveryId(id.0), body: piece.body, ..delivery.clone() };
                translated.aside.push(park(unknown.reason, unknown.detail).row(&alone));
            }
        }
    }
    Ok(Ok(translated))
}

fn refused(tenant: Option<TenantId>, reason: Rejection) -> Park {
    Park { tenant, reason: reason.as_str().to_owned(), detail: reason.detail().to_owned(), checked: false }
}

/// The tenant of a delivery whose check is passed now.
async fn prove(app: &App, delivery: &Delivery) -> Result<Result<TenantId, Park>, Failure> {
    let Some(hash) = delivery.token_hash.as_deref().and_then(hex::decode_hash) else {
        return Ok(Err(refused(None, Rejection::NoToken)));
    };
    let Some(source) = find_webhook_source(app.database(), &delivery.source, &hash, delivery.received_at).await? else {
        return Ok(Err(refused(None, Rejection::UnknownToken)));
    };
    let secrets = open_secrets(app, &source, delivery)?;
    let outcome = verify(delivery.via, &delivery.headers, delivery.body.as_bytes(), &secrets, delivery.received_at);
    Ok(outcome.map(|()| source.tenant).map_err(|reason| refused(Some(source.tenant), reason)))
}

/// The current secret of a delivery's source and the one before, opened; none where the check reads none.
///
/// # Errors
/// When one of them does not open.
pub fn open_secrets(app: &App, source: &WebhookSource, delivery: &Delivery) -> Result<Vec<String>, Failure> {
    if delivery.via == Via::Website {
        return Ok(Vec::new());
    }
    let context = secret_context(source.tenant, &delivery.source);
    let sealed = [&source.secret, &source.previous_secret];
    sealed.into_iter().flatten().map(|sealed| app.sealer()?.open(&context, sealed)).collect()
}

/// What is wrong, when no event of a delivery can be used as it is. National phone numbers are left to the processor, which knows
/// the tenant's country.
fn all_bad(delivery: &Delivery, pieces: &[Piece]) -> Option<Unknown> {
    let arrival = domain::Arrival {
        id: EventId(delivery.id.0),
        received_at: delivery.received_at,
        source: Some(&delivery.source),
        default_country: Country::default(),
    };
    let mut first = None;
    let mut details = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let prefix = if pieces.len() == 1 { String::new() } else { format!("/{index}") };
        let (reason, detail) = match &piece.event {
            Err(unknown) if prefix.is_empty() => (unknown.reason, unknown.detail.clone()),
            Err(unknown) => (unknown.reason, format!("{prefix}: {}", unknown.detail)),
            Ok(event) => match domain::validate(event, &prefix, &arrival) {
                Ok(_) => return None,
                Err(faults) if faults.iter().all(depends_on_country) => return None,
                Err(faults) => ("invalid", sentences(&faults)),
            },
        };
        first = first.or(Some(reason));
        if details.len() < MAX_SENTENCES {
            details.push(detail);
        }
    }
    first.map(|reason| Unknown::new(reason, details.join(" ")))
}

/// The id of one event of a delivery: the delivery's own for the first, and for the others one made from it, with its time in front
/// so that it sorts among the receipts of its moment.
fn receipt_id(delivery: DeliveryId, index: usize) -> EventId {
    use sha2::{Digest as _, Sha256};
    if index == 0 {
        return EventId(delivery.0);
    }
    let mut hash = Sha256::new();
    hash.update(delivery.0.as_bytes());
    hash.update(index.to_be_bytes());
    let digest = hash.finalize();
    let mut bytes = *delivery.0.as_bytes();
    bytes[6..].copy_from_slice(&digest[..10]);
    bytes[6] = bytes[6] & 0x0f | 0x70;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    EventId(Uuid::from_bytes(bytes))
}
