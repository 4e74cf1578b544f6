//! The fields a condition can read, and reading them without copying.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::events::Campaign;
use super::super::identity::{IdentifierKind, email_domain};
use super::super::profile::{Profile, ProfileField};
use super::{Context, Facts};

/// A field a condition reads, for example `metadata.page_path` or `lead.job_title`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(Path);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Path {
    EventType,
    Source,
    OccurredAt,
    ReceivedAt,
    ExternalId,
    Identifier(IdentifierKind),
    Campaign(CampaignPart),
    Metadata(Vec<String>),
    Lead(ProfileField),
    LeadEmailDomain,
    LeadCustom(String),
    Organization(Vec<String>),
    Deal(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CampaignPart {
    Name,
    Source,
    Medium,
    Term,
    Content,
    Id,
}

/// Which part of the facts a field belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Event,
    Lead,
    Organization,
    Deal,
}

/// The value of a field, borrowed from where it lives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fact<'a> {
    /// Text.
    Text(&'a str),
    /// A moment.
    Time(Timestamp),
    /// Anything from an open object except `null` and strings.
    Json(&'a Value),
}

impl<'a> Fact<'a> {
    /// A JSON value as a fact; `null` is absent.
    fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::String(text) => Some(Self::Text(text)),
            other => Some(Self::Json(other)),
        }
    }
}

/// Fields of a lead that follow from rules. A rule must not read them: its own result would be its input.
const DERIVED_LEAD_FIELDS: [&str; 17] = [
    "id",
    "status",
    "tier",
    "total_score",
    "scores",
    "primary_intent",
    "intent_confidence",
    "intents",
    "pipeline_id",
    "stage_id",
    "deal_id",
    "owner_id",
    "routed_at",
    "first_seen_at",
    "last_activity_at",
    "created_at",
    "updated_at",
];

impl FieldPath {
    /// Parses a field's name.
    ///
    /// # Errors
    /// A sentence that says which fields there are.
    pub(super) fn parse(name: &str, context: Context) -> Result<Self, String> {
        if name.chars().count() > super::MAX_TEXT {
            return Err(format!("Use a field name of at most {} characters.", super::MAX_TEXT));
        }
        let (root, rest) = match name.split_once('.') {
            Some((root, rest)) => (root, Some(rest)),
            None => (name, None),
        };
        let path = match (root, rest) {
            ("event_type", None) => Path::EventType,
            ("source", None) => Path::Source,
            ("occurred_at", None) => Path::OccurredAt,
            ("received_at", None) => Path::ReceivedAt,
            ("external_id", None) => Path::ExternalId,
            ("campaign", None) => Path::Campaign(CampaignPart::Name),
            ("campaign", Some(part)) => Path::Campaign(campaign_part(part)?),
            ("lead_identifier", Some(kind)) => Path::Identifier(
                kind.parse()
                    .map_err(|_| format!("Use `lead_identifier.<kind>`; `{kind}` is not a kind of identifier."))?,
            ),
            ("metadata", Some(rest)) => Path::Metadata(segments(name, rest)?),
            ("lead", Some(field)) => lead_path(field)?,
            ("organization", Some(rest)) => Path::Organization(segments(name, rest)?),
            ("deal", Some(rest)) if context == Context::Deal => Path::Deal(segments(name, rest)?),
            ("deal", _) => return Err("Deals cannot be read here: scoring and intent know only the lead.".to_owned()),
            _ => {
                return Err(format!(
                    "There is no field `{name}`. Use event_type, source, occurred_at, received_at, external_id, campaign, \
                     campaign.*, lead_identifier.*, metadata.*, lead.* or organization.*."
                ));
            }
        };
        Ok(Self(path))
    }

    /// Which part of the facts it belongs to.
    pub(super) const fn root(&self) -> Root {
        match self.0 {
            Path::EventType
            | Path::Source
            | Path::OccurredAt
            | Path::ReceivedAt
            | Path::ExternalId
            | Path::Identifier(_)
            | Path::Campaign(_)
            | Path::Metadata(_) => Root::Event,
            Path::Lead(_) | Path::LeadEmailDomain | Path::LeadCustom(_) => Root::Lead,
            Path::Organization(_) => Root::Organization,
            Path::Deal(_) => Root::Deal,
        }
    }

    /// Whether it is the event's type.
    pub(super) const fn is_event_type(&self) -> bool {
        matches!(self.0, Path::EventType)
    }

    /// Whether its value is always a moment.
    pub(super) const fn is_time(&self) -> bool {
        matches!(self.0, Path::OccurredAt | Path::ReceivedAt)
    }

    /// The field's value, or nothing when it is absent or `null`.
    pub fn read<'a>(&self, facts: &Facts<'a>) -> Option<Fact<'a>> {
        match &self.0 {
            Path::EventType => Some(Fact::Text(&facts.event?.event_type)),
            Path::Source => Some(Fact::Text(&facts.event?.source)),
            Path::OccurredAt => Some(Fact::Time(facts.event?.occurred_at)),
            Path::ReceivedAt => Some(Fact::Time(facts.event?.received_at)),
            Path::ExternalId => Some(Fact::Text(&facts.event?.external_id)),
            Path::Identifier(kind) => {
                let event = facts.event?;
                let value = &event.identifiers.iter().find(|identifier| identifier.kind == *kind)?.value;
                // A source's own id is stored behind the source's name; a condition means the id.
                let own = (*kind == IdentifierKind::ExternalId)
                    .then(|| value.strip_prefix(event.source.as_str())?.strip_prefix(':'))
                    .flatten();
                Some(Fact::Text(own.unwrap_or(value)))
            }
            Path::Campaign(part) => part.read(facts.event?.campaign.as_ref()?).map(Fact::Text),
            Path::Metadata(segments) => walk(&facts.event?.metadata, segments),
            Path::Lead(field) => facts.lead?.get(*field).map(Fact::Text),
            Path::LeadEmailDomain => email_domain(facts.lead?.get(ProfileField::Email)?).map(Fact::Text),
            Path::LeadCustom(key) => Fact::of(facts.lead?.get_custom(key)?),
            Path::Organization(segments) => walk(facts.organization?, segments),
            Path::Deal(segments) => walk(facts.deal?, segments),
        }
    }

    /// Since when the value of a lead's field is known; nothing when it is absent or not a lead's field.
    pub fn known_since(&self, lead: &Profile) -> Option<Timestamp> {
        match &self.0 {
            Path::Lead(field) => lead.known_since(*field),
            Path::LeadEmailDomain => lead.known_since(ProfileField::Email),
            Path::LeadCustom(key) => lead.custom_known_since(key),
            _ => None,
        }
    }

    /// Whether it reads the same value from both.
    pub fn reads_same(&self, a: &Facts<'_>, b: &Facts<'_>) -> bool {
        self.read(a) == self.read(b)
    }
}

impl CampaignPart {
    fn read(self, campaign: &Campaign) -> Option<&str> {
        match self {
            Self::Name => campaign.name.as_deref(),
            Self::Source => campaign.source.as_deref(),
            Self::Medium => campaign.medium.as_deref(),
            Self::Term => campaign.term.as_deref(),
            Self::Content => campaign.content.as_deref(),
            Self::Id => campaign.id.as_deref(),
        }
    }
}

fn campaign_part(part: &str) -> Result<CampaignPart, String> {
    Ok(match part.strip_prefix("utm_").unwrap_or(part) {
        "name" | "campaign" => CampaignPart::Name,
        "source" => CampaignPart::Source,
        "medium" => CampaignPart::Medium,
        "term" => CampaignPart::Term,
        "content" => CampaignPart::Content,
        "id" => CampaignPart::Id,
        _ => return Err("A campaign has name, source, medium, term, content and id.".to_owned()),
    })
}

fn lead_path(field: &str) -> Result<Path, String> {
    if field == "email_domain" {
        return Ok(Path::LeadEmailDomain);
    }
    if let Ok(field) = field.parse() {
        return Ok(Path::Lead(field));
    }
    let (key, explicit) = match field.strip_prefix("custom.") {
        Some(key) => (key, true),
        None => (field, false),
    };
    if !explicit && DERIVED_LEAD_FIELDS.contains(&key) {
        return Err(format!(
            "`lead.{key}` follows from rules, so a rule cannot read it. Read what it follows from; for a custom field of \
             that name write `lead.custom.{key}`."
        ));
    }
    if key.is_empty() || key.contains('.') {
        return Err(format!("Name one field of the lead; `lead.{field}` does not."));
    }
    Ok(Path::LeadCustom(key.to_owned()))
}

fn segments(name: &str, rest: &str) -> Result<Vec<String>, String> {
    let segments: Vec<_> = rest.split('.').map(str::to_owned).collect();
    if segments.iter().any(String::is_empty) || segments.len() > super::MAX_DEPTH {
        return Err(format!("Write 1 to {} names separated by single dots; `{name}` does not.", super::MAX_DEPTH));
    }
    Ok(segments)
}

fn walk<'a>(object: &'a Map<String, Value>, segments: &[String]) -> Option<Fact<'a>> {
    let (first, rest) = segments.split_first()?;
    let mut value = object.get(first)?;
    for segment in rest {
        value = value.as_object()?.get(segment)?;
    }
    Fact::of(value)
}
