//! What an event's open objects may hold.

use serde_json::{Map, Value};

use super::super::faults::pointer_segment;

/// The length of an object as compact JSON, in bytes.
pub(super) fn compact_len(object: &Map<String, Value>) -> usize {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // Counting does not fail; if serialising ever did, the object would count as too large.
    match serde_json::to_writer(&mut counter, object) {
        Ok(()) => counter.0,
        Err(_) => usize::MAX,
    }
}

/// Where a key or text with a NUL character is.
pub(super) fn nul_in_object(object: &Map<String, Value>) -> Option<String> {
    object.iter().find_map(|(key, value)| {
        let here = || format!("/{}", pointer_segment(key));
        if key.contains('\0') { Some(here()) } else { nul_in(value).map(|below| here() + &below) }
    })
}

fn nul_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.contains('\0') => Some(String::new()),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .find_map(|(position, value)| nul_in(value).map(|below| format!("/{position}{below}"))),
        Value::Object(object) => nul_in_object(object),
        _ => None,
    }
}
