//! Regular expressions of conditions, and what they cost in memory.
//!
//! A rule set is held by every environment that works with it, so that what one expression takes is taken many times. Unicode's
//! classes are what is dear: one `\w` is 50 KB.

use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;
use serde_json::Value;

/// How large an expression may become: its automaton, and the tables that grow while texts are matched, in bytes. With smaller
/// tables than these an automaton of that size falls back to a search that is many times slower.
#[derive(Clone, Copy, Debug)]
struct Size {
    automaton: usize,
    tables: usize,
}

/// What people may write.
const WRITTEN: Size = Size { automaton: 64 << 10, tables: 128 << 10 };

/// What was stored before that was the limit, smallest first: it goes on working.
const STORED: [Size; 3] =
    [WRITTEN, Size { automaton: 256 << 10, tables: 320 << 10 }, Size { automaton: 1 << 20, tables: 1 << 20 }];

/// The regular expressions a condition is written with, without compiling them.
pub fn expressions(condition: &Value) -> Vec<&str> {
    match condition {
        Value::Object(parts) => {
            let is_one = parts.get("op").and_then(Value::as_str) == Some("matches");
            let own = parts.get("value").and_then(Value::as_str).filter(|_| is_one);
            own.into_iter().chain(parts.values().flat_map(expressions)).collect()
        }
        Value::Array(parts) => parts.iter().flat_map(expressions).collect(),
        _ => Vec::new(),
    }
}

/// Where an expression comes from, which decides how large it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Somebody writes it now.
    Written,
    /// It was taken once.
    Stored,
}

/// A compiled expression. Case does not matter to it.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    tables: usize,
}

/// Why an expression cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    TooLarge,
    /// What is wrong with it, in one line.
    Malformed(String),
}

impl Pattern {
    pub fn compile(text: &str, origin: Origin) -> Result<Self, Unusable> {
        let sizes: &[Size] = match origin {
            Origin::Written => &[WRITTEN],
            Origin::Stored => &STORED,
        };
        let mut outcome = Err(Unusable::TooLarge);
        for size in sizes {
            outcome = Self::within(text, *size);
            if !matches!(outcome, Err(Unusable::TooLarge)) {
                break;
            }
        }
        outcome
    }

    fn within(text: &str, size: Size) -> Result<Self, Unusable> {
        let config = Config::new().nfa_size_limit(Some(size.automaton)).hybrid_cache_capacity(size.tables);
        let syntax = syntax::Config::new().case_insensitive(true);
        match Regex::builder().configure(config).syntax(syntax).build(text) {
            Ok(regex) => Ok(Self { regex, tables: size.tables }),
            Err(error) if error.size_limit().is_some() => Err(Unusable::TooLarge),
            Err(error) => {
                let said = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
                // The library draws a picture over several lines; its last line says what is wrong.
                let last = said.lines().last().unwrap_or_default();
                Err(Unusable::Malformed(last.trim_start_matches("error: ").to_owned()))
            }
        }
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The most it takes: itself, and full tables forwards and backwards.
    pub fn bytes(&self) -> usize {
        self.regex.memory_usage() + 2 * self.tables
    }
}
