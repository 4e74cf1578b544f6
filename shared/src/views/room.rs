//! How much of what has no shape of ours one answer carries: custom fields of leads, metadata of events.
//!
//! Lambda answers with at most 6 MB, and everything with a shape is bounded by it. What is open is bounded for each lead and event, but a
//! hundred of the largest are 20 MB. So a list gives them room until a share is used up, and none to those behind: asked for fewer at
//! once, they find room.

use serde_json::Value;
use serde_json::value::RawValue;

/// The share of one answer, in bytes.
const SHARE: usize = 1_500_000;

/// What is left of an answer's share.
#[derive(Debug)]
pub struct Room {
    left: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { left: SHARE }
    }
}

impl Room {
    fn fits(&mut self, bytes: usize) -> bool {
        let fits = bytes <= self.left;
        if fits {
            self.left -= bytes;
        }
        fits
    }

    /// An object when it finds room, else null.
    pub fn take(&mut self, object: Box<RawValue>) -> Box<RawValue> {
        if self.fits(object.get().len()) { object } else { RawValue::NULL.to_owned() }
    }

    /// The same for one that was taken apart.
    pub fn take_value(&mut self, object: &mut Value) {
        if !object.is_null() && !self.fits(object.to_string().len()) {
            *object = Value::Null;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_finds_none_and_what_is_small_may() {
        let object = |bytes: usize| RawValue::from_string(format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes))).unwrap();
        let mut room = Room::default();
        assert_ne!(room.take(object(SHARE - 100)).get(), "null");
        assert_eq!(room.take(object(100)).get(), "null");
        assert_eq!(room.take(object(5)).get(), r#"{"a":"xxxxx"}"#);
        let mut value = serde_json::json!({"a": "x".repeat(100)});
        room.take_value(&mut value);
        assert!(value.is_null());
    }
}
