//! What is wrong with an input, field by field.

use schemars::JsonSchema;
use serde::Serialize;

/// One thing wrong with an input: where it is, what kind of mistake it is, and what to do about it.
///
/// Validation collects all of them, so that a sender can repair a message in one go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fault {
    /// JSON pointer (RFC 6901) to the value, for example `/2/occurred_at`; empty for the whole input.
    pub pointer: String,
    /// Stable machine-readable kind, for example `required` or `too_long`.
    pub code: &'static str,
    /// A full sentence that says what to change.
    pub detail: String,
}

impl Fault {
    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }

    /// The same fault seen from one level further out: `prefix` goes before the pointer.
    #[must_use]
    pub fn within(mut self, prefix: &str) -> Self {
        self.pointer.insert_str(0, prefix);
        self
    }
}

/// All of them in one line, for people.
pub fn sentences(faults: &[Fault]) -> String {
    let sentences: Vec<String> = faults.iter().map(|fault| format!("{}: {}", fault.pointer, fault.detail)).collect();
    sentences.join(" ")
}

/// Escapes one segment of a JSON pointer (`~` and `/`).
pub fn pointer_segment(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
