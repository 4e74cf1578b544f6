//! The generic webhook: one event of our own shape, or an array of them.

use serde_json::Value;

use crate::domain::events::MAX_BATCH;
use crate::integrations::Unknown;

/// The events of a body. An event without a `source` gets the webhook's own; one that names another stays as it is and is refused
/// by validation.
///
/// # Errors
/// When the body is not JSON, or no event or too many are in it.
pub fn translate(source: &str, body: &str) -> Result<Vec<Value>, Unknown> {
    let parsed: Value = serde_json::from_str(body)
        .map_err(|error| Unknown::new("malformed", format!("The body is not JSON: {error}.")))?;
    events(source, parsed)
}

/// As [`translate`], from a parsed body.
pub fn events(source: &str, body: Value) -> Result<Vec<Value>, Unknown> {
    let mut events = match body {
        Value::Array(events) => events,
        one => vec![one],
    };
    if events.is_empty() {
        return Err(Unknown::new("empty", "The body is an empty array; send at least one event."));
    }
    if events.len() > MAX_BATCH {
        return Err(Unknown::new(
            "too_many",
            format!("The body has {} events; send at most {MAX_BATCH}.", events.len()),
        ));
    }
    for event in &mut events {
        if let Value::Object(fields) = event {
            fields.entry("source").or_insert_with(|| Value::from(source));
        }
    }
    Ok(events)
}
