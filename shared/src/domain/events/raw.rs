//! Events as text: apart from each other, so that one which cannot be read costs no other.
//!
//! JSON may be well formed and yet beyond what can be kept: half a surrogate pair, a number beyond the range, hundreds of levels.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use super::super::faults::{Fault, pointer_segment};
use super::super::identity::IdentifierKind;

/// Pointers to faults deep inside end at this level: that says where to look.
const MAX_DEPTH: usize = 8;

/// The events of a body, each as it was sent.
#[derive(Debug)]
pub struct Batch<'a> {
    pub events: Vec<&'a RawValue>,
    /// One that was not in an array: pointers then have no index.
    pub single: bool,
}

/// Takes a body apart: an array of events, or one.
///
/// # Errors
/// When the body as a whole is not JSON.
pub fn split(body: &str) -> Result<Batch<'_>, serde_json::Error> {
    let body = body.strip_prefix('\u{feff}').unwrap_or(body);
    if body.trim_start().starts_with('[') {
        return Ok(Batch { events: serde_json::from_str(body)?, single: false });
    }
    Ok(Batch { events: vec![serde_json::from_str(body)?], single: true })
}

/// Reads one event. Ids that were sent as numbers become text with the digits they were sent with: two ids that differ in their last
/// digit are two visitors, and floating-point numbers would make them one.
///
/// # Errors
/// What cannot be read, and where.
pub fn parse(event: &RawValue) -> Result<Value, Fault> {
    let mut parsed = match serde_json::from_str::<Value>(event.get()) {
        Ok(parsed) => parsed,
        Err(_) => return Err(fault(event)),
    };
    if let Some(identifiers) = parsed.get_mut("lead_identifier").and_then(Value::as_object_mut)
        && identifiers.values().any(is_rounded)
    {
        #[derive(Deserialize)]
        struct Identified<'a> {
            #[serde(borrow)]
            lead_identifier: BTreeMap<Cow<'a, str>, &'a RawValue>,
        }
        let digits = serde_json::from_str::<Identified<'_>>(event.get());
        for (kind, raw) in digits.map(|sent| sent.lead_identifier).unwrap_or_default() {
            if kind.parse::<IdentifierKind>().is_ok_and(IdentifierKind::is_opaque)
                && let Some(value) = identifiers.get_mut(kind.as_ref()).filter(|value| is_rounded(value))
            {
                *value = raw.get().into();
            }
        }
    }
    Ok(parsed)
}

/// Whether a number may have lost digits.
fn is_rounded(value: &Value) -> bool {
    value.as_number().is_some_and(Number::is_f64)
}

/// Where an event cannot be read, and why.
fn fault(event: &RawValue) -> Fault {
    let mut reader = serde_json::Deserializer::from_str(event.get());
    let Err(error) = serde_path_to_error::deserialize::<_, Value>(&mut reader) else {
        return Fault::new("", "malformed", "Send an event as a JSON object.");
    };
    let mut pointer = String::new();
    for segment in error.path().iter().take(MAX_DEPTH) {
        match segment {
            serde_path_to_error::Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            serde_path_to_error::Segment::Map { key } => {
                let key: String = key.chars().take(64).collect();
                pointer.push_str(&format!("/{}", pointer_segment(&key)));
            }
            serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => {}
        }
    }
    let said = error.inner().to_string();
    let detail = if said.starts_with("recursion limit") {
        "Send at most 100 levels of objects and lists.".to_owned()
    } else if said.starts_with("number out of range") {
        "Send a number below 1.8e308, or text.".to_owned()
    } else if said.contains("surrogate") || said.contains("hex escape") {
        "Correct the escape: half of a character outside the first 65,536 was sent. A text was probably cut.".to_owned()
    } else {
        format!("This value cannot be read: {said}.")
    };
    Fault::new(pointer, "malformed", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(event: &str, expected: Result<&str, &str>) {
        let batch = split(event).unwrap();
        assert!(batch.single);
        match (parse(batch.events[0]), expected) {
            (Ok(value), Ok(expected)) => assert_eq!(value.to_string(), expected),
            (Err(fault), Err(pointer)) => {
                assert_eq!((fault.pointer.as_str(), fault.code), (pointer, "malformed"));
                assert!(fault.detail.ends_with('.'), "{}", fault.detail);
            }
            (outcome, _) => panic!("{event}: {outcome:?}"),
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        check(r#"{"metadata":{"t":"\ud83d"}}"#, Err("/metadata/t"));
        check(r#"{"metadata":{"a/b":[0,"\ud83d\u0041"]}}"#, Err("/metadata/a~1b/1"));
        check(r#"{"metadata":{"n":1e400}}"#, Err("/metadata/n"));
        let deep = format!(r#"{{"metadata":{{"d":{}{}}}}}"#, "[".repeat(200), "]".repeat(200));
        check(&deep, Err("/metadata/d/0/0/0/0/0/0"));
        check(r#"{"event_type":"\ud83d"}"#, Err("/event_type"));
        check("\u{feff}{}", Ok("{}"));
    }

    #[test]
    fn one_bad_event_leaves_the_others_alone() {
        let batch = split(r#" [{"a":1}, {"b":"\ud83d"}, {"c":1e400}, 7, {"d":2}]"#).unwrap();
        assert!(!batch.single);
        let read: Vec<bool> = batch.events.iter().map(|event| parse(event).is_ok()).collect();
        assert_eq!(read, [true, false, false, true, true]);
        assert!(split("[{]").is_err() && split("").is_err() && split("{} {}").is_err());
        assert_eq!(split("[]").unwrap().events.len(), 0);
    }

    #[test]
    fn ids_keep_the_digits_they_were_sent_with() {
        check(
            r#"{"lead_identifier":{"anonymous_id":1234567890.1699999998}}"#,
            Ok(r#"{"lead_identifier":{"anonymous_id":"1234567890.1699999998"}}"#),
        );
        check(
            r#"{"lead_identifier":{"anonymous_id":1234567890123456789011,"wodify_id":7,"email":1.5}}"#,
            Ok(r#"{"lead_identifier":{"anonymous_id":"1234567890123456789011","email":1.5,"wodify_id":7}}"#),
        );
        check(r#"{"lead_identifier":{"anonymous_id":1e2}}"#, Ok(r#"{"lead_identifier":{"anonymous_id":"1e2"}}"#));
        check(r#"{"lead_identifier":[1.5]}"#, Ok(r#"{"lead_identifier":[1.5]}"#));
    }
}
