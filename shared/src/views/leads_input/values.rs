//! Single values of a lead: their normal form, or what is wrong with them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::domain::events::parse_source;
use crate::domain::faults::{Fault, pointer_segment};
use crate::domain::identity::{Country, Identifier, IdentifierKind};
use crate::domain::profile::ProfileField;

/// The longest text of a field, in characters.
const MAX_TEXT: usize = 500;
const MAX_TAGS: usize = 50;
const MAX_TAG: usize = 64;
const MAX_CUSTOM: usize = 100;

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
        ProfileField::Country if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            Ok(text.to_ascii_uppercase())
        }
        ProfileField::Country => {
            Err(("format", "Write the two-letter code of the country, for example DE.".to_owned()))
        }
        ProfileField::Language if is_language_tag(text) => Ok(text.to_owned()),
        ProfileField::Language => Err(("format", "Write a language tag, for example de or en-GB.".to_owned())),
        ProfileField::Source => parse_source(text).map(str::to_owned).map_err(|detail| ("bad_name", detail.to_owned())),
        _ => Ok(text.to_owned()),
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
    if members.len() > MAX_CUSTOM {
        faults.push(Fault::new("/custom", "too_many", format!("Send at most {MAX_CUSTOM} fields at once.")));
        return Vec::new();
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let mut checked = Vec::with_capacity(members.len());
    for (key, value) in members {
        let pointer = format!("/custom/{}", pointer_segment(key));
        if !(1..=64).contains(&key.len()) || !key.bytes().all(plain) || key.parse::<ProfileField>().is_ok() {
            let detail = "Name custom fields with 1 to 64 letters (a-z), digits, hyphens or underscores, and not like a \
                          field every lead has.";
            faults.push(Fault::new(pointer, "bad_name", detail));
            continue;
        }
        match custom_value(value) {
            Ok(value) => checked.push((key.clone(), value)),
            Err((below, code, detail)) => faults.push(Fault::new(format!("{pointer}{below}"), code, detail)),
        }
    }
    checked
}

/// Text, a number, true, false or a list of those; null clears. An error begins with where below the field it is.
fn custom_value(value: &Value) -> Result<Option<Value>, (String, &'static str, String)> {
    let text = |text: &str, below: String| {
        plain_text(text, MAX_TEXT).map(str::to_owned).map_err(|(code, detail)| (below, code, detail))
    };
    match value {
        Value::Null => Ok(None),
        Value::String(given) => Ok(Some(text(given, String::new())?.into())),
        Value::Number(_) | Value::Bool(_) => Ok(Some(value.clone())),
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                match item {
                    Value::String(given) => drop(text(given, format!("/{position}"))?),
                    Value::Number(_) | Value::Bool(_) => {}
                    _ => {
                        return Err((
                            format!("/{position}"),
                            "type",
                            "List only text, numbers, true or false.".to_owned(),
                        ));
                    }
                }
            }
            Ok(Some(value.clone()))
        }
        Value::Object(_) => {
            Err((String::new(), "type", "Write text, a number, true, false or a list of those.".to_owned()))
        }
    }
}
