//! Who an event belongs to: the identifiers people leave behind, made comparable, and the rules that tie them to leads.
//!
//! Nothing here merges two leads. When one event names several of them, it goes to the lead of its strongest identifier
//! and the pair is reported as a suspicion for a person to judge.

mod country;
mod email;
mod linkedin;
mod phone;
mod resolve;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use country::Country;
pub use email::{email_domain, normalize_email};
pub use linkedin::normalize_linkedin;
pub use phone::normalize_phone;
pub use resolve::{
    Assignment, BatchIdentity, KnownIdentities, NewIdentifier, Resolution, Suspicion, resolve, resolve_batch,
};

/// The kinds of identifiers, **strongest first**: the derived order is the order in which they decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierKind {
    /// Our own id of the lead. It is looked up and never stored as an identifier.
    LeadId,
    /// An e-mail address.
    Email,
    /// A telephone number in E.164.
    Phone,
    /// A LinkedIn profile as `in/<slug>`.
    LinkedinUrl,
    /// Waalaxy's id of a prospect.
    WaalaxyId,
    /// lemlist's id of a contact.
    LemlistId,
    /// Wodify's id of a client.
    WodifyId,
    /// The sending source's own id of the person, stored as `<source>:<id>`.
    ExternalId,
    /// A cookie: says "the same browser", not "the same person".
    AnonymousId,
}

impl IdentifierKind {
    /// All kinds, strongest first.
    pub const ALL: [Self; 9] = [
        Self::LeadId,
        Self::Email,
        Self::Phone,
        Self::LinkedinUrl,
        Self::WaalaxyId,
        Self::LemlistId,
        Self::WodifyId,
        Self::ExternalId,
        Self::AnonymousId,
    ];

    /// The name used in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeadId => "lead_id",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::LinkedinUrl => "linkedin_url",
            Self::WaalaxyId => "waalaxy_id",
            Self::LemlistId => "lemlist_id",
            Self::WodifyId => "wodify_id",
            Self::ExternalId => "external_id",
            Self::AnonymousId => "anonymous_id",
        }
    }

    /// Whether only its issuer understands it; such ids may be numbers.
    pub const fn is_opaque(self) -> bool {
        matches!(self, Self::WaalaxyId | Self::LemlistId | Self::WodifyId | Self::ExternalId | Self::AnonymousId)
    }

    /// Whether the identifier stands for a person; only a cookie does not.
    pub const fn is_strong(self) -> bool {
        !matches!(self, Self::AnonymousId)
    }
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of an identifier kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of identifier")]
pub struct UnknownIdentifierKind(pub String);

impl FromStr for IdentifierKind {
    type Err = UnknownIdentifierKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownIdentifierKind(text.to_owned()))
    }
}

/// One identifier in its normal form: equal values mean the same person (or browser). Unique per tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Identifier {
    /// What kind of identifier it is. First in order, so that sorting puts the strongest first.
    pub kind: IdentifierKind,
    /// The normalised value.
    pub value: String,
}

impl Identifier {
    /// Normalises what a sender wrote.
    ///
    /// `source` is who sent it (an `external_id` means something only together with it); `default_country` completes
    /// phone numbers without a country code.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the value.
    pub fn parse(kind: IdentifierKind, raw: &str, source: &str, default_country: Country) -> Result<Self, String> {
        let value = match kind {
            IdentifierKind::LeadId => uuid::Uuid::parse_str(raw.trim())
                .map(|id| id.to_string())
                .map_err(|_| "Send the lead's id as a UUID, as the API shows it.".to_owned())?,
            IdentifierKind::Email => normalize_email(raw).map_err(|fault| fault.to_string())?,
            IdentifierKind::Phone => normalize_phone(raw, default_country).map_err(|fault| fault.to_string())?,
            IdentifierKind::LinkedinUrl => normalize_linkedin(raw).map_err(|fault| fault.to_string())?,
            IdentifierKind::ExternalId => format!("{source}:{}", opaque(raw)?),
            IdentifierKind::WaalaxyId
            | IdentifierKind::LemlistId
            | IdentifierKind::WodifyId
            | IdentifierKind::AnonymousId => opaque(raw)?.to_owned(),
        };
        Ok(Self { kind, value })
    }
}

/// An id that only its issuer understands: kept as it is, apart from surrounding space.
fn opaque(raw: &str) -> Result<&str, String> {
    let value = raw.trim();
    if value.is_empty() {
        return Err("Send a non-empty id, or leave the field out.".to_owned());
    }
    if value.chars().count() > 200 {
        return Err("Send an id of at most 200 characters.".to_owned());
    }
    if value.chars().any(char::is_control) {
        return Err("Send an id without control characters.".to_owned());
    }
    Ok(value)
}
