//! Fields out of bodies: urlencoded forms and the JSON of form builders.

use serde_json::{Map, Value};

use crate::domain::text::decoded;

/// Name and value of every field of an urlencoded form, in order. Old pages send what they call Latin-1 and is windows-1252; bytes that
/// are not UTF-8 are read so.
pub fn pairs(body: &str) -> Vec<(String, Value)> {
    body.trim()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), Value::from(decode(value)))
        })
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let pair = match (first, tail) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match pair {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = &tail[2..];
            }
            None => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = tail;
            }
        }
    }
    decoded(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Name and value of every field of a form in JSON. Builders wrap the fields in `fields`, `data` and the like, as an object or as
/// a list of name and value.
pub fn flattened(form: Map<String, Value>) -> Vec<(String, Value)> {
    let wrappers = ["fields", "data", "form_fields", "values", "answers", "payload"];
    let mut found = Vec::new();
    for (name, value) in form {
        match value {
            Value::Object(inner) if wrappers.contains(&name.as_str()) => {
                found.extend(inner.into_iter().map(|(name, value)| (name, unwrapped(value))));
            }
            Value::Array(items) if wrappers.contains(&name.as_str()) => {
                found.extend(items.into_iter().filter_map(named));
            }
            other => found.push((name, other)),
        }
    }
    found
}

/// `{"name": "email", "value": "…"}` as a field.
fn named(item: Value) -> Option<(String, Value)> {
    let Value::Object(mut item) = item else { return None };
    let name = ["name", "key", "id", "label"].into_iter().find_map(|key| item.get(key)?.as_str().map(str::to_owned))?;
    Some((name, item.remove("value").unwrap_or_default()))
}

/// The value of `{"value": …}`.
fn unwrapped(value: Value) -> Value {
    match value {
        Value::Object(mut inner) if inner.contains_key("value") => inner.remove("value").unwrap_or_default(),
        other => other,
    }
}
