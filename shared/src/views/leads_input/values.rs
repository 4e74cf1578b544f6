//! Single values of a lead: their normal form, or what is wrong with them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::domain::codes::country_code;
use crate::domain::events::parse_source;
use crate::domain::faults::{Fault, pointer_segment};
use crate::domain::identity::{Country, Identifier, IdentifierKind};
use crate::domain::profile::ProfileField;
use crate::domain::profile::custom::{Flaw, MAX_FIELDS, check_name, check_value};
use crate::domain::text::composed;

/// The longest text of a field, in characters.
const MAX_TEXT: usize = 500;
const MAX_TAGS: usize = 50;
const MAX_TAG: usize = 64;

/// The identifier a field is at the same time.
pub const fn kind(field: ProfileField) -> Option<IdentifierKind> {
    match field {
        ProfileField::Email => Some(IdentifierKind::Email),
        ProfileField::Phone => Some(IdentifierKind::Phone),
        ProfileField::LinkedinUrl => Some(IdentifierKind::LinkedinUrl),
        _ => None,
    }
}

/// A field's text in normal form, or a code and a sentence that say what is wrong with it.
pub fn normal_form(field: ProfileField, text: &str, country: Country) -> Result<String, (&'static str, String)> {
    let text = plain_text(text, MAX_TEXT)?;
    if let Some(kind) = kind(field) {
        return Identifier::parse(kind, text, "", country)
            .map(|identifier| identifier.value)
            .map_err(|detail| ("bad_identifier", detail));
    }
    match field {
        ProfileField::Country => country_code(text).map(str::to_owned).ok_or_else(|| {
            ("unknown_value", "Write the two-letter code of a country that exists, for example DE.".to_owned())
        }),
        ProfileField::Language if is_language_tag(text) => Ok(text.to_owned()),
        ProfileField::Language => Err(("format", "Write a language tag, for example de or en-GB.".to_owned())),
        ProfileField::Source => parse_source(text).map(str::to_owned).map_err(|detail| ("bad_name", detail.to_owned())),
        _ => Ok(composed(text).into_owned()),
    }
}

/// Trimmed text that is not empty, not too long and storable.
fn plain_text(text: &str, longest: usize) -> Result<&str, (&'static str, String)> {
    let text = text.trim();
    if text.is_empty() {
        Err(("empty", "Write something, or leave the field out; null clears it.".to_owned()))
    } else if text.chars().count() > longest {
        Err(("too_long", format!("Write at most {longest} characters.")))
    } else if text.contains('\0') {
        Err(("nul_character", "Remove the NUL character (U+0000).".to_owned()))
    } else {
        Ok(text)
    }
}

fn is_language_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let known = parts.next().is_some_and(|first| (2..=3).contains(&first.len()) && letters(first));
    known && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Each tag once, in the order given.
pub fn checked_tags(tags: &[String], faults: &mut Vec<Fault>) -> Vec<String> {
    if tags.len() > MAX_TAGS {
        faults.push(Fault::new("/tags", "too_many", format!("Give a lead at most {MAX_TAGS} tags.")));
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut checked = Vec::with_capacity(tags.len());
    for (position, tag) in tags.iter().enumerate() {
        match plain_text(tag, MAX_TAG) {
            Ok(tag) if seen.insert(tag) => checked.push(tag.to_owned()),
            Ok(_) => {}
            Err((code, detail)) => faults.push(Fault::new(format!("/tags/{position}"), code, detail)),
        }
    }
    checked
}

/// Custom fields that can be stored; null clears.
pub fn checked_custom(members: &Map<String, Value>, faults: &mut Vec<Fault>) -> Vec<(String, Option<Value>)> {
    if members.len() > MAX_FIELDS {
        faults.push(Fault::new("/custom", "too_many", format!("Send at most {MAX_FIELDS} fields at once.")));
        return Vec::new();
    }
    let mut checked = Vec::with_capacity(members.len());
    for (key, value) in members {
        match custom_field(key, value) {
            Ok(value) => checked.push((key.clone(), value)),
            Err((below, code, detail)) => {
                faults.push(Fault::new(format!("/custom/{}{below}", pointer_segment(key)), code, detail));
            }
        }
    }
    checked
}

/// The value of a custom field; null clears.
fn custom_field(key: &str, value: &Value) -> Result<Option<Value>, Flaw> {
    check_name(key)?;
    if key.parse::<ProfileField>().is_ok() {
        let detail = format!("Every lead has a field `{key}`: set that one, outside of `custom`.");
        return Err((String::new(), "bad_name", detail));
    }
    if value.is_null() {
        return Ok(None);
    }
    match check_value(value)? {
        Some(value) => Ok(Some(value)),
        None => Err((String::new(), "empty", "Write something, or leave the field out; null clears it.".to_owned())),
    }
}
