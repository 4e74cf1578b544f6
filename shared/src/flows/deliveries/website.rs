//! Forms and page trackers of a website. Field names are whatever the form's author chose; the usual German and English ones
//! become fields of the person, consents stay word for word, and everything else is kept as metadata.

mod fields;
mod form;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::map::Entry;
use serde_json::{Map, Value, json};

use super::{Piece, RELEASED, SPAM, generic};
use crate::domain::events::MAX_FUTURE_MINUTES;
use crate::domain::events::raw::{self, Batch};
use crate::domain::faults::sentences;
use crate::domain::identity::{IdentifierKind, normalize_email, normalize_linkedin};
use crate::domain::profile::ProfileField;
use crate::integrations::Unknown;
use fields::Meaning;

#[cfg(test)]
pub(super) use form::pairs as form_pairs;

/// What a form on a public page may say happened; anybody can read its token. Other types come by signed ways.
const WEB_EVENTS: [&str; 8] = [
    "form_submitted",
    "demo_requested",
    "content_downloaded",
    "webinar_registered",
    "newsletter_subscribed",
    "page_visited",
    "pricing_viewed",
    "ad_clicked",
];

/// The longest id of an entry, in characters: the form's name stands before it.
const MAX_ENTRY_ID: usize = 120;

/// By what a page may say who it was: a stranger with the page's token must not name leads by our ids or by partners'.
const WEB_IDENTIFIERS: [IdentifierKind; 4] =
    [IdentifierKind::Email, IdentifierKind::Phone, IdentifierKind::LinkedinUrl, IdentifierKind::AnonymousId];

/// The event of a form, or the events a page tracker sends in our own shape.
///
/// # Errors
/// When the body cannot be read, a trap field that people do not see is filled in, or nothing says who it was.
pub fn translate(
    source: &str,
    headers: &BTreeMap<String, String>,
    body: &str,
    received_at: Timestamp,
) -> Result<Vec<Piece>, Unknown> {
    let content_type = headers.get("content-type").map(String::as_str).unwrap_or_default().to_ascii_lowercase();
    let pairs = if content_type.starts_with("application/x-www-form-urlencoded") {
        form::pairs(body)
    } else if content_type.starts_with("multipart/") {
        let detail = "A multipart form cannot be read here. Send it as application/x-www-form-urlencoded or JSON.";
        return Err(Unknown::new("unsupported_content_type", detail));
    } else {
        match raw::split(body) {
            Ok(Batch { events, single: true }) => match events.first().map(|form| raw::parse_form(form)) {
                Some(Ok(Value::Object(form))) if !form.contains_key("lead_identifier") => form::flattened(form),
                Some(Ok(Value::Object(_))) => return web_events(source, body),
                Some(Err(fault)) => return Err(Unknown::new("malformed", sentences(&[fault]))),
                Some(Ok(_)) | None => {
                    return Err(Unknown::new("unknown_shape", "The body is neither a form nor an event."));
                }
            },
            Ok(Batch { single: false, .. }) => return web_events(source, body),
            // Some senders leave the content type out.
            Err(_) if content_type.is_empty() && body.contains('=') => form::pairs(body),
            Err(error) => return Err(Unknown::new("malformed", format!("The body is not JSON: {error}."))),
        }
    };
    let event = submission(source, headers, pairs, received_at)?;
    Ok(vec![Piece { body: body.to_owned(), event: Ok(event) }])
}

/// Events in our own shape, each held to what a page may say, and all of them about one person: a browser has one visitor.
fn web_events(source: &str, body: &str) -> Result<Vec<Piece>, Unknown> {
    let mut visitor = Visitor::default();
    let pieces = generic::translate(source, body)?.into_iter();
    let checked = |piece: Piece| {
        let event = piece.event.and_then(web_event).and_then(|event| visitor.is_meant(event));
        Piece { event, ..piece }
    };
    Ok(pieces.map(checked).collect())
}

/// Whom a page speaks of: one value of each kind, as it was said first.
#[derive(Default)]
struct Visitor(BTreeMap<&'static str, String>);

impl Visitor {
    /// Passes an event that names nobody else.
    fn is_meant(&mut self, event: Value) -> Result<Value, Unknown> {
        for kind in WEB_IDENTIFIERS.map(IdentifierKind::as_str) {
            // What stands in `lead` only is an identifier as well.
            let said =
                [&event["lead_identifier"][kind], &event["lead"][kind]].map(|value| written(value).to_lowercase());
            let Some(said) = said.into_iter().find(|said| !said.is_empty()) else { continue };
            if *self.0.entry(kind).or_insert_with(|| said.clone()) != said {
                let detail = "A website's public token may speak of one visitor in a request. Send the events of each alone, or with \
                              an API key or signed.";
                return Err(Unknown::new("several_people", detail));
            }
        }
        Ok(event)
    }
}

/// A page's script may report what a page can see, by whom a page can know, and no fields of the tenant's own: anybody can read its
/// token.
fn web_event(mut event: Value) -> Result<Value, Unknown> {
    if let Some(kind) = event["event_type"].as_str().filter(|kind| !WEB_EVENTS.contains(kind)) {
        let kind: String = kind.chars().take(64).collect();
        let detail = format!("A website's public token may not report `{kind}`. Send it with an API key or signed.");
        return Err(Unknown::new("event_type_not_allowed", detail));
    }
    let mut aside = Map::new();
    if let Some(identifiers) = event.get_mut("lead_identifier").and_then(Value::as_object_mut) {
        let others: Vec<String> = identifiers
            .keys()
            .filter(|name| name.parse::<IdentifierKind>().is_ok_and(|kind| !WEB_IDENTIFIERS.contains(&kind)))
            .cloned()
            .collect();
        aside.extend(others.iter().filter_map(|name| Some((format!("ignored_{name}"), identifiers.remove(name)?))));
        if !aside.is_empty() && !identifiers.values().any(|value| !value.is_null()) {
            let detail = "A website's public token may say who it was by email, phone, linkedin_url and anonymous_id \
                          only. Send other identifiers with an API key or signed.";
            return Err(Unknown::new("identifier_not_allowed", detail));
        }
    }
    if let Some(lead) = event.get_mut("lead").and_then(Value::as_object_mut) {
        let own: Vec<String> = lead.keys().filter(|name| name.parse::<ProfileField>().is_err()).cloned().collect();
        let own: Map<String, Value> = own.into_iter().filter_map(|name| lead.remove_entry(&name)).collect();
        if !own.is_empty() {
            aside.insert("lead".to_owned(), own.into());
        }
    }
    if let Value::Object(fields) = &mut event
        && !aside.is_empty()
        && let Some(metadata) = fields.entry("metadata").or_insert_with(|| Map::new().into()).as_object_mut()
    {
        for (name, value) in aside {
            metadata.entry(name).or_insert(value);
        }
    }
    Ok(event)
}

#[derive(Default)]
struct Submission {
    event_type: Option<String>,
    external_id: Option<String>,
    occurred_at: Option<String>,
    identifier: Map<String, Value>,
    lead: Map<String, Value>,
    campaign: Map<String, Value>,
    metadata: Map<String, Value>,
    consent: Map<String, Value>,
    full_name: Option<String>,
}

fn submission(
    source: &str,
    headers: &BTreeMap<String, String>,
    pairs: Vec<(String, Value)>,
    received_at: Timestamp,
) -> Result<Value, Unknown> {
    let mut found = Submission::default();
    let released = headers.contains_key(RELEASED);
    for (raw_name, value) in pairs {
        let name = fields::plain_name(&raw_name);
        // Of a name of signs only nothing is left.
        let name = if name.is_empty() { raw_name.trim().to_owned() } else { name };
        let text = written(&value);
        match fields::meaning(&name) {
            Meaning::Trap if text.is_empty() => {}
            Meaning::Trap if released => keep(&mut found.metadata, name, value),
            Meaning::Trap => {
                let detail = "A field that people do not see is filled in: this was a program. If it was a person all the same, \
                              replay this delivery by its id.";
                return Err(Unknown::new(SPAM, detail));
            }
            Meaning::Consent => keep(&mut found.consent, name, value),
            _ if text.is_empty() => {}
            Meaning::EventType if found.event_type.is_none() && WEB_EVENTS.contains(&text.as_str()) => {
                found.event_type = Some(text);
            }
            Meaning::ExternalId if found.external_id.is_none() && text.chars().count() <= MAX_ENTRY_ID => {
                found.external_id = Some(text);
            }
            Meaning::OccurredAt if found.occurred_at.is_none() && plausible(&text, received_at) => {
                found.occurred_at = Some(text);
            }
            Meaning::FullName if found.full_name.is_some() => keep(&mut found.metadata, name, value),
            Meaning::FullName => found.full_name = Some(text),
            Meaning::Lead(field) if found.lead.contains_key(field) => keep(&mut found.metadata, name, value),
            Meaning::Lead(field) => drop(found.lead.insert(field.to_owned(), text.into())),
            Meaning::AnonymousId if found.identifier.contains_key("anonymous_id") => {
                keep(&mut found.metadata, name, value);
            }
            Meaning::AnonymousId => drop(found.identifier.insert("anonymous_id".to_owned(), text.into())),
            Meaning::Campaign if found.campaign.contains_key(&name) => keep(&mut found.metadata, name, value),
            Meaning::Campaign => drop(found.campaign.insert(name, text.into())),
            Meaning::Metadata(known) if found.metadata.contains_key(known) => keep(&mut found.metadata, name, value),
            Meaning::Metadata(known) => drop(found.metadata.insert(known.to_owned(), value)),
            Meaning::EventType | Meaning::ExternalId | Meaning::OccurredAt | Meaning::Other => {
                keep(&mut found.metadata, name, value);
            }
        }
    }
    found.into_event(source, headers)
}

/// Keeps a field's value. Several of one name, as of boxes that were ticked, become a list: none is lost.
fn keep(fields: &mut Map<String, Value>, name: String, value: Value) {
    match fields.entry(name) {
        Entry::Vacant(free) => drop(free.insert(value)),
        Entry::Occupied(mut taken) => match taken.get_mut() {
            Value::Array(values) => values.push(value),
            one => *one = Value::Array(vec![one.take(), value]),
        },
    }
}

impl Submission {
    fn into_event(mut self, source: &str, headers: &BTreeMap<String, String>) -> Result<Value, Unknown> {
        self.place_full_name();
        // What identifies must be readable; what is not stays with the person as typed, for somebody to read.
        if let Some(email) = self.text("email").and_then(|email| normalize_email(email).ok()) {
            self.identifier.insert("email".to_owned(), email.into());
        } else if let Some(unreadable) = self.lead.remove("email") {
            self.metadata.insert("unreadable_email".to_owned(), unreadable);
        }
        if let Some(profile) =
            self.text("linkedin_url").filter(|url| normalize_linkedin(url).is_ok()).map(str::to_owned)
        {
            self.identifier.insert("linkedin_url".to_owned(), profile.into());
        }
        // A phone number identifies only when nothing better does: one that cannot be read must not cost the whole form.
        if !self.identifier.contains_key("email")
            && let Some(phone) =
                self.text("phone").filter(|phone| !phone.contains(char::is_alphabetic)).map(str::to_owned)
        {
            self.identifier.insert("phone".to_owned(), phone.into());
        }
        if self.identifier.is_empty() {
            let detail =
                "The form has no field that says who it was: no e-mail address, phone number or visitor id was found.";
            return Err(Unknown::new("no_identifier", detail));
        }
        if let Some(referer) = headers.get("referer") {
            self.metadata.entry("page_url").or_insert(referer.as_str().into());
        }
        if let Some(path) =
            self.metadata.get("page_url").and_then(Value::as_str).and_then(|url| url::Url::parse(url).ok())
        {
            self.metadata.entry("page_path").or_insert(path.path().into());
        }
        if !self.consent.is_empty() {
            self.metadata.insert("consent".to_owned(), self.consent.into());
        }
        let mut event = json!({
            "event_type": self.event_type.as_deref().unwrap_or("form_submitted"),
            "source": source,
            "lead_identifier": self.identifier,
            "lead": self.lead,
            "metadata": self.metadata,
        });
        if let Some(id) = self.external_id {
            // Builders count the entries of each form by itself. What names the form may be several fields.
            let form = match &event["metadata"]["form_name"] {
                Value::Array(names) => names.iter().map(written).collect::<Vec<_>>().join("/"),
                name => written(name),
            };
            let form: String = form.chars().take(60).collect();
            event["external_id"] = if form.is_empty() { id.into() } else { format!("{form}/{id}").into() };
        }
        if let Some(at) = self.occurred_at {
            event["occurred_at"] = at.into();
        }
        if !self.campaign.is_empty() {
            event["campaign"] = self.campaign.into();
        }
        Ok(event)
    }

    /// The name in one field, where the fields for its parts leave room for it.
    fn place_full_name(&mut self) {
        let Some(full) = self.full_name.take() else { return };
        match (self.text("first_name"), self.text("last_name")) {
            (Some(_), Some(_)) => keep(&mut self.metadata, "name".to_owned(), full.into()),
            (Some(first), None) => {
                let last = fields::last_name(&full, first);
                self.lead.insert("last_name".to_owned(), last.into());
            }
            (None, Some(_)) => {
                if let (Some(first), _) = fields::split_name(&full) {
                    self.lead.insert("first_name".to_owned(), first.into());
                }
                keep(&mut self.metadata, "name".to_owned(), full.into());
            }
            (None, None) => {
                let (first, last) = fields::split_name(&full);
                if let Some(first) = first {
                    self.lead.insert("first_name".to_owned(), first.into());
                }
                self.lead.insert("last_name".to_owned(), last.into());
            }
        }
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.lead.get(field).and_then(Value::as_str)
    }
}

/// A value as text; nothing of nothing.
fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

/// A moment that validation will accept; any other stays in the metadata as the form wrote it.
fn plausible(text: &str, received_at: Timestamp) -> bool {
    text.parse::<Timestamp>().is_ok_and(|at| {
        let seconds = at.as_second() - received_at.as_second();
        (-365 * 86_400..=MAX_FUTURE_MINUTES * 60).contains(&seconds)
    })
}
