//! From what a sender wrote to a valid event, or to everything that is wrong with it.

mod lead;

use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};
use serde_json::{Map, Value};

use super::super::faults::{Fault, pointer_segment};
use super::super::identity::{Identifier, IdentifierKind};
use super::super::moments::{MomentFault, parse_moment};
use super::super::profile::{CarriedProfile, ProfileField};
use super::super::text::is_blank;
use super::canonical::derived_external_id;
use super::limits::{compact_len, nul_in_object};
use super::{Arrival, Campaign, Event, MAX_AGE_YEARS, MAX_FUTURE_MINUTES, MAX_METADATA_BYTES};

/// The most faults of one event that are named: whoever made so many learns no more from the others.
pub const MAX_FAULTS: usize = 20;

const FIELDS: [&str; 8] =
    ["event_type", "source", "occurred_at", "external_id", "lead_identifier", "lead", "campaign", "metadata"];

/// The longest text in a profile or campaign field, in characters.
const MAX_TEXT: usize = 500;

/// A valid event, and what about it the sender should look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Valid {
    /// The event in normal form.
    pub event: Event,
    /// Values that could not be read and that the event is not refused for: they are kept in its metadata as they were sent.
    pub warnings: Vec<Fault>,
}

/// Validates and normalises one event.
///
/// `prefix` goes before every pointer (`"/2"` for the third of a batch, `""` for a single one).
///
/// # Errors
/// The faults of the event at once, at most [`MAX_FAULTS`].
pub fn validate(raw: &Value, prefix: &str, arrival: &Arrival<'_>) -> Result<Valid, Vec<Fault>> {
    let mut parser = Parser { prefix, arrival, faults: Vec::new(), warnings: Vec::new(), aside: Map::new() };
    let event = parser.event(raw);
    match event {
        Some(event) if parser.faults.is_empty() => Ok(Valid { event, warnings: parser.warnings }),
        _ => Err(parser.faults),
    }
}

/// A lower-case name such as `demo_requested`.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn parse_event_type(text: &str) -> Result<&str, &'static str> {
    let mut bytes = text.bytes();
    let starts = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase());
    let continues = bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if starts && continues && text.len() <= 64 {
        Ok(text)
    } else {
        Err("Write a lower-case letter followed by up to 63 lower-case letters, digits or underscores.")
    }
}

/// The name of a source such as `website`: spelled like an event type.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn parse_source(text: &str) -> Result<&str, &'static str> {
    parse_event_type(text)
}

struct Parser<'a> {
    prefix: &'a str,
    arrival: &'a Arrival<'a>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
    /// What goes into the metadata because it could not be read.
    aside: Map<String, Value>,
}

/// A member's name where it is repeated to the sender: nobody needs more of a long one.
fn short(key: &str) -> String {
    key.chars().take(100).collect()
}

impl Parser<'_> {
    fn fault<T>(&mut self, pointer: &str, code: &'static str, detail: impl Into<String>) -> Option<T> {
        if !self.is_full() {
            self.faults.push(Fault::new(self.pointer(pointer), code, detail));
        }
        None
    }

    /// A pointer as the sender sees it. Names in metadata are as long as metadata; the beginning says where to look.
    fn pointer(&self, within: &str) -> String {
        self.prefix.chars().chain(within.chars().take(MAX_TEXT)).collect()
    }

    /// Whether enough faults are known, so that nobody looks for more.
    fn is_full(&self) -> bool {
        self.faults.len() >= MAX_FAULTS
    }

    /// Keeps a value that cannot be read for somebody to look at: it must not cost the person.
    fn set_aside(&mut self, field: &str, value: &Value, pointer: &str, detail: &str) {
        let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
        // The database's JSON cannot hold a NUL, escaped or not.
        let text = text.replace('\0', "\u{fffd}").replace("\\u0000", "\u{fffd}");
        let kept = Value::from(text.chars().take(MAX_TEXT).collect::<String>());
        let mut name = format!("unreadable_{field}");
        if self.aside.get(&name).is_some_and(|other| *other != kept) {
            name = format!("unreadable_lead_{field}");
        }
        let detail = format!("{detail} The event was taken without it; it is kept in the metadata as `{name}`.");
        self.warnings.push(Fault::new(self.pointer(pointer), "unreadable", detail));
        self.aside.insert(name, kept);
    }

    fn event(&mut self, raw: &Value) -> Option<Event> {
        let Some(object) = raw.as_object() else {
            return self.fault("", "type", "Send an event as a JSON object.");
        };
        for key in object.keys().filter(|key| !FIELDS.contains(&key.as_str())).take(MAX_FAULTS) {
            let key = short(key);
            let pointer = format!("/{}", pointer_segment(&key));
            let detail = format!("Remove `{key}` or put it into `metadata`; an event has {}.", FIELDS.join(", "));
            self.fault::<()>(&pointer, "unknown_field", detail);
        }
        let event_type = self.event_type(object.get("event_type"));
        let source = self.source(object.get("source"));
        let occurred_at = self.occurred_at(object.get("occurred_at"));
        let external_id = self.external_id(object.get("external_id"));
        let identifiers = self.identifiers(object.get("lead_identifier"), source.as_deref().unwrap_or_default());
        let profile = self.profile(object.get("lead"), identifiers.as_deref().unwrap_or_default());
        let campaign = self.campaign(object.get("campaign"));
        let metadata = self.metadata(object.get("metadata"));

        // None stands for a fault from here on.
        let (event_type, source, occurred_at) = (event_type?, source?, occurred_at?);
        let (external_id, identifiers, profile) = (external_id?, identifiers?, profile?);
        let (campaign, mut metadata) = (campaign?, metadata?);
        for (name, value) in std::mem::take(&mut self.aside) {
            metadata.entry(name).or_insert(value);
        }
        let received_at = to_microseconds(self.arrival.received_at);
        let external_id = external_id.unwrap_or_else(|| match occurred_at {
            Some(at) => derived_external_id(&source, &event_type, &identifiers, at, &metadata),
            None => self.arrival.id.to_string(),
        });
        // Only now: the derived id is of what was sent.
        let identifiers = with_told(identifiers, &profile);
        Some(Event {
            id: self.arrival.id,
            event_type,
            source,
            occurred_at: occurred_at.unwrap_or(received_at),
            received_at,
            external_id,
            identifiers,
            profile,
            campaign,
            metadata,
        })
    }

    fn event_type(&mut self, value: Option<&Value>) -> Option<String> {
        let text = self.required_text(value, "/event_type")?;
        match parse_event_type(text) {
            Ok(event_type) => Some(event_type.to_owned()),
            Err(detail) => self.fault("/event_type", "bad_name", detail),
        }
    }

    fn source(&mut self, value: Option<&Value>) -> Option<String> {
        let text = self.required_text(value, "/source")?;
        if let Err(detail) = parse_source(text) {
            return self.fault("/source", "bad_name", detail);
        }
        match self.arrival.source {
            Some(own) if own != text => {
                let detail = format!("Write `{own}`: the source must be the one your key or webhook belongs to.");
                self.fault("/source", "wrong_source", detail)
            }
            _ => Some(text.to_owned()),
        }
    }

    fn required_text<'v>(&mut self, value: Option<&'v Value>, pointer: &str) -> Option<&'v str> {
        match value {
            None | Some(Value::Null) => {
                let field = pointer.trim_start_matches('/');
                self.fault(pointer, "required", format!("Add `{field}`."))
            }
            Some(Value::String(text)) => Some(text),
            Some(_) => self.fault(pointer, "type", "Write text."),
        }
    }

    /// Outer `None`: a fault. Inner `None`: not given.
    #[expect(clippy::option_option, reason = "a fault and an absent value are different things")]
    fn occurred_at(&mut self, value: Option<&Value>) -> Option<Option<Timestamp>> {
        let at = "/occurred_at";
        let text = match value {
            None | Some(Value::Null) => return Some(None),
            Some(Value::String(text)) => text,
            Some(_) => return self.fault(at, "type", "Write the time as RFC 3339 text."),
        };
        let in_future = format!("Send no time more than {MAX_FUTURE_MINUTES} minutes in the future; check the clock.");
        let too_old = format!("Send no events older than {MAX_AGE_YEARS} years.");
        let time = match parse_moment(text) {
            Ok(time) => time,
            Err(MomentFault::Early) => return self.fault(at, "too_old", too_old),
            Err(MomentFault::Late) => return self.fault(at, "in_future", in_future),
            Err(fault) => return self.fault(at, "bad_time", fault.to_string()),
        };
        let now = self.arrival.received_at;
        // Saturating at the ends of time makes no difference to either limit.
        let latest = now.saturating_add(SignedDuration::from_mins(MAX_FUTURE_MINUTES)).unwrap_or(Timestamp::MAX);
        if time > latest {
            return self.fault(at, "in_future", in_future);
        }
        if time < oldest_for_sure(now) && time < oldest(now) {
            return self.fault(at, "too_old", too_old);
        }
        Some(Some(to_microseconds(time)))
    }

    #[expect(clippy::option_option, reason = "a fault and an absent value are different things")]
    fn external_id(&mut self, value: Option<&Value>) -> Option<Option<String>> {
        let at = "/external_id";
        match value {
            None | Some(Value::Null) => Some(None),
            Some(Value::String(text)) if text.is_empty() => {
                self.fault(at, "empty", "Write an id, or leave the field out.")
            }
            Some(Value::String(text)) if text.chars().count() > 200 => {
                self.fault(at, "too_long", "Write at most 200 characters.")
            }
            Some(Value::String(text)) if text.contains('\0') => {
                self.fault(at, "nul_character", "Remove the NUL character (U+0000).")
            }
            Some(Value::String(text)) => Some(Some(text.clone())),
            Some(_) => self.fault(at, "type", "Write the id as text."),
        }
    }

    fn identifiers(&mut self, value: Option<&Value>, source: &str) -> Option<Vec<Identifier>> {
        let at = "/lead_identifier";
        let object = match value {
            None | Some(Value::Null) => return self.fault(at, "required", "Add `lead_identifier`."),
            Some(Value::Object(object)) => object,
            Some(_) => {
                return self.fault(at, "type", "Write an object such as {\"email\":\"name@example.com\"}.");
            }
        };
        let mut identifiers = Vec::with_capacity(IdentifierKind::ALL.len());
        let mut unreadable = Vec::new();
        let mut unknown = false;
        for (key, value) in object {
            let Ok(kind) = key.parse::<IdentifierKind>() else {
                let key = short(key);
                let kinds: Vec<_> = IdentifierKind::ALL.iter().map(|kind| kind.as_str()).collect();
                let pointer = format!("{at}/{}", pointer_segment(&key));
                self.fault::<()>(&pointer, "unknown_field", format!("Remove `{key}`; allowed: {}.", kinds.join(", ")));
                unknown = true;
                if self.is_full() {
                    break;
                }
                continue;
            };
            let text = match value {
                Value::Null => continue,
                Value::String(text) if is_blank(text) => continue,
                Value::String(text) => text.clone(),
                // A fraction or larger number has lost digits, unless `raw::parse` has made a text of it.
                Value::Number(number) if kind.is_opaque() && !number.is_f64() => number.to_string(),
                _ => {
                    unreadable.push((kind, value, "type", "Write the identifier as text.".to_owned()));
                    continue;
                }
            };
            match Identifier::parse(kind, &text, source, self.arrival.default_country) {
                Ok(identifier) => identifiers.push(identifier),
                Err(detail) => unreadable.push((kind, value, "bad_identifier", detail)),
            }
        }
        if identifiers.is_empty() {
            if unreadable.is_empty() && !unknown {
                return self.fault(at, "required", "Add at least one identifier, for example `email`.");
            }
            for (kind, _, code, detail) in unreadable {
                self.fault::<()>(&format!("{at}/{kind}"), code, detail);
            }
            return None;
        }
        // Beside a good identifier an unreadable one is kept for somebody to read.
        for (kind, value, _, detail) in unreadable {
            self.set_aside(kind.as_str(), value, &format!("{at}/{kind}"), &detail);
        }
        identifiers.sort_unstable();
        identifiers.dedup();
        (!unknown).then_some(identifiers)
    }

    fn short_text<'v>(&mut self, text: &'v str, pointer: &str) -> Option<&'v str> {
        let text = text.trim();
        if text.chars().count() > MAX_TEXT {
            return self.fault(pointer, "too_long", format!("Write at most {MAX_TEXT} characters."));
        }
        if text.contains('\0') {
            return self.fault(pointer, "nul_character", "Remove the NUL character (U+0000).");
        }
        Some(text)
    }

    #[expect(clippy::option_option, reason = "a fault and an absent value are different things")]
    fn campaign(&mut self, value: Option<&Value>) -> Option<Option<Campaign>> {
        let at = "/campaign";
        let object = match value {
            None | Some(Value::Null) => return Some(None),
            Some(Value::String(name)) => {
                let name = self.short_text(name, at)?;
                let named = Campaign { name: Some(name.to_owned()), ..Campaign::default() };
                return Some((!name.is_empty()).then_some(named));
            }
            Some(Value::Object(object)) => object,
            Some(_) => {
                return self.fault(at, "type", "Write the campaign's name or an object of UTM parameters.");
            }
        };
        let mut campaign = Campaign::default();
        let faults_before = self.faults.len();
        for (key, value) in object {
            if self.is_full() {
                return None;
            }
            let pointer = format!("{at}/{}", pointer_segment(&short(key)));
            let part = match key.strip_prefix("utm_").unwrap_or(key) {
                "campaign" | "name" => &mut campaign.name,
                "source" => &mut campaign.source,
                "medium" => &mut campaign.medium,
                "term" => &mut campaign.term,
                "content" => &mut campaign.content,
                "id" => &mut campaign.id,
                _ => {
                    let detail = format!(
                        "Remove `{}` or put it into `metadata`; a campaign has utm_source, utm_medium, utm_campaign, \
                         utm_term, utm_content and utm_id.",
                        short(key)
                    );
                    self.fault::<()>(&pointer, "unknown_field", detail);
                    continue;
                }
            };
            match value {
                Value::Null => {}
                Value::String(text) => {
                    *part = self.short_text(text, &pointer).filter(|text| !text.is_empty()).map(str::to_owned);
                }
                _ => {
                    self.fault::<()>(&pointer, "type", "Write text.");
                }
            }
        }
        (self.faults.len() == faults_before).then(|| (campaign != Campaign::default()).then_some(campaign))
    }

    fn metadata(&mut self, value: Option<&Value>) -> Option<Map<String, Value>> {
        let at = "/metadata";
        let object = match value {
            None | Some(Value::Null) => return Some(Map::new()),
            Some(Value::Object(object)) => object,
            Some(_) => return self.fault(at, "type", "Write an object."),
        };
        if compact_len(object) > MAX_METADATA_BYTES {
            return self.fault(at, "too_large", format!("Send at most {} KiB here.", MAX_METADATA_BYTES / 1024));
        }
        if let Some(pointer) = nul_in_object(object) {
            // The database's JSON cannot hold it.
            return self.fault(&format!("{at}{pointer}"), "nul_character", "Remove the NUL character (U+0000).");
        }
        Some(object.clone())
    }
}

/// The identifiers, and beside them the address and profile that are told of the person: by these the lead will be shown, so by these
/// the next event has to find it. Not the telephone number, which may be that of a whole company.
fn with_told(mut identifiers: Vec<Identifier>, profile: &CarriedProfile) -> Vec<Identifier> {
    let both = [(ProfileField::Email, IdentifierKind::Email), (ProfileField::LinkedinUrl, IdentifierKind::LinkedinUrl)];
    for (field, kind) in both {
        if let Some(value) = profile.fields.get(&field)
            && identifiers.iter().all(|identifier| identifier.kind != kind)
        {
            identifiers.push(Identifier { kind, value: value.clone() });
        }
    }
    identifiers.sort_unstable();
    identifiers
}

/// The earliest moment an event may have, by the calendar.
fn oldest(now: Timestamp) -> Timestamp {
    let years = now.to_zoned(TimeZone::UTC).checked_sub(Span::new().years(MAX_AGE_YEARS));
    years.map_or(Timestamp::MIN, |oldest| oldest.timestamp())
}

/// Never before [`oldest`], and without the calendar: nearly every event is younger.
fn oldest_for_sure(now: Timestamp) -> Timestamp {
    let days = SignedDuration::from_hours(MAX_AGE_YEARS * 365 * 24);
    now.saturating_sub(days).unwrap_or(Timestamp::MIN)
}

/// To the precision the database keeps, so that the order of events is the same before and after storing.
fn to_microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_nanosecond().div_euclid(1000).try_into().unwrap_or(i64::MAX)).unwrap_or(time)
}
