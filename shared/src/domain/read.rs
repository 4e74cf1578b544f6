//! Reading a JSON object field by field, collecting every fault instead of stopping at the first.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::faults::{Fault, pointer_segment};
use super::numbers::whole;

/// Reads one object. Every method names a field, returns its value if it is good, and otherwise notes the fault.
pub(super) struct Reader<'a> {
    object: &'a Map<String, Value>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// Starts on `raw`, which must be an object; fields that are not `allowed` are faults.
    pub fn new(raw: &'a Value, allowed: &[&str]) -> Result<Self, Vec<Fault>> {
        let Some(object) = raw.as_object() else {
            return Err(vec![Fault::new("", "type", "Send a JSON object.")]);
        };
        let unknown = object.keys().filter(|key| !allowed.contains(&key.as_str()));
        let faults = unknown.map(|key| {
            let detail = format!("Remove `{key}`; the fields are {}.", allowed.join(", "));
            Fault::new(format!("/{}", pointer_segment(key)), "unknown_field", detail)
        });
        Ok(Self { object, faults: faults.collect() })
    }

    /// Ends the reading.
    pub fn finish(self) -> Result<(), Vec<Fault>> {
        if self.faults.is_empty() { Ok(()) } else { Err(self.faults) }
    }

    /// Notes a fault of a field.
    pub fn fault(&mut self, field: &str, code: &'static str, detail: impl Into<String>) {
        self.faults.push(Fault::new(format!("/{field}"), code, detail));
    }

    /// Notes faults found inside a field.
    pub fn faults_within(&mut self, field: &str, faults: Vec<Fault>) {
        let prefix = format!("/{field}");
        self.faults.extend(faults.into_iter().map(|fault| fault.within(&prefix)));
    }

    /// Whether the field is there, if only as `null`.
    pub fn has(&self, field: &str) -> bool {
        self.object.contains_key(field)
    }

    /// The field unless it is absent or `null`.
    pub fn present(&self, field: &str) -> Option<&'a Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    fn required(&mut self, field: &str) -> Option<&'a Value> {
        let value = self.present(field);
        if value.is_none() {
            self.fault(field, "required", format!("Add `{field}`."));
        }
        value
    }

    /// Required text of 1 to `max` characters, trimmed.
    pub fn text(&mut self, field: &str, max: usize) -> Option<String> {
        let value = self.required(field)?;
        let text = self.as_text(field, value, max)?;
        if text.is_empty() {
            self.fault(field, "empty", "Write at least one character.");
            return None;
        }
        Some(text)
    }

    /// Text of up to `max` characters, trimmed; empty when absent.
    pub fn optional_text(&mut self, field: &str, max: usize) -> String {
        self.present(field).and_then(|value| self.as_text(field, value, max)).unwrap_or_default()
    }

    fn as_text(&mut self, field: &str, value: &Value, max: usize) -> Option<String> {
        let Some(text) = value.as_str().map(str::trim) else {
            self.fault(field, "type", "Write text.");
            return None;
        };
        if text.chars().count() > max {
            self.fault(field, "too_long", format!("Write at most {max} characters."));
            return None;
        }
        if text.contains('\0') {
            self.fault(field, "nul_character", "Remove the NUL character (U+0000).");
            return None;
        }
        Some(text.to_owned())
    }

    /// Required name of lower-case words joined by hyphens, up to 64 characters.
    pub fn slug(&mut self, field: &str) -> Option<String> {
        let slug = self.text(field, 64)?;
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if !slug.split('-').all(word) {
            self.fault(
                field,
                "bad_slug",
                "Write lower-case letters and digits, words joined by hyphens: `pricing-viewed`.",
            );
            return None;
        }
        Some(slug)
    }

    /// Required one of the listed names.
    pub fn choice<T: Copy>(&mut self, field: &str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.required(field)?;
        let chosen = value.as_str().and_then(|text| choices.iter().find(|(name, _)| *name == text));
        if chosen.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            self.fault(field, "unknown_value", format!("Write one of {}.", names.join(", ")));
        }
        chosen.map(|(_, choice)| *choice)
    }

    /// Required whole number within `range`.
    pub fn integer(&mut self, field: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.required(field)?;
        self.as_integer(field, value, range)
    }

    /// Whole number within `range`, or nothing when absent or `null`.
    pub fn optional_integer(&mut self, field: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.present(field)?;
        self.as_integer(field, value, range)
    }

    fn as_integer(&mut self, field: &str, value: &Value, range: RangeInclusive<i64>) -> Option<i64> {
        let number = value.as_number().and_then(whole).and_then(|number| i64::try_from(number).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (low, high) = (range.start(), range.end());
            self.fault(field, "range", format!("Write a whole number from {low} to {high}."));
        }
        number
    }

    /// `true` or `false`; `default` when absent.
    pub fn flag(&mut self, field: &str, default: bool) -> bool {
        match self.present(field) {
            None => default,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.fault(field, "type", "Write true or false.");
                default
            }
        }
    }

    /// Required object.
    pub fn object(&mut self, field: &str) -> Option<&'a Map<String, Value>> {
        let object = self.required(field)?.as_object();
        if object.is_none() {
            self.fault(field, "type", "Write an object.");
        }
        object
    }
}
