//! What is known about a person, field by field, and who said so.
//!
//! Events fill a field with the value of the earliest event that carries it, whatever order they arrive in. A value typed
//! by a person or owned by a partner always wins over events.

pub mod custom;
mod provenance;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::events::Event;

pub use provenance::{Provenance, Provenances, StoredProvenances};

/// The profile fields every lead has; anything else a sender tells us is a custom field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProfileField {
    FirstName,
    LastName,
    Company,
    JobTitle,
    /// ISO 3166 two-letter code in upper case.
    Country,
    Language,
    /// E.164 where it could be read as a phone number.
    Phone,
    /// Normalised address.
    Email,
    /// `in/<slug>`.
    LinkedinUrl,
    /// Source of the earliest event.
    Source,
    /// Name of the campaign of the earliest event that came from one.
    Campaign,
}

impl ProfileField {
    /// All fields, in the order in which they are stored.
    pub const ALL: [Self; 11] = [
        Self::FirstName,
        Self::LastName,
        Self::Company,
        Self::JobTitle,
        Self::Country,
        Self::Language,
        Self::Phone,
        Self::Email,
        Self::LinkedinUrl,
        Self::Source,
        Self::Campaign,
    ];

    /// The name used in JSON, in conditions (`lead.<name>`) and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::Company => "company",
            Self::JobTitle => "job_title",
            Self::Country => "country",
            Self::Language => "language",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::LinkedinUrl => "linkedin_url",
            Self::Source => "source",
            Self::Campaign => "campaign",
        }
    }

    /// Whether a sender may put the field into an event's `lead` object; the other two come from the event itself.
    pub const fn is_sent(self) -> bool {
        !matches!(self, Self::Source | Self::Campaign)
    }
}

impl fmt::Display for ProfileField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a profile field (it may be a custom field).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a profile field")]
pub struct UnknownProfileField(pub String);

impl FromStr for ProfileField {
    type Err = UnknownProfileField;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|field| field.as_str() == text).ok_or_else(|| UnknownProfileField(text.to_owned()))
    }
}

/// A value with its provenance. No value means that a person or partner cleared the field, which events do not undo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attributed<T> {
    /// The value, or nothing when it was cleared.
    pub value: Option<T>,
    /// Who said so.
    pub provenance: Provenance,
}

/// What an event says about the person: the fields of its `lead` object, in normal form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CarriedProfile {
    /// Values of the known fields. Never `source` or `campaign`: those are the event's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<ProfileField, String>,
    /// Values of all other fields: strings, numbers, booleans or arrays of those.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub custom: Map<String, Value>,
}

/// A lead's profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    fields: BTreeMap<ProfileField, Attributed<String>>,
    custom: BTreeMap<String, Attributed<Value>>,
}

impl Profile {
    /// What people call the lead: by name, else as its company, else as its e-mail address (the SQL function `lotse.lead_name` says the
    /// same), else by what else it is known by.
    pub fn display_name(&self) -> String {
        let part = |field| self.get(field).filter(|text| !text.is_empty());
        match (part(ProfileField::FirstName), part(ProfileField::LastName)) {
            (Some(first), Some(last)) => format!("{first} {last}"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => {
                [ProfileField::Company, ProfileField::Email, ProfileField::Phone, ProfileField::LinkedinUrl]
                    .into_iter()
                    .find_map(part)
                    .unwrap_or("?")
                    .to_owned()
            }
        }
    }

    /// Puts a stored profile together: the columns, the custom fields and the provenance of both.
    ///
    /// A value without a provenance counts as typed by a person at `Timestamp::UNIX_EPOCH`, so that nothing stored by
    /// other means is ever overwritten by an event. A provenance without a value means the field was cleared.
    pub fn assemble(
        fields: impl IntoIterator<Item = (ProfileField, String)>,
        custom: Map<String, Value>,
        mut provenance: StoredProvenances,
    ) -> Self {
        let mut profile = Self::default();
        let unknown = || Provenance::Person { at: Timestamp::UNIX_EPOCH };
        for (field, value) in fields {
            let provenance = provenance.fields[field as usize].take().unwrap_or_else(unknown);
            profile.fields.insert(field, Attributed { value: Some(value), provenance });
        }
        for (key, value) in custom {
            let provenance = provenance.custom.remove(&key).unwrap_or_else(unknown);
            profile.custom.insert(key, Attributed { value: Some(value), provenance });
        }
        for (field, provenance) in ProfileField::ALL.into_iter().zip(provenance.fields) {
            if let Some(provenance) = provenance {
                profile.fields.insert(field, Attributed { value: None, provenance });
            }
        }
        let cleared = |(key, provenance)| (key, Attributed { value: None, provenance });
        profile.custom.extend(provenance.custom.into_iter().map(cleared));
        profile
    }

    /// The value of a field.
    pub fn get(&self, field: ProfileField) -> Option<&str> {
        self.fields.get(&field)?.value.as_deref()
    }

    /// The value of a custom field.
    pub fn get_custom(&self, key: &str) -> Option<&Value> {
        self.custom.get(key)?.value.as_ref()
    }

    /// All custom values as one object, as the API shows them.
    pub fn custom(&self) -> Map<String, Value> {
        let present = |(key, kept): (&String, &Attributed<Value>)| Some((key.clone(), kept.value.clone()?));
        self.custom.iter().filter_map(present).collect()
    }

    /// The provenance of every field, to be stored. The counterpart of [`Profile::assemble`].
    pub const fn provenances(&self) -> Provenances<'_> {
        Provenances(self)
    }

    /// Since when the current value of a field is known; nothing when it has none.
    pub fn known_since(&self, field: ProfileField) -> Option<Timestamp> {
        let kept = self.fields.get(&field)?;
        kept.value.as_ref().map(|_| kept.provenance.at())
    }

    /// Since when the current value of a custom field is known; nothing when it has none.
    pub fn custom_known_since(&self, key: &str) -> Option<Timestamp> {
        let kept = self.custom.get(key)?;
        kept.value.as_ref().map(|_| kept.provenance.at())
    }

    /// Sets or clears (`None`) a field on behalf of a person or partner. Events never change it again.
    pub fn set(&mut self, field: ProfileField, value: Option<String>, provenance: Provenance) {
        self.fields.insert(field, Attributed { value, provenance });
    }

    /// Sets or clears (`None`) a custom field on behalf of a person or partner. Events never change it again.
    pub fn set_custom(&mut self, key: impl Into<String>, value: Option<Value>, provenance: Provenance) {
        self.custom.insert(key.into(), Attributed { value, provenance });
        self.bound_custom();
    }

    /// Takes over what `event` carries, wherever it is earlier than what the field holds. Returns whether anything,
    /// provenance included, changed. Merging the same events in any order, any number of times, gives the same profile.
    pub fn merge_event(&mut self, event: &Event) -> bool {
        if !self.would_change(event) {
            return false;
        }
        let provenance = Provenance::Event { at: event.occurred_at, id: event.id };
        for (field, value) in carried(event) {
            if self.fields.get(&field).is_none_or(|kept| kept.provenance.yields_to(event)) {
                let value = Some(value.to_owned());
                self.fields.insert(field, Attributed { value, provenance: provenance.clone() });
            }
        }
        for (key, value) in &event.profile.custom {
            if self.admits_custom(key, event) {
                let value = Some(value.clone());
                self.custom.insert(key.clone(), Attributed { value, provenance: provenance.clone() });
                self.bound_custom();
            }
        }
        true
    }

    /// Whether [`Profile::merge_event`] would change anything.
    pub fn would_change(&self, event: &Event) -> bool {
        carried(event).any(|(field, _)| self.fields.get(&field).is_none_or(|kept| kept.provenance.yields_to(event)))
            || event.profile.custom.keys().any(|key| self.admits_custom(key, event))
    }

    /// The part of the profile that no event can rebuild: what persons and partners own.
    #[must_use]
    pub fn owned(&self) -> Self {
        let owned = |provenance: &Provenance| !matches!(provenance, Provenance::Event { .. });
        let mut profile = self.clone();
        profile.fields.retain(|_, kept| owned(&kept.provenance));
        profile.custom.retain(|_, kept| owned(&kept.provenance));
        profile
    }
}

/// Everything an event says about the person, its own source and campaign included.
fn carried(event: &Event) -> impl Iterator<Item = (ProfileField, &str)> {
    let sent = event.profile.fields.iter().map(|(field, value)| (*field, value.as_str()));
    let campaign = event.campaign.as_ref().and_then(|campaign| campaign.name.as_deref());
    sent.chain([(ProfileField::Source, event.source.as_str())])
        .chain(campaign.map(|name| (ProfileField::Campaign, name)))
}
