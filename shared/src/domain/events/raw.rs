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
/// digit are two visitors, and floating-point numbers would make them one. So does, wherever it stands, a whole number of more than 64
/// bits: an order's number, say, by which two events differ.
///
/// # Errors
/// What cannot be read, and where.
pub fn parse(event: &RawValue) -> Result<Value, Fault> {
    let mut parsed = read(event, is_beyond_64_bits)?;
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

/// Reads a form, in which any number may be an id: one with more digits than a floating-point number has becomes text with them.
///
/// # Errors
/// As [`parse`].
pub fn parse_form(form: &RawValue) -> Result<Value, Fault> {
    read(form, |number| is_beyond_64_bits(number) || digits(number) > EXACT_DIGITS)
}

/// As many digits are told apart by floating-point numbers, and written by whoever writes one of these.
const EXACT_DIGITS: usize = 17;

/// Reads JSON; numbers that `is_lost` says would lose digits become text.
fn read(json: &RawValue, is_lost: impl Fn(&str) -> bool) -> Result<Value, Fault> {
    let parsed = match serde_json::from_str::<Value>(json.get()) {
        Ok(parsed) => parsed,
        Err(_) => return Err(fault(json)),
    };
    if !has_rounded(&parsed) {
        return Ok(parsed);
    }
    match with_digits_as_text(json.get(), is_lost) {
        Some(exact) => Ok(serde_json::from_str(&exact).unwrap_or(parsed)),
        None => Ok(parsed),
    }
}

/// Whether a number may have lost digits.
fn is_rounded(value: &Value) -> bool {
    value.as_number().is_some_and(Number::is_f64)
}

/// Whether such a number stands anywhere in a value.
fn has_rounded(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_rounded),
        Value::Object(members) => members.values().any(has_rounded),
        other => is_rounded(other),
    }
}

fn is_beyond_64_bits(number: &str) -> bool {
    let whole = number.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
    whole && number.parse::<i64>().is_err() && number.parse::<u64>().is_err()
}

/// The digits of a number that say something, those of its exponent aside.
fn digits(number: &str) -> usize {
    let digits = number.bytes().take_while(|byte| !matches!(byte, b'e' | b'E')).filter(u8::is_ascii_digit);
    digits.skip_while(|digit| *digit == b'0').count()
}

/// Valid JSON with the numbers that `is_lost` chooses between quotation marks. None: it chooses none.
fn with_digits_as_text(json: &str, is_lost: impl Fn(&str) -> bool) -> Option<String> {
    let mut exact = String::new();
    let (mut copied, mut at) = (0, 0);
    let bytes = json.as_bytes();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_text(bytes, at),
            b'-' | b'0'..=b'9' => {
                let part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let end = at + bytes[at..].iter().take_while(|byte| part(byte)).count();
                if is_lost(&json[at..end]) {
                    exact.push_str(&json[copied..at]);
                    exact.push('"');
                    exact.push_str(&json[at..end]);
                    exact.push('"');
                    copied = end;
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    (copied > 0).then(|| exact + &json[copied..])
}

/// Where a text that begins at a quotation mark is over.
fn end_of_text(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = json.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    json.len()
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
    fn whole_numbers_beyond_64_bits_keep_their_digits() {
        check(
            r#"{"metadata":{"order":100000000000000000001,"a":[-9223372036854775809,{"b":18446744073709551616}]}}"#,
            Ok(
                r#"{"metadata":{"a":["-9223372036854775809",{"b":"18446744073709551616"}],"order":"100000000000000000001"}}"#,
            ),
        );
        check(r#"{"order":100000000000000000001}"#, Ok(r#"{"order":"100000000000000000001"}"#));
        // What a number of ours holds stays one, and digits in texts and names are no numbers.
        check(r#"{"a":18446744073709551615,"b":1.5,"c":0.1}"#, Ok(r#"{"a":18446744073709551615,"b":1.5,"c":0.1}"#));
        check(
            r#"{"100000000000000000001":"\"100000000000000000001","n":1.5}"#,
            Ok(r#"{"100000000000000000001":"\"100000000000000000001","n":1.5}"#),
        );
    }

    #[test]
    fn numbers_of_forms_keep_their_digits() {
        let form = split(
            r#"{"client_id":1234567890.1699999998,"size":1.5,"order":100000000000000000001,"n":0.00000000000000000001}"#,
        );
        let read = parse_form(form.unwrap().events[0]).unwrap().to_string();
        assert_eq!(
            read,
            r#"{"client_id":"1234567890.1699999998","n":1e-20,"order":"100000000000000000001","size":1.5}"#
        );
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
