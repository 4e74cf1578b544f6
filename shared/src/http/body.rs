//! Bodies and query strings, read so that every fault is named at once.
//!
//! serde stops at its first complaint. To find the others, the offending member is taken out and the rest is read again; what is
//! required but absent comes from the type's own JSON Schema.
//!
//! What Postgres cannot keep is refused here, for every endpoint: the NUL character in any text, and moments and days before our era.
//! (Later ones than it keeps cannot be written: jiff ends with the year 9999.)

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::faults::pointer_segment;
use crate::domain::moments::is_before_our_era;
use crate::failure::Fault;

/// A caller gets at most this many faults of one body.
const MAX_FAULTS: usize = 50;

/// Reads a JSON body. An empty one counts as `null`.
pub fn json<T: DeserializeOwned + JsonSchema>(bytes: &[u8], faults: &mut Vec<Fault>) -> Option<T> {
    let value: Value = if bytes.is_empty() {
        Value::Null
    } else {
        match serde_json::from_slice(bytes) {
            Ok(value) => value,
            Err(error) => {
                faults.push(Fault::new(
                    "",
                    "malformed",
                    format!("The body is not JSON: {error}. Send `content-type: application/json` and a JSON value."),
                ));
                return None;
            }
        }
    };
    // An endpoint that takes no body takes an empty object too: many clients always send one.
    let value = match value {
        Value::Object(members) if members.is_empty() && T::schema_name() == "null" => Value::Null,
        value => value,
    };
    let read = |value: &Value| serde_path_to_error::deserialize::<_, T>(value).map_err(|error| complaint(&error));
    note_nul(&value, "", faults);
    match read(&value) {
        Ok(body) => {
            note_early(&value, &|value| read(value).err(), faults);
            Some(body)
        }
        Err(first) => {
            let schema = super::schema::<T>().unwrap_or_default();
            collect(value, first, &schema, &|value| read(value).err(), faults);
            None
        }
    }
}

/// Reads the query parameters that are not paging.
pub fn query<T: DeserializeOwned>(pairs: Vec<(String, String)>, faults: &mut Vec<Fault>) -> Option<T> {
    let read = |pairs: &[(String, String)]| {
        let text = serde_urlencoded::to_string(pairs).unwrap_or_default();
        let deserializer = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(text.as_bytes()));
        serde_path_to_error::deserialize::<_, T>(deserializer).map_err(|error| complaint(&error))
    };
    for (name, _) in pairs.iter().filter(|(name, value)| name.contains('\0') || value.contains('\0')) {
        faults.push(nul(format!("?{name}")));
    }
    let early = pairs.iter().filter(|(_, value)| is_early(value)).take(MAX_FAULTS);
    for (name, _) in early {
        // Only what is read as a moment or day is one: then another text in its place is refused.
        let changed = pairs.iter().map(|(key, value)| (key, if key == name { NO_MOMENT } else { value }));
        let changed: Vec<_> = changed.map(|(key, value)| (key.clone(), value.to_owned())).collect();
        if read(&changed).is_err_and(|complaint| complaint.pointer == format!("/{name}")) {
            faults.push(too_early(format!("?{name}")));
        }
    }
    let mut rest = pairs;
    let mut found = false;
    loop {
        match read(&rest) {
            Ok(query) if !found => return Some(query),
            Ok(_) => return None,
            Err(complaint) => {
                found = true;
                let name = complaint.pointer.trim_start_matches('/').to_owned();
                let before = rest.len();
                rest.retain(|(key, _)| *key != name);
                faults.push(Fault::new(format!("?{name}"), complaint.code, complaint.detail));
                if rest.len() == before || faults.len() >= MAX_FAULTS {
                    return None;
                }
            }
        }
    }
}

/// The faults of texts and names that hold a NUL character.
fn note_nul(value: &Value, at: &str, faults: &mut Vec<Fault>) {
    if faults.len() >= MAX_FAULTS {
        return;
    }
    match value {
        Value::String(text) if text.contains('\0') => faults.push(nul(at)),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                note_nul(item, &format!("{at}/{index}"), faults);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let at = format!("{at}/{}", pointer_segment(name));
                if name.contains('\0') {
                    faults.push(nul(at));
                } else {
                    note_nul(member, &at, faults);
                }
            }
        }
        _ => {}
    }
}

fn nul(pointer: impl Into<String>) -> Fault {
    Fault::new(pointer, "nul_character", "Remove the NUL character (U+0000).")
}

/// The faults of moments and days before our era, in a body that can be read.
fn note_early(value: &Value, read: &dyn Fn(&Value) -> Option<Complaint>, faults: &mut Vec<Fault>) {
    let mut places = Vec::new();
    find_early(value, "", &mut places);
    for place in places {
        let mut changed = value.clone();
        if let Some(text) = changed.pointer_mut(&place) {
            *text = NO_MOMENT.into();
        }
        // Only what is read as a moment or day is one: then another text in its place is refused.
        if read(&changed).is_some_and(|complaint| complaint.pointer == place) {
            faults.push(too_early(place));
        }
    }
}

/// Where a text might be such a moment or day; at most as many as there are faults, because each is tried by itself.
fn find_early(value: &Value, at: &str, places: &mut Vec<String>) {
    match value {
        _ if places.len() >= MAX_FAULTS => {}
        Value::String(text) if is_early(text) => places.push(at.to_owned()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find_early(item, &format!("{at}/{index}"), places);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                find_early(member, &format!("{at}/{}", pointer_segment(name)), places);
            }
        }
        _ => {}
    }
}

/// No moment, no day, and nothing else that a text must look like.
const NO_MOMENT: &str = "~";

/// Whether a text can be read as a moment or a day of a year before 1. Postgres keeps some of them, but nobody means any.
fn is_early(text: &str) -> bool {
    text.starts_with(['-', '0'])
        && (text.parse::<Timestamp>().is_ok_and(is_before_our_era)
            || text.parse::<Date>().is_ok_and(|day| day.year() < 1))
}

fn too_early(pointer: impl Into<String>) -> Fault {
    Fault::new(pointer, "range", "Send a moment or day of the years 1 to 9999.")
}

struct Complaint {
    pointer: String,
    code: &'static str,
    detail: String,
}

fn complaint<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> Complaint {
    let mut pointer = String::new();
    for segment in error.path().iter() {
        use serde_path_to_error::Segment;
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", pointer_segment(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    let message = error.inner().to_string();
    let named = message.split('`').nth(1).unwrap_or_default();
    let (code, detail) = if message.starts_with("unknown field") {
        let last = format!("/{}", pointer_segment(named));
        if !pointer.ends_with(&last) {
            pointer.push_str(&last);
        }
        ("unknown_field", format!("There is no field `{named}` here.{}", expectation(&message)))
    } else if message.starts_with("missing field") {
        pointer.push_str(&format!("/{named}"));
        ("required", "This field is required.".to_owned())
    } else if message.starts_with("unknown variant") {
        ("unknown_value", format!("`{named}` is not one of the possible values.{}", expectation(&message)))
    } else if message.starts_with("invalid type") {
        ("type", format!("This value has the wrong type: {message}."))
    } else {
        ("invalid", format!("This value cannot be used: {message}."))
    };
    Complaint { pointer, code, detail }
}

/// "expected one of `a`, `b`" as one more sentence; nothing where nothing is possible.
fn expectation(message: &str) -> String {
    match message.split_once("expected ") {
        Some((_, expected)) => format!(" Possible here: {}.", expected.trim_start_matches("one of ")),
        None => String::new(),
    }
}

fn collect(
    mut value: Value,
    first: Complaint,
    schema: &Value,
    read: &dyn Fn(&Value) -> Option<Complaint>,
    faults: &mut Vec<Fault>,
) {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.is_object() && value.get(name).is_none() {
            faults.push(Fault::new(format!("/{name}"), "required", "This field is required."));
        }
    }
    let mut removed = Removed::default();
    let mut next = Some(first);
    // Rounds are bounded, not only faults: each reads the whole body again.
    for _ in 0..MAX_FAULTS {
        let Some(complaint) = next.take() else { return };
        let pointer = removed.original(&value, &complaint.pointer);
        if !faults.iter().any(|fault| fault.pointer == pointer) {
            faults.push(Fault::new(&pointer, complaint.code, complaint.detail));
        }
        if faults.len() >= MAX_FAULTS || !take_out(&mut value, &complaint.pointer) {
            return;
        }
        removed.note(&pointer);
        next = read(&value);
    }
}

/// What was taken out, so that what follows in an array is named by the index at which the caller sent it.
#[derive(Default)]
struct Removed {
    /// Pointers as the caller would write them: what a member is in, and the members' indexes.
    members: BTreeMap<String, BTreeSet<usize>>,
}

impl Removed {
    fn note(&mut self, original: &str) {
        if let Some((parent, index)) = original.rsplit_once('/')
            && let Ok(index) = index.parse()
        {
            self.members.entry(parent.to_owned()).or_default().insert(index);
        }
    }

    /// The pointer into what was sent, for one into what is left of it.
    fn original(&self, left: &Value, pointer: &str) -> String {
        let mut place = Some(left);
        let mut original = String::new();
        for segment in pointer.split('/').skip(1) {
            let name = match (place, segment.parse::<usize>()) {
                (Some(Value::Array(_)), Ok(index)) => {
                    let before = self.members.get(&original).into_iter().flatten();
                    before.fold(index, |index, gone| index + usize::from(*gone <= index)).to_string()
                }
                _ => segment.to_owned(),
            };
            place = place.and_then(|place| place.pointer(&format!("/{segment}")));
            original.push('/');
            original.push_str(&name);
        }
        original
    }
}

/// Removes the member at a pointer; false when there is none, so that the search ends.
fn take_out(value: &mut Value, pointer: &str) -> bool {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return false };
    let last = last.replace("~1", "/").replace("~0", "~");
    match value.pointer_mut(parent) {
        Some(Value::Object(members)) => members.remove(&last).is_some(),
        Some(Value::Array(items)) => match last.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape is under test")]
    struct Body {
        name: String,
        age: u8,
        tags: Option<Vec<String>>,
        kind: String,
    }

    #[test]
    fn every_fault_at_once() {
        let mut faults = Vec::new();
        let body = json::<Body>(br#"{"age":"old","tags":["a",7],"colour":1}"#, &mut faults);
        assert!(body.is_none());
        let mut found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("/age", "type"),
                ("/colour", "unknown_field"),
                ("/kind", "required"),
                ("/name", "required"),
                ("/tags/1", "type")
            ]
        );
    }

    #[test]
    fn members_of_arrays_keep_the_indexes_they_were_sent_with() {
        let mut faults = Vec::new();
        let tags = r#"[1,"a",2,3,"b",4]"#;
        let body = format!(r#"{{"name":"n","kind":"k","age":1,"tags":{tags}}}"#);
        assert!(json::<Body>(body.as_bytes(), &mut faults).is_none());
        let found: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(found, ["/tags/0", "/tags/2", "/tags/3", "/tags/5"]);
    }

    #[test]
    fn a_nul_character_is_named_wherever_it_stands() {
        let mut faults = Vec::new();
        let body = r#"{"name":"a\u0000","age":"\u0000","tags":["b","\u0000"],"kind":"k","a/\u0000":1}"#;
        json::<Body>(body.as_bytes(), &mut faults);
        let mut found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        found.sort_unstable();
        let nul = ["/age", "/a~1\0", "/name", "/tags/1"].map(|pointer| (pointer, "nul_character"));
        assert_eq!(found, nul);
        let mut faults = Vec::new();
        query::<Filter>(vec![("tier".to_owned(), "a\0".to_owned())], &mut faults);
        assert_eq!((faults[0].pointer.as_str(), faults[0].code, faults.len()), ("?tier", "nul_character", 1));
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its shape is under test")]
    struct Period {
        from: Timestamp,
        days: Option<Vec<Date>>,
        note: Option<String>,
    }

    #[test]
    fn moments_before_our_era_are_refused_and_texts_that_look_like_them_are_not() {
        let early = "-005000-01-01T00:00:00Z";
        let body =
            format!(r#"{{"from":"{early}","days":["2026-01-01","-004800-01-01","0000-12-31"],"note":"{early}"}}"#);
        let mut faults = Vec::new();
        json::<Period>(body.as_bytes(), &mut faults);
        let found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(found, [("/days/1", "range"), ("/days/2", "range"), ("/from", "range")]);
        for (sent, refused) in [(early, true), ("0000-12-31T23:59:59Z", true), ("0001-01-01T00:00:00Z", false)] {
            let mut faults = Vec::new();
            let pairs = vec![("from".to_owned(), sent.to_owned()), ("note".to_owned(), early.to_owned())];
            query::<Period>(pairs, &mut faults);
            let found: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
            assert_eq!(found == ["?from"], refused, "{sent}: {found:?}");
        }
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its shape is under test")]
    struct Grid {
        rows: Vec<Vec<u8>>,
    }

    #[test]
    fn also_in_arrays_of_arrays() {
        let mut faults = Vec::new();
        assert!(json::<Grid>(br#"{"rows":[[1],7,["x",2,"y"],[],["z"]]}"#, &mut faults).is_none());
        let found: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(found, ["/rows/1", "/rows/2/0", "/rows/2/2", "/rows/4/0"]);
    }

    #[test]
    fn a_body_of_nothing_but_faults_is_read_a_bounded_number_of_times() {
        use std::cell::Cell;
        // A reader that always blames the same place: faults do not grow, rounds do.
        let rounds = Cell::new(0);
        let blame = || Complaint { pointer: "/tags/0".to_owned(), code: "type", detail: String::new() };
        let read = |value: &Value| {
            rounds.set(rounds.get() + 1);
            value["tags"].get(0).is_some().then(blame)
        };
        let value = serde_json::json!({"tags": vec![0; 100_000]});
        let mut faults = vec![Fault::new("/tags/0", "type", "")];
        collect(value, blame(), &Value::Null, &read, &mut faults);
        assert!(rounds.get() <= MAX_FAULTS, "{} rounds", rounds.get());
        assert_eq!(faults.len(), MAX_FAULTS);
    }

    #[test]
    fn malformed_is_one_fault() {
        let mut faults = Vec::new();
        assert!(json::<Body>(b"{", &mut faults).is_none());
        assert_eq!((faults.len(), faults[0].code), (1, "malformed"));
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape is under test")]
    struct Filter {
        min: Option<i32>,
        tier: Option<String>,
    }

    #[test]
    fn query_faults_name_the_parameter() {
        let mut faults = Vec::new();
        let pairs = [("min", "x"), ("what", "1"), ("tier", "hot")];
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert!(query::<Filter>(pairs, &mut faults).is_none());
        let mut found: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, ["?min", "?what"]);
    }
}
