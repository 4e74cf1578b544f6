//! YAML to JSON, with CloudFormation's short tags (`!Ref`, `!GetAtt`, `!Sub` …) in their long form.

use std::collections::HashMap;

use anyhow::{Context as _, bail};
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Number, Value};

/// Reads one document.
///
/// # Errors
/// With line and column when the text is no YAML; when a key is doubled or no text.
pub fn parse(text: &str) -> anyhow::Result<Value> {
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: HashMap::new() };
    loop {
        match reader.next()? {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => return Ok(Value::Null),
            event => return reader.value(event),
        }
    }
}

struct Reader<'text> {
    parser: Parser<'text, saphyr_parser::StrInput<'text>>,
    anchors: HashMap<usize, Value>,
}

impl<'text> Reader<'text> {
    fn next(&mut self) -> anyhow::Result<Event<'text>> {
        let next = self.parser.next_event().context("the YAML ends in the middle")?;
        Ok(next.context("this is no YAML")?.0)
    }

    fn value(&mut self, event: Event<'text>) -> anyhow::Result<Value> {
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => (anchor, scalar(&text, style, tag.as_deref())),
            Event::SequenceStart(anchor, tag) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break,
                        event => items.push(self.value(event)?),
                    }
                }
                (anchor, tagged(tag.as_deref(), Value::Array(items)))
            }
            Event::MappingStart(anchor, tag) => {
                let mut fields = Map::new();
                loop {
                    let key = match self.next()? {
                        Event::MappingEnd => break,
                        Event::Scalar(key, ..) => key.into_owned(),
                        other => bail!("a key must be text, this is {other:?}"),
                    };
                    let event = self.next()?;
                    let value = self.value(event)?;
                    if fields.contains_key(&key) {
                        bail!("the key {key} stands twice in one mapping");
                    }
                    fields.insert(key, value);
                }
                (anchor, tagged(tag.as_deref(), Value::Object(fields)))
            }
            Event::Alias(anchor) => {
                return self.anchors.get(&anchor).cloned().context("an alias names no anchor");
            }
            other => bail!("the YAML is cut off ({other:?})"),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }
}

/// A plain scalar by YAML 1.2's core schema; tagged and quoted ones are text.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    if tag.is_some() || style != ScalarStyle::Plain {
        return tagged(tag, Value::String(text.to_owned()));
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

/// A decimal number that prints as it was written; `0123`, `1_000` and dates stay text.
fn number(text: &str) -> Option<Number> {
    let number: Number = serde_json::from_str(text).ok()?;
    (number.to_string() == text).then_some(number)
}

/// `!Sub x` → `{"Fn::Sub": x}`; `!Ref` and `!Condition` have no prefix; `!GetAtt a.b` becomes a list.
fn tagged(tag: Option<&Tag>, value: Value) -> Value {
    let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) else {
        return value;
    };
    let name = tag.suffix.as_str();
    let (name, value) = match (name, value) {
        ("Ref" | "Condition", value) => (name.to_owned(), value),
        ("GetAtt", Value::String(text)) => {
            let (resource, attribute) = text.split_once('.').unwrap_or((&text, ""));
            ("Fn::GetAtt".to_owned(), Value::from(vec![resource, attribute]))
        }
        (name, value) => (format!("Fn::{name}"), value),
    };
    Value::Object(Map::from_iter([(name, value)]))
}
