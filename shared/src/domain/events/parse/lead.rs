//! The `lead` object of an event: what the source knows about the person.

use serde_json::{Map, Value};

use super::super::super::faults::pointer_segment;
use super::super::super::identity::{Identifier, IdentifierKind, normalize_email, normalize_linkedin, normalize_phone};
use super::super::super::profile::{CarriedProfile, ProfileField};
use super::super::MAX_PROFILE_BYTES;
use super::super::limits::compact_len;
use super::Parser;

impl Parser<'_> {
    /// The profile fields, completed by the identifiers that are profile fields too: the address by which the source
    /// knows a person counts more than the one it lists.
    pub(super) fn profile(&mut self, value: Option<&Value>, identifiers: &[Identifier]) -> Option<CarriedProfile> {
        let mut profile = CarriedProfile::default();
        match value {
            None | Some(Value::Null) => {}
            Some(Value::Object(object)) => self.profile_fields(object, &mut profile)?,
            Some(_) => return self.fault("/lead", "wrong_type", "Write an object of profile fields."),
        }
        for identifier in identifiers {
            let field = match identifier.kind {
                IdentifierKind::Email => ProfileField::Email,
                IdentifierKind::Phone => ProfileField::Phone,
                IdentifierKind::LinkedinUrl => ProfileField::LinkedinUrl,
                _ => continue,
            };
            profile.fields.insert(field, identifier.value.clone());
        }
        Some(profile)
    }

    fn profile_fields(&mut self, object: &Map<String, Value>, profile: &mut CarriedProfile) -> Option<()> {
        if compact_len(object) > MAX_PROFILE_BYTES {
            return self.fault("/lead", "too_large", format!("Send at most {} KiB here.", MAX_PROFILE_BYTES / 1024));
        }
        let faults_before = self.faults.len();
        for (key, value) in object {
            let pointer = format!("/lead/{}", pointer_segment(key));
            match (key.parse::<ProfileField>(), value) {
                (_, Value::Null) => {}
                (Ok(field), _) if !field.is_sent() => {
                    let detail = format!("Remove `{key}`: it is taken from the event's own `{key}`.");
                    self.fault::<()>(&pointer, "not_allowed", detail);
                }
                (Ok(field), Value::String(text)) => {
                    if let Some(text) = self.short_text(text, &pointer)
                        && !text.is_empty()
                    {
                        profile.fields.insert(field, self.in_normal_form(field, text));
                    }
                }
                (Ok(_), _) => {
                    self.fault::<()>(&pointer, "wrong_type", "Write text.");
                }
                (Err(_), value) => {
                    if let Some(value) = self.custom_value(key, value, &pointer) {
                        profile.custom.insert(key.clone(), value);
                    }
                }
            }
        }
        (self.faults.len() == faults_before).then_some(())
    }

    /// A profile value in its normal form where it has one. A value that cannot be read as what the field holds is kept as
    /// it is: an odd phone number is no reason to lose the person.
    fn in_normal_form(&self, field: ProfileField, text: &str) -> String {
        let normal = match field {
            ProfileField::Email => normalize_email(text).ok(),
            ProfileField::Phone => normalize_phone(text, self.receipt.default_country).ok(),
            ProfileField::LinkedinUrl => normalize_linkedin(text).ok(),
            ProfileField::Country if text.len() == 2 => Some(text.to_ascii_uppercase()),
            _ => None,
        };
        normal.unwrap_or_else(|| text.to_owned())
    }

    fn custom_value(&mut self, key: &str, value: &Value, pointer: &str) -> Option<Value> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if key.is_empty() || key.len() > 64 || !key.bytes().all(plain) {
            let detail = "Name custom fields with 1 to 64 letters (a-z), digits, hyphens or underscores.";
            return self.fault(pointer, "bad_name", detail);
        }
        match value {
            Value::String(text) => self.short_text(text, pointer).map(Value::from),
            Value::Number(_) | Value::Bool(_) => Some(value.clone()),
            Value::Array(values) => {
                for (position, value) in values.iter().enumerate() {
                    let pointer = format!("{pointer}/{position}");
                    match value {
                        Value::String(text) => {
                            self.short_text(text, &pointer)?;
                        }
                        Value::Number(_) | Value::Bool(_) => {}
                        _ => return self.fault(&pointer, "wrong_type", "List only text, numbers, true or false."),
                    }
                }
                Some(value.clone())
            }
            _ => self.fault(pointer, "wrong_type", "Write text, a number, true, false or a list of those."),
        }
    }
}
