//! The `lead` object of an event: what the source knows about the person.

use serde_json::{Map, Value};

use super::super::super::codes::country_named;
use super::super::super::faults::pointer_segment;
use super::super::super::identity::{Identifier, IdentifierKind, normalize_email, normalize_linkedin, normalize_phone};
use super::super::super::profile::custom::{check_name, check_value};
use super::super::super::profile::{CarriedProfile, ProfileField};
use super::super::super::text::{composed, is_blank};
use super::super::MAX_PROFILE_BYTES;
use super::super::limits::compact_len;
use super::{Parser, short};

impl Parser<'_> {
    /// The profile fields, completed by the identifiers that are profile fields too: the address by which the source
    /// knows a person counts more than the one it lists.
    pub(super) fn profile(&mut self, value: Option<&Value>, identifiers: &[Identifier]) -> Option<CarriedProfile> {
        let mut profile = CarriedProfile::default();
        match value {
            None | Some(Value::Null) => {}
            Some(Value::Object(object)) => self.profile_fields(object, &mut profile)?,
            Some(_) => return self.fault("/lead", "type", "Write an object of profile fields."),
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
            let pointer = format!("/lead/{}", pointer_segment(&short(key)));
            match (key.parse::<ProfileField>(), value) {
                (_, Value::Null) => {}
                (Ok(field), _) if !field.is_sent() => {
                    let detail = format!("Remove `{key}`: it is taken from the event's own `{key}`.");
                    self.fault::<()>(&pointer, "not_allowed", detail);
                }
                (Ok(field), Value::String(text)) => {
                    if let Some(text) = self.short_text(text, &pointer)
                        && !is_blank(text)
                    {
                        match self.in_normal_form(field, text) {
                            Ok(value) => drop(profile.fields.insert(field, value)),
                            Err(detail) => self.set_aside(field.as_str(), value, &pointer, &detail),
                        }
                    }
                }
                (Ok(_), _) => {
                    self.fault::<()>(&pointer, "type", "Write text.");
                }
                (Err(_), value) => match check_name(key).and_then(|()| check_value(value)) {
                    Ok(Some(value)) => drop(profile.custom.insert(key.clone(), value)),
                    Ok(None) => {}
                    Err((below, code, detail)) => drop(self.fault::<()>(&format!("{pointer}{below}"), code, detail)),
                },
            }
            if self.is_full() {
                return None;
            }
        }
        (self.faults.len() == faults_before).then_some(())
    }

    /// A profile value in its normal form.
    ///
    /// # Errors
    /// Why it cannot be read as what everybody expects of the field. It is no reason to lose the person.
    fn in_normal_form(&self, field: ProfileField, text: &str) -> Result<String, String> {
        match field {
            ProfileField::Email => normalize_email(text).map_err(|fault| fault.to_string()),
            ProfileField::Phone => {
                normalize_phone(text, self.arrival.default_country).map_err(|fault| fault.to_string())
            }
            ProfileField::LinkedinUrl => normalize_linkedin(text).map_err(|fault| fault.to_string()),
            ProfileField::Country => country_named(text)
                .map(str::to_owned)
                .ok_or_else(|| "Write the ISO 3166 code of a country that exists, for example DE.".to_owned()),
            _ => Ok(composed(text).into_owned()),
        }
    }
}
