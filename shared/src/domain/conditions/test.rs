//! What a leaf asks of a field's value.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::EventTypes;
use super::field::Fact;
use super::pattern::Pattern;
use super::text::Folded;

/// A leaf's test with its constants prepared.
#[derive(Debug)]
pub(super) enum Test {
    Exists,
    Eq(Constant),
    Ne(Constant),
    In(Vec<Constant>),
    NotIn(Vec<Constant>),
    Compare(Comparison, Bound),
    Contains(Constant),
    StartsWith(Folded),
    EndsWith(Folded),
    Matches(Pattern),
}

/// A constant to be equal to.
#[derive(Debug)]
pub(super) enum Constant {
    /// Text; and the moment it denotes, for fields that are moments.
    Text(Folded, Option<Timestamp>),
    Number(Number),
    Bool(bool),
}

/// A constant to be above or below.
#[derive(Debug)]
pub(super) enum Bound {
    Number(Number),
    Time(Timestamp),
    Text(Folded),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Gt,
    Gte,
    Lt,
    Lte,
}

impl Test {
    /// Whether the value passes. Absence passes only `ne` and `not_in`.
    pub fn holds(&self, fact: Option<Fact<'_>>) -> bool {
        let Some(fact) = fact else {
            return matches!(self, Self::Ne(_) | Self::NotIn(_));
        };
        match self {
            Self::Exists => true,
            Self::Eq(constant) => constant.equals(fact),
            Self::Ne(constant) => !constant.equals(fact),
            Self::In(constants) => constants.iter().any(|constant| constant.equals(fact)),
            Self::NotIn(constants) => !constants.iter().any(|constant| constant.equals(fact)),
            Self::Compare(comparison, bound) => bound.compare(fact).is_some_and(|order| comparison.admits(order)),
            Self::Contains(constant) => constant.is_within(fact),
            Self::StartsWith(start) => text(fact).is_some_and(|text| start.starts(text)),
            Self::EndsWith(end) => text(fact).is_some_and(|text| end.ends(text)),
            Self::Matches(pattern) => text(fact).is_some_and(|text| pattern.is_match(text)),
        }
    }

    /// The texts that can pass, when they can be listed. For a field whose values are always lower case.
    pub fn admitted_texts(&self) -> EventTypes {
        let constants = match self {
            Self::Eq(constant) => std::slice::from_ref(constant),
            Self::In(constants) => constants.as_slice(),
            _ => return EventTypes::Any,
        };
        let texts = constants.iter().filter_map(|constant| match constant {
            Constant::Text(text, _) => Some(text.as_str().to_owned()),
            Constant::Number(_) | Constant::Bool(_) => None,
        });
        EventTypes::Only(texts.collect())
    }
}

fn text(fact: Fact<'_>) -> Option<&str> {
    match fact {
        Fact::Text(text) => Some(text),
        Fact::Time(_) | Fact::Json(_) => None,
    }
}

impl Constant {
    fn equals(&self, fact: Fact<'_>) -> bool {
        match (self, fact) {
            (Self::Text(constant, _), Fact::Text(text)) => constant.equals(text),
            (Self::Text(_, Some(constant)), Fact::Time(time)) => *constant == time,
            (Self::Number(constant), Fact::Json(Value::Number(number))) => {
                compare_numbers(number, constant) == Some(Ordering::Equal)
            }
            (Self::Bool(constant), Fact::Json(Value::Bool(value))) => constant == value,
            _ => false,
        }
    }

    fn is_within(&self, fact: Fact<'_>) -> bool {
        match (self, fact) {
            (Self::Text(constant, _), Fact::Text(text)) => constant.is_within(text),
            (_, Fact::Json(Value::Array(values))) => values.iter().any(|value| match value {
                Value::String(text) => self.equals(Fact::Text(text)),
                other => self.equals(Fact::Json(other)),
            }),
            _ => false,
        }
    }
}

impl Bound {
    /// How the value compares to the bound; nothing when they cannot be compared.
    fn compare(&self, fact: Fact<'_>) -> Option<Ordering> {
        match (self, fact) {
            (Self::Number(bound), Fact::Json(Value::Number(number))) => compare_numbers(number, bound),
            (Self::Time(bound), Fact::Time(time)) => Some(time.cmp(bound)),
            (Self::Time(bound), Fact::Text(text)) => text.parse::<Timestamp>().ok().map(|time| time.cmp(bound)),
            (Self::Text(bound), Fact::Text(text)) => Some(bound.compare(text)),
            _ => None,
        }
    }
}

impl Comparison {
    const fn admits(self, order: Ordering) -> bool {
        match self {
            Self::Gt => order.is_gt(),
            Self::Gte => order.is_ge(),
            Self::Lt => order.is_lt(),
            Self::Lte => order.is_le(),
        }
    }
}

/// Compares whole numbers exactly and all others as floating point.
fn compare_numbers(a: &Number, b: &Number) -> Option<Ordering> {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}
