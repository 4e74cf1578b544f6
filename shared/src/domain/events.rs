//! Events: what one person did, as one source saw it.

mod canonical;
mod limits;
mod parse;
pub mod raw;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::faults::Fault;
use super::identity::{Country, Identifier};
use super::ids::EventId;
use super::profile::CarriedProfile;

pub use canonical::{canonical_json, dedupe_key, derived_external_id};
pub use parse::{MAX_FAULTS, Valid, parse_event_type, parse_source, validate};

/// How far into the future `occurred_at` may lie: clocks differ a little.
pub const MAX_FUTURE_MINUTES: i64 = 5;
/// How old an event may be, in calendar years.
pub const MAX_AGE_YEARS: i64 = 2;
/// The largest `metadata`, in bytes of compact JSON.
pub const MAX_METADATA_BYTES: usize = 64 * 1024;
/// The largest `lead` object, in bytes of compact JSON.
pub const MAX_PROFILE_BYTES: usize = 16 * 1024;
/// How many events one request may carry.
pub const MAX_BATCH: usize = 500;

/// The event types Lotse's own rules and translations use. Others are stored and score nothing by default.
pub const KNOWN_EVENT_TYPES: [&str; 30] = [
    "page_visited",
    "pricing_viewed",
    "form_submitted",
    "demo_requested",
    "content_downloaded",
    "webinar_registered",
    "webinar_attended",
    "newsletter_subscribed",
    "email_sent",
    "email_opened",
    "email_clicked",
    "email_replied",
    "email_bounced",
    "email_unsubscribed",
    "linkedin_connected",
    "linkedin_message_sent",
    "linkedin_message_replied",
    "ad_clicked",
    "ad_lead_submitted",
    "conference_visited",
    "conference_scan",
    "meeting_booked",
    "meeting_held",
    "meeting_no_show",
    "quote_sent",
    "invoice_paid",
    "deal_won",
    "deal_lost",
    "membership_started",
    "membership_cancelled",
];

/// An event as senders write it. What is accepted is decided by [`validate`], which reports every fault at once; this type
/// describes the shape (it is the schema in the API's description) and lets translations from partners write it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventInput {
    /// What happened: a lower-case name such as `demo_requested`. Unknown types are stored and score nothing.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_]{0,63}$"))]
    pub event_type: String,
    /// Where it was seen, such as `website`. Must be the source of the API key or webhook that sends it.
    pub source: String,
    /// When it happened (RFC 3339); the time of receipt when absent. At most 5 minutes ahead and 2 years old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// The source's own id of the event: sending it twice counts once. Derived from the content when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub external_id: Option<String>,
    /// Who did it: at least one identifier. An e-mail address or LinkedIn profile that stands in `lead` only is one as well.
    pub lead_identifier: IdentifierInput,
    /// What the source knows about the person: known profile fields as text, others as custom fields.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub lead: Map<String, Value>,
    /// The campaign that brought it about: its name, or UTM parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignInput>,
    /// Anything else about the event, at most 64 KiB.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// Who did it. At least one of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentifierInput {
    /// Lotse's own id of the lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Telephone number; without a country code it is read as one of the tenant's country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Address of a LinkedIn profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linkedin_url: Option<String>,
    /// Waalaxy's id of the prospect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waalaxy_id: Option<String>,
    /// lemlist's id of the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lemlist_id: Option<String>,
    /// Wodify's id of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wodify_id: Option<String>,
    /// The sending source's own id of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// A cookie or device id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
}

/// A campaign by name, or by its UTM parameters (with or without the `utm_` prefix).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CampaignInput {
    /// The campaign's name.
    Name(String),
    /// UTM parameters, for example `{"utm_source":"google","utm_campaign":"spring"}`.
    Utm(BTreeMap<String, String>),
}

/// The campaign behind an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// The campaign's name (`utm_campaign`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `utm_source`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// `utm_medium`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
    /// `utm_term`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    /// `utm_content`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// `utm_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A valid event, everything in normal form. Serialises losslessly: it is what travels through the queue and is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The receipt: its order is the order of receipt.
    pub id: EventId,
    /// What happened.
    pub event_type: String,
    /// Where it was seen.
    pub source: String,
    /// When it happened, to the microsecond (the database keeps no more, and order must survive storing).
    pub occurred_at: Timestamp,
    /// When we received it, to the microsecond.
    pub received_at: Timestamp,
    /// The idempotency key within the source, given or derived.
    pub external_id: String,
    /// Who did it, strongest first, without repetition, never empty.
    pub identifiers: Vec<Identifier>,
    /// What the source knows about the person.
    #[serde(default)]
    pub profile: CarriedProfile,
    /// The campaign behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Campaign>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

impl Event {
    /// The order in which everything is counted: by when it happened, then by receipt.
    pub const fn order(&self) -> (Timestamp, EventId) {
        (self.occurred_at, self.id)
    }
}

/// What is known about a delivery apart from its content.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The id the sender gets for this event.
    pub id: EventId,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The source of the API key or webhook. `None` when the caller is not bound to one (a person with a token).
    pub source: Option<&'a str>,
    /// The tenant's country: completes phone numbers without a country code.
    pub default_country: Country,
}

/// Whether a fault may be none in another country.
pub fn depends_on_country(fault: &Fault) -> bool {
    fault.code == "bad_identifier" && fault.pointer.ends_with("/lead_identifier/phone")
}
