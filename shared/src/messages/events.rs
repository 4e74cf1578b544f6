//! What receivers put on the queue `events`: raw, with what is known about its sender. A receiver that cannot reach the database
//! says so in the message, and the processor proves the sender later: nothing is lost while the database is away.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{decode, object, objects};
use crate::domain::access::Shown;
use crate::domain::ids::{DeliveryId, EventId, LeadId, MemberId, TenantId};
use crate::failure::Failure;

/// One message on the queue `events`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Inbound {
    /// Events of a sender whose right to send was checked.
    Events(Events),
    /// Events of an API key that could not be checked because the database was away.
    UnprovenEvents(UnprovenEvents),
    /// A webhook as it came.
    Delivery(Delivery),
    /// Leads to evaluate again because the rules changed: the next chunk after this lead.
    Recalculate(Recalculate),
}

impl Inbound {
    /// The message in the body of one from the queue. In two steps: reading a tagged enum at once keeps all of it in memory twice.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn read(body: &str) -> Result<Self, Failure> {
        #[derive(Deserialize)]
        struct Tag<'a> {
            #[serde(borrow)]
            kind: Cow<'a, str>,
        }
        match serde_json::from_str::<Tag<'_>>(body).as_ref().map(|tag| tag.kind.as_ref()) {
            Ok("events") => decode(body).map(Self::Events),
            Ok("unproven_events") => decode(body).map(Self::UnprovenEvents),
            // The others are small, and what is not understood is told as one. (Events can only be read by their own shape.)
            _ => decode(body),
        }
    }
}

/// Accepted events of one sender.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Events {
    pub tenant_id: TenantId,
    /// The one source the sender may speak for; none when a person sent them.
    pub source: Option<String>,
    pub received_at: Timestamp,
    /// What they were sent with, when nobody could look whether it still counts because the database was away.
    #[serde(flatten)]
    pub unchecked: Unchecked,
    #[serde(deserialize_with = "objects")]
    pub receipts: Vec<Receipt>,
}

/// What a person has shown and nobody has looked at yet; nothing, when there is nothing to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unchecked {
    #[serde(default, rename = "unchecked_token", skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    #[serde(default, rename = "unchecked_member", skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
    #[serde(default, rename = "unchecked_emails", skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
}

impl From<Shown<'_>> for Unchecked {
    fn from(shown: Shown<'_>) -> Self {
        Self { jti: shown.jti.map(str::to_owned), member: shown.member, emails: shown.emails.to_vec() }
    }
}

impl Unchecked {
    /// As it was shown.
    pub fn shown(&self) -> Shown<'_> {
        Shown { jti: self.jti.as_deref(), member: self.member, emails: &self.emails }
    }
}

/// One accepted event, as sent. Only text: it is taken apart when its turn comes, since five hundred at once are megabytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Receipt {
    pub id: EventId,
    pub event: Box<RawValue>,
}

impl Receipt {
    /// A receipt for an event.
    ///
    /// # Errors
    /// Never for what was JSON before.
    pub fn of(id: EventId, event: &Value) -> Result<Self, Failure> {
        Ok(Self { id, event: to_raw_value(event).map_err(Failure::internal)? })
    }

    /// The source an event names, if it names one.
    pub fn source(event: &RawValue) -> Option<String> {
        #[derive(Deserialize)]
        struct Named {
            source: String,
        }
        serde_json::from_str::<Named>(event.get()).ok().map(|named| named.source)
    }
}

/// Events whose key is still to be looked up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UnprovenEvents {
    pub source: String,
    /// SHA-256 of the key, in hex.
    pub key_hash: String,
    pub received_at: Timestamp,
    #[serde(deserialize_with = "objects")]
    pub receipts: Vec<Receipt>,
}

/// A webhook, raw.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    pub id: DeliveryId,
    /// Which receiver took it: decides the check and the translation.
    #[serde(default)]
    pub via: Via,
    pub source: String,
    /// SHA-256 in hex of the token that says whose webhook this is; none when the request carried no token.
    pub token_hash: Option<String>,
    /// The tenant and what its check said; `Unproven` when the database was away.
    #[serde(deserialize_with = "object")]
    pub verdict: Verdict,
    /// Only what the check and the translation read: never cookies or authorization.
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub received_at: Timestamp,
}

/// The receiver of a webhook, each with a check and a shape of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// Signed deliveries of our own shape.
    #[default]
    Generic,
    Lemlist,
    /// Forms and the page tracker of a website.
    Website,
}

/// Whether a delivery is what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Verdict {
    /// Checked and good.
    Proven { tenant_id: TenantId },
    /// Not checked yet.
    Unproven,
    /// Checked and bad: kept in the inbox with the reason, not processed.
    Rejected { tenant_id: Option<TenantId>, reason: String },
}

/// The most receipts one message carries.
pub const MAX_RECEIPTS: usize = 100;
/// The most bytes of events one message carries; a single larger event travels alone.
pub const MAX_PACKED_BYTES: usize = 200 * 1024;

/// Splits receipts into the contents of few messages, in order.
pub fn packed(receipts: Vec<Receipt>) -> Vec<Vec<Receipt>> {
    let mut groups: Vec<Vec<Receipt>> = Vec::new();
    let mut size = 0;
    for receipt in receipts {
        // The id and the braces around it are 60 bytes.
        let weight = receipt.event.get().len() + 60;
        match groups.last_mut() {
            Some(group) if group.len() < MAX_RECEIPTS && size + weight <= MAX_PACKED_BYTES => {
                size += weight;
                group.push(receipt);
            }
            _ => {
                size = weight;
                groups.push(vec![receipt]);
            }
        }
    }
    groups
}

/// The next leads of a tenant to evaluate again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recalculate {
    pub tenant_id: TenantId,
    /// The version of the rules this is for; an older one than the published is dropped.
    pub rule_set_version: i32,
    pub after: Option<LeadId>,
}
