//! Filters of lists beside their plain parameters: `filter[<field>][<operator>]=<value>`.
//!
//! | operator | of fields that are | value |
//! |---|---|---|
//! | `in`, `not_in` | words, ids, texts | values with commas between; `none` for a field that is empty; `me` for the caller, where members are meant |
//! | `min`, `max` | numbers | both included |
//! | `from`, `before` | moments, days | from this one on; before this one |
//! | `last`, `next` | moments, days | a span that ends, or begins, now: `14d` |
//! | `empty` | what may be empty | `true` or `false` |
//! | `is` | yes or no | `true` or `false` |
//!
//! Moments and days are written out (RFC 3339, `2027-01-31`), or as they stand to now: `now`, `today`, `week`, `month`, `quarter` and
//! `year` (their beginnings) with or without `+` or `-` and a span (`today-14d`), or the span alone (`-14d`, counted from now). A span is a
//! number with `h`, `d`, `w`, `m` (months) or `y`. Days begin in the zone that the parameter `zone` names, else in the tenant's.
//!
//! Every condition must hold. A list says which fields it has; all others, and everything that cannot be read, is refused at once.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _, Zoned};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::moments::is_before_our_era;
use crate::failure::{Failure, Fault};
use crate::store::choice::{Between, Choice};

/// The most values of one condition.
const MOST_VALUES: usize = 100;

/// The longest value, in characters.
const LONGEST: usize = 200;

/// The days that begin at a moment of our calendar in every zone.
const FIRST_DAY: Date = Date::constant(1, 1, 2);
const LAST_DAY: Date = Date::constant(9999, 12, 30);

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One of these words.
    Word(&'static [&'static str]),
    Text,
    Id,
    /// A member of the team.
    Member,
    Number,
    Moment,
    Day,
    Flag,
    /// Something of which only whether it is there can be asked.
    Presence,
}

/// A field by which a list is filtered.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    /// Whether it may be empty.
    pub optional: bool,
}

impl Field {
    /// A field that every record has.
    pub const fn full(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, optional: false }
    }

    /// A field that may be empty.
    pub const fn optional(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, optional: true }
    }

    /// What can be asked of it.
    pub fn operators(&self) -> Vec<&'static str> {
        let own: &[&'static str] = match self.kind {
            Kind::Word(_) | Kind::Text | Kind::Id | Kind::Member => &["in", "not_in"],
            Kind::Number => &["min", "max"],
            Kind::Moment | Kind::Day => &["from", "before", "last", "next"],
            Kind::Flag => &["is"],
            Kind::Presence => &[],
        };
        own.iter().copied().chain(self.optional.then_some("empty")).collect()
    }

    /// The query parameters of this field, for the API's description.
    pub fn parameters(&self) -> Vec<Value> {
        let parameter = |operator: &&str| {
            let (schema, description) = self.described(operator);
            json!({"name": format!("filter[{}][{operator}]", self.name), "in": "query", "required": false, "schema": schema,
                   "description": description})
        };
        self.operators().iter().map(parameter).collect()
    }

    fn described(&self, operator: &str) -> (Value, String) {
        let values = match self.kind {
            Kind::Word(words) => words.join("`, `"),
            Kind::Member => "<id>`, `me".to_owned(),
            Kind::Id => "<id>".to_owned(),
            _ => "<text>".to_owned(),
        };
        let none = if self.optional { "; `none`: it is empty" } else { "" };
        let text = json!({"type": "string"});
        match operator {
            "in" => (text, format!("One of these, with commas between: `{values}`{none}.")),
            "not_in" => (text, format!("None of these, with commas between: `{values}`{none}.")),
            "min" => (json!({"type": "integer"}), "At least this.".to_owned()),
            "max" => (json!({"type": "integer"}), "At most this.".to_owned()),
            "from" => (
                text,
                "From this one on: written out, or as it stands to now (`-14d`, `today`, `month-1m`).".to_owned(),
            ),
            "before" => {
                (text, "Before this one: written out, or as it stands to now (`-14d`, `today`, `month-1m`).".to_owned())
            }
            "last" => (text, "Within a span that ends now: `14d`, `6h`, `2w`, `3m`, `1y`.".to_owned()),
            "next" => (text, "Within a span that begins now: `14d`, `6h`, `2w`, `3m`, `1y`.".to_owned()),
            "empty" => (json!({"type": "boolean"}), "Whether it is empty.".to_owned()),
            _ => (json!({"type": "boolean"}), "Whether it is so.".to_owned()),
        }
    }
}

/// What was asked of a list's fields, as it was sent: every operator and value is right by itself.
#[derive(Debug, Default)]
pub struct Filters {
    fields: &'static [Field],
    asked: BTreeMap<(&'static str, &'static str), String>,
}

/// What relative moments and `me` mean.
#[derive(Debug, Clone)]
pub struct Viewpoint {
    pub now: Timestamp,
    pub zone: TimeZone,
    /// The caller, if they are a member.
    pub me: Option<Uuid>,
}

/// `filter[status][in]` as field and operator.
fn taken_apart(name: &str) -> Option<(&str, &str)> {
    let (field, operator) = name.strip_prefix("filter[")?.strip_suffix(']')?.split_once("][")?;
    Some((field, operator))
}

impl Filters {
    /// Takes the filters out of a query's parameters and gives the others back. A list without such fields takes none, so that they are
    /// as unknown there as any other.
    pub(crate) fn read(
        fields: &'static [Field],
        parameters: Vec<(String, String)>,
        faults: &mut Vec<Fault>,
    ) -> (Self, Vec<(String, String)>) {
        let mut filters = Self { fields, asked: BTreeMap::new() };
        let mut rest = Vec::new();
        for (name, value) in parameters {
            if fields.is_empty() || !name.starts_with("filter[") {
                rest.push((name, value));
            } else if let Err((code, detail)) = filters.note(&name, value) {
                faults.push(Fault::new(format!("?{name}"), code, detail));
            }
        }
        (filters, rest)
    }

    fn note(&mut self, name: &str, value: String) -> Result<(), (&'static str, String)> {
        let known = taken_apart(name)
            .and_then(|(field, operator)| Some((self.fields.iter().find(|known| known.name == field)?, operator)));
        let Some((field, operator)) = known else {
            let names: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
            let detail = format!("Write `filter[<field>][<operator>]`, with one of the fields {}.", names.join(", "));
            return Err(("unknown_field", detail));
        };
        let operators = field.operators();
        let Some(operator) = operators.iter().find(|known| **known == operator) else {
            return Err(("unknown_value", format!("Of `{}` can be asked: {}.", field.name, operators.join(", "))));
        };
        if value.contains('\0') {
            return Err(("nul_character", "Remove the NUL character (U+0000).".to_owned()));
        }
        check(field, operator, &value)?;
        self.asked.insert((field.name, operator), value);
        Ok(())
    }

    /// Whether something is asked that depends on where the caller's days begin.
    pub fn is_relative(&self) -> bool {
        let timely = |operator: &str| ["from", "before", "last", "next"].contains(&operator);
        self.asked.iter().any(|((_, operator), value)| timely(operator) && value.parse::<Timestamp>().is_err())
    }

    /// The values asked for and those left out.
    fn choice<T: PartialEq>(&self, field: &'static str, read: impl Fn(&str) -> Option<T>) -> Choice<T> {
        let list = |operator| {
            let values = self.asked.get(&(field, operator)).map(|text| split(text));
            values.map(|values| values.iter().map(|value| if value == NONE { None } else { read(value) }).collect())
        };
        let choice = Choice { among: list("in"), without: list("not_in") };
        match self.flag(field, "empty") {
            Some(true) => choice.and(Choice::only(None)),
            Some(false) => choice.and(Choice::but(None)),
            None => choice,
        }
    }

    /// Words or texts.
    pub fn texts(&self, field: &'static str) -> Choice<String> {
        self.choice(field, |value| Some(value.to_owned()))
    }

    /// Ids. `me` is nobody for a caller who is no member.
    pub fn ids<T: From<Uuid> + PartialEq>(&self, field: &'static str, view: &Viewpoint) -> Choice<T> {
        let nobody = Uuid::nil();
        self.choice(field, |value| match value {
            ME => Some(view.me.unwrap_or(nobody).into()),
            id => id.parse::<Uuid>().ok().map(T::from),
        })
    }

    /// The least and the most.
    pub fn numbers(&self, field: &'static str) -> (Option<i64>, Option<i64>) {
        let number = |operator| self.asked.get(&(field, operator))?.parse().ok();
        (number("min"), number("max"))
    }

    /// The same for a smaller field: beyond what it can hold, its ends mean as much.
    pub fn small_numbers(&self, field: &'static str) -> (Option<i32>, Option<i32>) {
        let (least, most) = self.numbers(field);
        let end = |number: i64| i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX });
        (least.map(end), most.map(end))
    }

    /// True or false, if it was asked.
    pub fn flag(&self, field: &'static str, operator: &'static str) -> Option<bool> {
        self.asked.get(&(field, operator)).map(|value| value == "true")
    }

    /// Moments.
    pub fn moments(&self, field: &'static str, view: &Viewpoint) -> Between<Timestamp> {
        let at = |operator| When::parse(self.asked.get(&(field, operator))?)?.moment(view);
        let span = |operator, sign| When::span(self.asked.get(&(field, operator))?, sign)?.moment(view);
        let asked = Between { from: at("from"), before: at("before"), empty: self.flag(field, "empty") };
        let last = span("last", -1);
        let next = span("next", 1);
        asked.and(last, last.map(|_| view.now)).and(next.map(|_| view.now), next)
    }

    /// Days. A span takes today in.
    pub fn days(&self, field: &'static str, view: &Viewpoint) -> Between<Date> {
        let at = |operator| When::parse(self.asked.get(&(field, operator))?)?.day(view);
        let span = |operator, sign| When::span(self.asked.get(&(field, operator))?, sign)?.day(view);
        let today = view.now.to_zoned(view.zone.clone()).date();
        let asked = Between { from: at("from"), before: at("before"), empty: self.flag(field, "empty") };
        let last = span("last", -1).and_then(|day| day.tomorrow().ok());
        let next = span("next", 1);
        asked.and(last, last.and_then(|_| today.tomorrow().ok())).and(next.map(|_| today), next)
    }
}

/// A field that is empty, among values.
const NONE: &str = "none";

/// The caller, among members.
const ME: &str = "me";

/// Values with commas between; `\,` is a comma of a value.
fn split(text: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, values.last_mut()) {
            (',', _) => values.push(String::new()),
            ('\\', Some(value)) => value.extend(letters.next()),
            (letter, Some(value)) => value.push(letter),
            (_, None) => {}
        }
    }
    values.iter().map(|value| value.trim().to_owned()).collect()
}

/// Passes a value that can be read, or says how it is written.
fn check(field: &Field, operator: &str, value: &str) -> Result<(), (&'static str, String)> {
    match operator {
        "in" | "not_in" => check_values(field, value),
        "min" | "max" => match value.parse::<i64>() {
            Ok(_) => Ok(()),
            Err(_) => Err(("type", "Send a whole number.".to_owned())),
        },
        "empty" | "is" => match value {
            "true" | "false" => Ok(()),
            _ => Err(("type", "Send `true` or `false`.".to_owned())),
        },
        "last" | "next" => match When::span(value, 1) {
            Some(_) => Ok(()),
            None => Err(("format", "Send a span: a number with h, d, w, m or y, for example `14d`.".to_owned())),
        },
        _ => match When::parse(value) {
            // A day at the very ends of the calendar does not begin in every zone.
            Some(When::On(day)) if field.kind == Kind::Moment && !(FIRST_DAY..=LAST_DAY).contains(&day) => {
                Err(("format", format!("Send a day from {FIRST_DAY} to {LAST_DAY}.")))
            }
            Some(_) => Ok(()),
            None => Err((
                "format",
                "Send a moment (`2027-01-31T12:00:00Z`), a day (`2027-01-31`), or how it stands to now: `-14d`, `today`, `month-1m`."
                    .to_owned(),
            )),
        },
    }
}

fn check_values(field: &Field, value: &str) -> Result<(), (&'static str, String)> {
    let values = split(value);
    if values.len() > MOST_VALUES {
        return Err(("too_many", format!("Name at most {MOST_VALUES} values.")));
    }
    for value in &values {
        match (value.as_str(), field.kind) {
            ("", _) => return Err(("empty", "Write values with commas between, none of them empty.".to_owned())),
            (NONE, _) if field.optional => {}
            (word, Kind::Word(words)) if !words.contains(&word) => {
                return Err(("unknown_value", format!("Send some of {}.", words.join(", "))));
            }
            (ME, Kind::Member) => {}
            (id, Kind::Id | Kind::Member) if id.parse::<Uuid>().is_err() => {
                return Err(("format", "Write ids with commas between.".to_owned()));
            }
            (text, _) if text.chars().count() > LONGEST => {
                return Err(("too_long", format!("A value has at most {LONGEST} characters.")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A moment that was written out, or how it stands to now.
#[derive(Debug, Clone, Copy)]
enum When {
    At(Timestamp),
    On(Date),
    From(Anchor, Span),
}

/// Where a relative moment is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anchor {
    Now,
    Today,
    Week,
    Month,
    Quarter,
    Year,
}

const ANCHORS: [(&str, Anchor); 6] = [
    ("now", Anchor::Now),
    ("today", Anchor::Today),
    ("week", Anchor::Week),
    ("month", Anchor::Month),
    ("quarter", Anchor::Quarter),
    ("year", Anchor::Year),
];

impl When {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(at) = text.parse::<Timestamp>() {
            return (!is_before_our_era(at)).then_some(Self::At(at));
        }
        if let Ok(day) = text.parse::<Date>() {
            return (day.year() > 0).then_some(Self::On(day));
        }
        let named = ANCHORS.into_iter().find_map(|(name, anchor)| Some((anchor, text.strip_prefix(name)?)));
        let (anchor, rest) = named.unwrap_or((Anchor::Now, text));
        match (rest.chars().next(), named) {
            (None, Some(_)) => Some(Self::From(anchor, Span::new())),
            // A `+` that nobody encoded arrives as a space.
            (Some('+' | ' '), _) => Some(Self::From(anchor, span(&rest[1..], 1)?)),
            (Some('-'), _) => Some(Self::From(anchor, span(&rest[1..], -1)?)),
            _ => None,
        }
    }

    /// A span before or after now.
    fn span(text: &str, sign: i64) -> Option<Self> {
        Some(Self::From(Anchor::Now, span(text, sign)?))
    }

    fn moment(self, view: &Viewpoint) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::On(day) => Some(day.to_zoned(view.zone.clone()).ok()?.timestamp()),
            Self::From(..) => Some(self.zoned(view)?.timestamp()),
        }
    }

    fn day(self, view: &Viewpoint) -> Option<Date> {
        match self {
            Self::At(at) => Some(at.to_zoned(view.zone.clone()).date()),
            Self::On(day) => Some(day),
            Self::From(..) => Some(self.zoned(view)?.date()),
        }
    }

    fn zoned(self, view: &Viewpoint) -> Option<Zoned> {
        let Self::From(anchor, span) = self else { return None };
        let now = view.now.to_zoned(view.zone.clone());
        let today = now.date();
        let first = match anchor {
            Anchor::Now => return now.checked_add(span).ok(),
            Anchor::Today => today,
            Anchor::Week => today.tomorrow().ok()?.nth_weekday(-1, Weekday::Monday).ok()?,
            Anchor::Month => today.first_of_month(),
            Anchor::Quarter => Date::new(today.year(), (today.month() - 1) / 3 * 3 + 1, 1).ok()?,
            Anchor::Year => today.first_of_year(),
        };
        first.to_zoned(view.zone.clone()).ok()?.checked_add(span).ok()
    }
}

/// `14d`.
fn span(text: &str, sign: i64) -> Option<Span> {
    let unit = text.chars().last()?;
    let number: i64 = text.get(..text.len() - unit.len_utf8())?.parse().ok()?;
    // A thousand years would leave the calendar.
    if !(0..=10_000).contains(&number) || text.starts_with(['+', '-']) {
        return None;
    }
    let number = number * sign;
    match unit {
        'h' => Some(number.hours()),
        'd' => Some(number.days()),
        'w' => Some(number.weeks()),
        'm' if number.abs() <= 1200 => Some(number.months()),
        'y' if number.abs() <= 100 => Some(number.years()),
        _ => None,
    }
}

impl Viewpoint {
    /// Refuses a zone that does not exist.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn zone(name: &str) -> Result<TimeZone, Failure> {
        TimeZone::get(name).map_err(|_| {
            Failure::invalid("?zone", "unknown_value", "Name a zone as `Europe/Berlin`, or leave `zone` out.")
        })
    }
}

#[cfg(test)]
mod tests;
