//! What makes two deliveries the same event.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::super::identity::Identifier;
use super::super::ids::TenantId;

/// JSON in one spelling: keys sorted, no white space. Objects that differ only in the order of their keys are equal.
pub fn canonical_json(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, &mut text);
    text
}

fn write_value(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => write_object(object, text),
        Value::Array(values) => {
            text.push('[');
            for (position, value) in values.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write_value(value, text);
            }
            text.push(']');
        }
        scalar => {
            // Writing to a string does not fail.
            let _ = write!(text, "{scalar}");
        }
    }
}

fn write_object(object: &Map<String, Value>, text: &mut String) {
    let mut entries: Vec<_> = object.iter().collect();
    // The map may keep keys in the order they came, depending on how serde_json was built.
    entries.sort_unstable_by_key(|(key, _)| *key);
    text.push('{');
    for (position, (key, value)) in entries.into_iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        let _ = write!(text, "{}:", Value::from(key.as_str()));
        write_value(value, text);
    }
    text.push('}');
}

/// The idempotency key of an event whose sender gave none but said when it happened: SHA-256, in hexadecimal, of its
/// source, type, identifiers, time and metadata. The identifiers are in normal form, so that `A@B.de` and `a@b.de` agree.
pub fn derived_external_id(
    source: &str,
    event_type: &str,
    identifiers: &[Identifier],
    occurred_at: Timestamp,
    metadata: &Map<String, Value>,
) -> String {
    let mut identifiers: Vec<_> = identifiers.iter().collect();
    identifiers.sort_unstable();
    let identifiers: Vec<_> = identifiers
        .into_iter()
        .map(|identifier| Value::from(vec![identifier.kind.as_str(), &identifier.value]))
        .collect();
    let mut text = String::new();
    for part in [Value::from(source), Value::from(event_type), Value::from(identifiers)] {
        write_value(&part, &mut text);
    }
    let _ = write!(text, "\"{occurred_at}\"");
    write_object(metadata, &mut text);
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The key under which an event is stored at most once per tenant: the first 16 bytes of a SHA-256 over tenant, source and
/// external id.
pub fn dedupe_key(tenant: TenantId, source: &str, external_id: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(tenant.0.as_bytes());
    hash.update(source.as_bytes());
    // Sources have no zero byte, so no two pairs of source and id run together.
    hash.update([0]);
    hash.update(external_id.as_bytes());
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes)
}
