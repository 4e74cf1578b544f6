//! Who each value of a profile comes from, and how that is stored.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::events::Event;
use super::super::ids::EventId;
use super::{Profile, ProfileField};

/// What stands before the key of a custom field where provenance is stored.
const CUSTOM: &str = "custom.";

/// Who a value comes from. Stored as JSON next to the values, for example `{"by":"event","id":"…","at":"…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case", try_from = "StoredProvenance")]
#[schemars(!try_from)]
pub enum Provenance {
    /// The earliest event that carries the field.
    Event {
        /// When the event occurred.
        at: Timestamp,
        /// The event.
        id: EventId,
    },
    /// Typed (or cleared) by a member of the team.
    Person {
        /// When it was typed.
        at: Timestamp,
    },
    /// Owned by a partner system, for example the ERP.
    Partner {
        /// The partner's name.
        name: String,
        /// When the partner said so.
        at: Timestamp,
    },
}

/// [`Provenance`] as it is read: flat, because the tagged form is kept in memory whole before it is understood, and every lead of a
/// batch has several.
#[derive(Deserialize)]
struct StoredProvenance {
    by: By,
    at: Timestamp,
    id: Option<EventId>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    Event,
    Person,
    Partner,
}

impl TryFrom<StoredProvenance> for Provenance {
    type Error = &'static str;

    fn try_from(stored: StoredProvenance) -> Result<Self, Self::Error> {
        let at = stored.at;
        match stored.by {
            By::Event => Ok(Self::Event { at, id: stored.id.ok_or("missing field `id`")? }),
            By::Person => Ok(Self::Person { at }),
            By::Partner => Ok(Self::Partner { name: stored.name.ok_or("missing field `name`")?, at }),
        }
    }
}

/// The provenance of every field of a profile, as it is stored: an object by field, custom fields under `custom.<key>`.
#[derive(Clone, Copy, Debug)]
pub struct Provenances<'a>(pub(super) &'a Profile);

impl Serialize for Provenances<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Profile { fields, custom } = self.0;
        let mut map = serializer.serialize_map(Some(fields.len() + custom.len()))?;
        for (field, kept) in fields {
            map.serialize_entry(field.as_str(), &kept.provenance)?;
        }
        for (key, kept) in custom {
            map.serialize_entry(&format_args!("{CUSTOM}{key}"), &kept.provenance)?;
        }
        map.end()
    }
}

/// [`Provenances`] as they are read, every field at its place in [`ProfileField::ALL`].
#[derive(Clone, Debug, Default)]
pub struct StoredProvenances {
    pub(super) fields: [Option<Provenance>; ProfileField::ALL.len()],
    pub(super) custom: BTreeMap<String, Provenance>,
}

impl<'de> Deserialize<'de> for StoredProvenances {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ProvenancesVisitor)
    }
}

struct ProvenancesVisitor;

impl<'de> Visitor<'de> for ProvenancesVisitor {
    type Value = StoredProvenances;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a provenance by field")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut stored = StoredProvenances::default();
        while let Some(key) = map.next_key::<StoredKey>()? {
            let provenance = map.next_value()?;
            match key {
                StoredKey::Field(field) => stored.fields[field as usize] = Some(provenance),
                StoredKey::Custom(key) => _ = stored.custom.insert(key, provenance),
                StoredKey::Unknown => {}
            }
        }
        Ok(stored)
    }
}

/// The name of a field where provenance is stored.
enum StoredKey {
    Field(ProfileField),
    Custom(String),
    /// Of a release that knew more.
    Unknown,
}

impl<'de> Deserialize<'de> for StoredKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = StoredKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(match key.strip_prefix(CUSTOM) {
            Some(custom) => StoredKey::Custom(custom.to_owned()),
            None => key.parse().map_or(StoredKey::Unknown, StoredKey::Field),
        })
    }
}

impl Provenance {
    /// Since when the value is known.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Event { at, .. } | Self::Person { at } | Self::Partner { at, .. } => *at,
        }
    }

    /// Whether a value of this provenance gives way to what `event` carries.
    pub(super) fn yields_to(&self, event: &Event) -> bool {
        match self {
            Self::Event { at, id } => (event.occurred_at, event.id) < (*at, *id),
            Self::Person { .. } | Self::Partner { .. } => false,
        }
    }
}
