//! Fields of the tenant's own: what they may be called and hold, and how many of them a lead carries.
//!
//! Anybody who may send events may name new ones, so a lead keeps the hundred that are known for the longest time. Which those are does
//! not depend on the order in which events come: a field that gives way to a hundred earlier ones would give way to them in any order.
//! What does not fit stays in its event.

use jiff::Timestamp;
use serde_json::Value;

use super::super::events::Event;
use super::super::ids::EventId;
use super::{Profile, Provenance};

/// The most custom fields a lead carries, those that a person cleared among them.
pub const MAX_FIELDS: usize = 100;
/// The longest text, in characters.
pub const MAX_TEXT: usize = 500;
/// The longest list.
pub const MAX_ITEMS: usize = 50;
/// The largest value, in bytes of compact JSON: a lead's custom fields are at most 200 KiB.
pub const MAX_VALUE_BYTES: usize = 2048;

/// Why a field cannot be kept: where below its value, a code, and what to do.
pub type Flaw = (String, &'static str, String);

/// Passes for a name that custom fields may have.
///
/// # Errors
/// What to change.
pub fn check_name(name: &str) -> Result<(), Flaw> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    let detail = "Name custom fields with 1 to 64 letters (a-z), digits, hyphens or underscores.";
    Err((String::new(), "bad_name", detail.to_owned()))
}

/// A value in normal form: trimmed text, a number, true, false or a list of those. Nothing for a text without content.
///
/// # Errors
/// What to change.
pub fn check_value(value: &Value) -> Result<Option<Value>, Flaw> {
    let checked = match value {
        Value::String(text) => match plain_text(text, String::new())? {
            "" => return Ok(None),
            text => Value::from(text),
        },
        Value::Number(_) | Value::Bool(_) => value.clone(),
        Value::Array(items) if items.len() > MAX_ITEMS => {
            return Err((String::new(), "too_many", format!("List at most {MAX_ITEMS} values.")));
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                let below = format!("/{position}");
                match item {
                    Value::String(text) => drop(plain_text(text, below)?),
                    Value::Number(_) | Value::Bool(_) => {}
                    _ => return Err((below, "type", "List only text, numbers, true or false.".to_owned())),
                }
            }
            value.clone()
        }
        Value::Null | Value::Object(_) => {
            let detail = "Write text, a number, true, false or a list of those.";
            return Err((String::new(), "type", detail.to_owned()));
        }
    };
    if checked.to_string().len() > MAX_VALUE_BYTES {
        return Err((String::new(), "too_large", format!("Send at most {MAX_VALUE_BYTES} bytes of JSON here.")));
    }
    Ok(Some(checked))
}

fn plain_text(text: &str, below: String) -> Result<&str, Flaw> {
    let text = text.trim();
    if text.chars().count() > MAX_TEXT {
        return Err((below, "too_long", format!("Write at most {MAX_TEXT} characters.")));
    }
    if text.contains('\0') {
        return Err((below, "nul_character", "Remove the NUL character (U+0000).".to_owned()));
    }
    Ok(text)
}

impl Profile {
    /// Whether a field that an event carries finds room: beside fewer than [`MAX_FIELDS`], or before one that became known later.
    pub(super) fn admits_custom(&self, key: &str, event: &Event) -> bool {
        match self.custom.get(key) {
            Some(kept) => kept.provenance.yields_to(event),
            None => {
                self.custom.len() < MAX_FIELDS
                    || self.latest_custom().is_some_and(|latest| (event.occurred_at, event.id, key) < latest)
            }
        }
    }

    /// Gives up what became known last, until the others find room. What people and partners set is never given up.
    pub(super) fn bound_custom(&mut self) {
        while self.custom.len() > MAX_FIELDS {
            let Some((_, _, key)) = self.latest_custom() else { return };
            let key = key.to_owned();
            self.custom.remove(&key);
        }
    }

    /// The custom field that events made known last.
    fn latest_custom(&self) -> Option<(Timestamp, EventId, &str)> {
        let of_events = self.custom.iter().filter_map(|(key, kept)| match kept.provenance {
            Provenance::Event { at, id } => Some((at, id, key.as_str())),
            Provenance::Person { .. } | Provenance::Partner { .. } => None,
        });
        of_events.max()
    }

    /// Whether people and partners set more custom fields than a lead carries.
    pub fn has_too_many_custom(&self) -> bool {
        let owned = self.custom.values().filter(|kept| !matches!(kept.provenance, Provenance::Event { .. }));
        owned.count() > MAX_FIELDS
    }
}
