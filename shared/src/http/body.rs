//! Bodies and query strings, read so that every fault is named at once: strictly (a list is no object), and the same in debug and
//! release builds, because what is required is learned from serde itself.
//!
//! What Postgres cannot keep is refused here, for every endpoint: the NUL character in any text, and moments and days before our era.
//! (Later ones than it keeps cannot be written: jiff ends with the year 9999.)

mod complaint;
mod reader;
mod search;
#[cfg(test)]
mod tests;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::faults::pointer_segment;
use crate::failure::Fault;
use reader::{Given, Place};

/// A caller gets at most this many faults of one body.
const MAX_FAULTS: usize = 50;

/// What some editors and languages write before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a JSON body. An empty one counts as `null`.
pub fn json<T: DeserializeOwned>(bytes: &[u8], faults: &mut Vec<Fault>) -> Option<T> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if bytes.is_empty() {
        return value(&Value::Null, faults);
    }
    match serde_json::from_slice(bytes) {
        Ok(body) => value(&body, faults),
        Err(error) => {
            faults.push(Fault::new(
                "",
                "malformed",
                format!("The body is not JSON: {error}. Send `content-type: application/json` and a JSON value."),
            ));
            None
        }
    }
}

/// Reads JSON that was taken apart before.
pub fn value<T: DeserializeOwned>(value: &Value, faults: &mut Vec<Fault>) -> Option<T> {
    note_nul(value, &Place::Root, faults);
    read(Given::Json(value), faults)
}

/// The parameters of a query string, each once. One that is repeated is refused: nobody could say which of its values counts.
pub fn parameters(query: &str, faults: &mut Vec<Fault>) -> Vec<(String, String)> {
    let mut first = BTreeMap::new();
    let mut repeated = BTreeSet::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match first.entry(name.into_owned()) {
            Entry::Vacant(free) => drop(free.insert(value.into_owned())),
            Entry::Occupied(taken) => drop(repeated.insert(taken.key().clone())),
        }
    }
    let repeated = repeated.into_iter().take(MAX_FAULTS);
    faults.extend(repeated.map(|name| Fault::new(format!("?{name}"), "repeated", "Send this parameter once.")));
    first.into_iter().collect()
}

/// Reads the query parameters that are not paging.
pub fn query<T: DeserializeOwned>(pairs: &[(String, String)], faults: &mut Vec<Fault>) -> Option<T> {
    let with_nul = pairs.iter().filter(|(name, value)| name.contains('\0') || value.contains('\0'));
    let mut found: Vec<Fault> = with_nul.map(|(name, _)| nul(format!("/{}", pointer_segment(name)))).collect();
    let query = read(Given::Query(pairs), &mut found);
    faults.extend(found.into_iter().map(|fault| {
        let name = fault.pointer.trim_start_matches('/').replace("~1", "/").replace("~0", "~");
        Fault { pointer: format!("?{name}"), ..fault }
    }));
    query
}

/// Reads a value; nothing, and all faults, when it has some.
fn read<T: DeserializeOwned>(given: Given<'_>, faults: &mut Vec<Fault>) -> Option<T> {
    match reader::read(given, &search::Search::default()) {
        Ok(body) => Some(body),
        Err(first) => {
            search::all(first, &|search| reader::read::<T>(given, search).err(), faults);
            None
        }
    }
}

/// The faults of texts and names that hold a NUL character. Places become pointers only where there is one: a name may be as long as the
/// body, and have as many values in it.
fn note_nul(value: &Value, place: &Place<'_>, faults: &mut Vec<Fault>) {
    if faults.len() >= MAX_FAULTS {
        return;
    }
    match value {
        Value::String(text) if text.contains('\0') => faults.push(nul(place.pointer())),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                note_nul(item, &Place::Item(place, index), faults);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let place = Place::Member(place, name);
                if name.contains('\0') {
                    faults.push(nul(place.pointer()));
                } else {
                    note_nul(member, &place, faults);
                }
            }
        }
        _ => {}
    }
}

fn nul(pointer: impl Into<String>) -> Fault {
    Fault::new(pointer, "nul_character", "Remove the NUL character (U+0000).")
}
