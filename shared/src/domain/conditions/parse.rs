//! Parsing conditions: every fault at once, each with its JSON pointer.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::defaults;
use super::super::faults::{Fault, pointer_segment};
use super::field::FieldPath;
use super::pattern::{Origin, Pattern, Unusable};
use super::test::{Bound, Comparison, Constant, Test};
use super::text::Folded;
use super::{Context, MAX_DEPTH, MAX_LIST, MAX_NODES, MAX_REGEXES, MAX_TEXT, Node};

const OPERATORS: &str = "eq, ne, in, not_in, gt, gte, lt, lte, exists, contains, starts_with, ends_with or matches";

/// Parses the root of a condition.
pub(super) fn parse(source: &Value, context: Context, origin: Origin) -> Result<Node, Vec<Fault>> {
    let mut parser = Parser { context, origin, faults: Vec::new(), nodes: 0, regexes: 0 };
    let node = parser.node(source, String::new(), 1);
    match node {
        Some(node) if parser.faults.is_empty() => Ok(node),
        _ => Err(parser.faults),
    }
}

struct Parser {
    context: Context,
    origin: Origin,
    faults: Vec<Fault>,
    nodes: usize,
    regexes: usize,
}

impl Parser {
    fn fault<T>(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Option<T> {
        self.faults.push(Fault::new(pointer, code, detail));
        None
    }

    fn node(&mut self, source: &Value, at: String, depth: usize) -> Option<Node> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            // Said once: what follows is not looked at.
            if self.nodes == MAX_NODES + 1 {
                self.fault::<()>(at, "too_large", format!("Use at most {MAX_NODES} parts; split the rule in two."));
            }
            return None;
        }
        if depth > MAX_DEPTH {
            return self.fault(at, "too_deep", format!("Nest conditions at most {MAX_DEPTH} deep."));
        }
        let Some(object) = source.as_object() else {
            return self.fault(at, "type", "Write an object with `all`, `any`, `not` or `field`.");
        };
        let kinds = ["all", "any", "not", "field"];
        let mut present = kinds.into_iter().filter(|kind| object.contains_key(*kind));
        let (Some(kind), None) = (present.next(), present.next()) else {
            return self.fault(at, "ambiguous", "Write exactly one of `all`, `any`, `not` and `field`.");
        };
        let allowed: &[&str] = if kind == "field" { &["field", "op", "value"] } else { &[kind] };
        for key in object.keys().filter(|key| !allowed.contains(&key.as_str())) {
            let pointer = format!("{at}/{}", pointer_segment(key));
            self.fault::<()>(
                pointer,
                "unknown_field",
                format!("Remove `{key}`; allowed here: {}.", allowed.join(", ")),
            );
        }
        match kind {
            "field" => self.leaf(object, &at),
            "not" => Some(Node::Not(Box::new(self.node(&object["not"], format!("{at}/not"), depth + 1)?))),
            _ => {
                let at = format!("{at}/{kind}");
                let Some(parts) = object[kind].as_array() else {
                    return self.fault(at, "type", "Write a list of conditions.");
                };
                if parts.is_empty() {
                    return self.fault(at, "empty", "List at least one condition.");
                }
                let parts: Vec<_> = parts
                    .iter()
                    .enumerate()
                    .map(|(position, part)| self.node(part, format!("{at}/{position}"), depth + 1))
                    .collect();
                let parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
                Some(if kind == "all" { Node::All(parts) } else { Node::Any(parts) })
            }
        }
    }

    fn leaf(&mut self, object: &Map<String, Value>, at: &str) -> Option<Node> {
        let field = match object["field"].as_str().map(|name| FieldPath::parse(name, self.context)) {
            Some(Ok(field)) => Some(field),
            Some(Err(detail)) => self.fault(format!("{at}/field"), "unknown_field", detail),
            None => self.fault(format!("{at}/field"), "type", "Write the field's name as text."),
        };
        let test = self.test(object, field.as_ref(), at);
        Some(Node::Leaf { field: field?, test: test? })
    }

    fn test(&mut self, object: &Map<String, Value>, field: Option<&FieldPath>, at: &str) -> Option<Test> {
        let op = match object.get("op") {
            Some(Value::String(op)) => op.as_str(),
            Some(_) => return self.fault(format!("{at}/op"), "type", format!("Write one of {OPERATORS}.")),
            None => return self.fault(format!("{at}/op"), "required", format!("Add `op`: one of {OPERATORS}.")),
        };
        let at_value = format!("{at}/value");
        let value = object.get("value");
        if op == "exists" {
            return match value {
                None | Some(Value::Bool(true)) => Some(Test::Exists),
                Some(_) => {
                    self.fault(at_value, "not_allowed", "Leave `value` out; for absence put `exists` into `not`.")
                }
            };
        }
        let known =
            ["eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "contains", "starts_with", "ends_with", "matches"];
        if !known.contains(&op) {
            return self.fault(format!("{at}/op"), "unknown_operator", format!("Write one of {OPERATORS}."));
        }
        let Some(value) = value else {
            return self.fault(at_value, "required", "Add the `value` to compare with.");
        };
        let time = field.is_some_and(FieldPath::is_time);
        match op {
            "eq" => self.constant(value, time, at_value).map(Test::Eq),
            "ne" => self.constant(value, time, at_value).map(Test::Ne),
            "in" => self.constants(value, time, at_value).map(Test::In),
            "not_in" => self.constants(value, time, at_value).map(Test::NotIn),
            "contains" => {
                if value.is_string() {
                    self.some_text(value, at_value.clone())?;
                }
                self.constant(value, false, at_value).map(Test::Contains)
            }
            "starts_with" => self.some_text(value, at_value).map(|text| Test::StartsWith(Folded::new(text))),
            "ends_with" => self.some_text(value, at_value).map(|text| Test::EndsWith(Folded::new(text))),
            "matches" => self.regex(value, at_value).map(Test::Matches),
            _ => {
                let comparison = match op {
                    "gt" => Comparison::Gt,
                    "gte" => Comparison::Gte,
                    "lt" => Comparison::Lt,
                    _ => Comparison::Lte,
                };
                Some(Test::Compare(comparison, self.bound(value, time, at_value)?))
            }
        }
    }

    fn constants(&mut self, value: &Value, time: bool, at: String) -> Option<Vec<Constant>> {
        let Some(values) = value.as_array() else {
            return self.fault(at, "type", "Write a list of values.");
        };
        if values.is_empty() {
            return self.fault(at, "empty", "List at least one value.");
        }
        if values.len() > MAX_LIST {
            return self.fault(at, "too_large", format!("List at most {MAX_LIST} values."));
        }
        let constants: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(position, value)| self.constant(value, time, format!("{at}/{position}")))
            .collect();
        constants.into_iter().collect()
    }

    fn constant(&mut self, value: &Value, time: bool, at: String) -> Option<Constant> {
        match value {
            Value::String(_) => {
                let text = self.text(value, at.clone())?;
                let moment = text.parse::<Timestamp>().ok();
                if time && moment.is_none() {
                    return self.fault(at, "bad_time", "Write the time as RFC 3339, for example 2026-01-31T00:00:00Z.");
                }
                Some(Constant::Text(Folded::new(text), moment))
            }
            _ if time => self.fault(at, "bad_time", "Write the time as RFC 3339, for example 2026-01-31T00:00:00Z."),
            Value::Number(number) => Some(Constant::Number(number.clone())),
            Value::Bool(value) => Some(Constant::Bool(*value)),
            Value::Null => self.fault(at, "not_allowed", "Write a value; for absence put `exists` into `not`."),
            Value::Array(_) | Value::Object(_) => self.fault(at, "type", "Write text, a number, true or false."),
        }
    }

    fn bound(&mut self, value: &Value, time: bool, at: String) -> Option<Bound> {
        match value {
            Value::Number(number) if !time => Some(Bound::Number(number.clone())),
            Value::String(_) => {
                let text = self.text(value, at.clone())?;
                match text.parse::<Timestamp>() {
                    Ok(moment) => Some(Bound::Time(moment)),
                    Err(_) if time => {
                        self.fault(at, "bad_time", "Write the time as RFC 3339, for example 2026-01-31T00:00:00Z.")
                    }
                    Err(_) => Some(Bound::Text(Folded::new(text))),
                }
            }
            _ if time => self.fault(at, "bad_time", "Write the time as RFC 3339, for example 2026-01-31T00:00:00Z."),
            _ => self.fault(at, "type", "Write a number, a time (RFC 3339) or text."),
        }
    }

    fn text<'v>(&mut self, value: &'v Value, at: String) -> Option<&'v str> {
        match value.as_str() {
            None => self.fault(at, "type", "Write text."),
            Some(text) if text.chars().count() > MAX_TEXT => {
                self.fault(at, "too_long", format!("Write at most {MAX_TEXT} characters."))
            }
            Some(text) => Some(text),
        }
    }

    fn some_text<'v>(&mut self, value: &'v Value, at: String) -> Option<&'v str> {
        match self.text(value, at.clone())? {
            "" => self.fault(at, "empty", "Write some text: nothing is in every text."),
            text => Some(text),
        }
    }

    fn regex(&mut self, value: &Value, at: String) -> Option<Pattern> {
        let text = self.some_text(value, at.clone())?;
        self.regexes += 1;
        if self.origin == Origin::Written && self.regexes > MAX_REGEXES {
            let detail = format!(
                "Use at most {MAX_REGEXES} regular expressions in a rule: `in`, `contains` and `starts_with` do without, and `a|b` is one."
            );
            return self.fault(at, "too_many", detail);
        }
        let origin = if defaults::has_expression(text) { Origin::Stored } else { self.origin };
        match Pattern::compile(text, origin) {
            Ok(pattern) => Some(pattern),
            Err(Unusable::TooLarge) => self.fault(
                at,
                "too_complex",
                "Write a simpler expression: fewer and shorter repetitions, and `[a-zäöüß]` instead of a second `\\w`.",
            ),
            Err(Unusable::Malformed(said)) => {
                self.fault(at, "bad_regex", format!("Correct the regular expression: {said}."))
            }
        }
    }
}
