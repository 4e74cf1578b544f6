//! The first fault that serde meets in a value.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use super::reader::Place;
use crate::domain::faults::pointer_segment;

/// A fault with its place, once that is known. Its sentence is for callers: no type of ours is named in it.
#[derive(Debug)]
pub(super) struct Complaint {
    pub pointer: Option<String>,
    pub code: &'static str,
    pub detail: String,
    /// The member of the value at hand that it is about.
    member: Option<&'static str>,
}

impl Complaint {
    pub fn new(code: &'static str, detail: String) -> Self {
        Self { pointer: None, code, detail, member: None }
    }

    fn about(member: &'static str, code: &'static str, detail: String) -> Self {
        Self { pointer: None, code, detail, member: Some(member) }
    }

    /// With the place where it was met, unless a place further in is known.
    pub fn at(mut self, place: &Place<'_>) -> Self {
        if self.pointer.is_none() {
            let mut pointer = place.pointer();
            if let Some(member) = self.member.take() {
                pointer.push('/');
                pointer.push_str(&pointer_segment(member));
            }
            self.pointer = Some(pointer);
        }
        self
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Complaint {}

/// The code of a member that is not known: it can be left out.
pub(super) const UNKNOWN: &str = "unknown_field";

/// Longer names are cut where they are repeated.
fn short(name: &str) -> String {
    name.chars().take(100).collect()
}

/// `` `a`, `b` ``
fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn possible(names: &[&str]) -> String {
    if names.is_empty() { String::new() } else { format!(" Possible here: {}.", listed(names)) }
}

impl Error for Complaint {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        Self::new("invalid", format!("This value cannot be used: {}.", message.trim_end_matches('.')))
    }

    fn invalid_type(found: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new("type", format!("This value has the wrong type: it is {found}."))
    }

    fn invalid_value(found: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new("invalid", format!("This value cannot be used: {found}."))
    }

    fn invalid_length(length: usize, _: &dyn Expected) -> Self {
        Self::new("invalid", format!("A list of {length} values cannot be used here."))
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        let detail = format!("`{}` is not one of the possible values.{}", short(found), possible(expected));
        Self::new("unknown_value", detail)
    }

    fn unknown_field(found: &str, expected: &'static [&'static str]) -> Self {
        Self::new(UNKNOWN, format!("There is no field `{}` here.{}", short(found), possible(expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::about(field, "required", "This field is required.".to_owned())
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::about(field, "repeated", "Send this field once.".to_owned())
    }
}
