//! What Lotse says in Slack: pure builders of whole messages, German or English.
//!
//! Everything a stranger can type (names, companies, titles) is escaped and cut to Slack's limits here; callers pass raw text.
//! Headings hold no such text, since they are not markup. Every message has a `text` beside its blocks: it is the notification
//! and what screen readers read.

mod text;

use jiff::Zoned;
use serde_json::{Value, json};

use super::{LEAD_ROUTING, TASKS};
use crate::domain::intent::Confidence;
use crate::domain::scoring::Tier;

pub use text::{is_member_id, safe};

/// What Slack takes in one section, in characters. Its other limits (10 fields of 2000, headings of 150) are far away.
const SECTION: usize = 3000;
/// What is shown of one name, company, title or label inside a longer text.
const NAME: usize = 200;

/// The language of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    German,
    English,
}

impl Language {
    /// From a tenant's language code; German when it is not English.
    pub fn of(code: &str) -> Self {
        if code == "en" { Self::English } else { Self::German }
    }

    /// The text in this language.
    const fn pick(self, german: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::German => german,
            Self::English => english,
        }
    }
}

/// A lead as messages show it. Raw text.
#[derive(Debug, Clone, Copy)]
pub struct LeadFacts<'a> {
    /// May be empty.
    pub name: &'a str,
    pub company: Option<&'a str>,
    pub score: i32,
    pub tier: Tier,
    /// The primary intent's slug.
    pub intent: Option<&'a str>,
    pub confidence: Option<Confidence>,
    /// Where the console shows the lead.
    pub url: Option<&'a str>,
}

/// A member of the team.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    pub name: &'a str,
    pub slack_id: Option<&'a str>,
}

/// A task as messages show it. Raw text.
#[derive(Debug, Clone, Copy)]
pub struct TaskFacts<'a> {
    pub title: &'a str,
    /// When it is due, as people read it: see [`due_text`].
    pub due: &'a str,
    pub owner: Option<Person<'a>>,
    /// The name of the lead it is about.
    pub lead: Option<&'a str>,
    /// Where the console shows it.
    pub url: Option<&'a str>,
}

/// A lead became hot or very hot.
pub fn hot_lead_alert(language: Language, lead: &LeadFacts<'_>, owner: Option<Person<'_>>) -> Value {
    let heading = match lead.tier {
        Tier::VeryHot => language.pick("Sehr heißer Lead", "Very hot lead"),
        _ => language.pick("Heißer Lead", "Hot lead"),
    };
    let mut fields = facts(language, lead);
    if let Some(owner) = owner {
        fields.push(field(language.pick("Verantwortlich", "Owner"), &mention(owner)));
    }
    let notification = format!("{heading}: {} ({})", title(language, lead), points(language, lead.score));
    message(
        LEAD_ROUTING,
        notification,
        vec![header(heading), section(&subject(language, lead)), json!({"type": "section", "fields": fields})],
    )
}

/// A lead was given a pipeline, a deal and an owner.
pub fn lead_routed(
    language: Language,
    lead: &LeadFacts<'_>,
    pipeline: &str,
    owner: Option<Person<'_>>,
    explanation: &str,
) -> Value {
    let heading = language.pick("Lead zugeordnet", "Lead routed");
    let nobody = language.pick("niemand", "nobody").to_owned();
    let mut fields = vec![
        field("Pipeline", &safe(pipeline, NAME)),
        field(language.pick("Verantwortlich", "Owner"), &owner.map_or(nobody, mention)),
    ];
    fields.extend(facts(language, lead));
    let notification = format!("{heading}: {} → {}", title(language, lead), safe(pipeline, NAME));
    message(LEAD_ROUTING, notification, blocks(heading, &subject(language, lead), fields, explanation))
}

/// Two intents of a lead are too close: a person must choose its pipeline.
pub fn routing_conflict(language: Language, lead: &LeadFacts<'_>, explanation: &str) -> Value {
    let heading = language.pick("Bitte Pipeline entscheiden", "Please decide the pipeline");
    let notification = format!("{heading}: {}", title(language, lead));
    message(LEAD_ROUTING, notification, blocks(heading, &subject(language, lead), facts(language, lead), explanation))
}

/// A deal was opened, but nobody who serves its pipeline is free.
pub fn no_owner(language: Language, lead: &LeadFacts<'_>, pipeline: &str, explanation: &str) -> Value {
    let heading = language.pick("Deal ohne Verantwortliche", "Deal without an owner");
    let mut fields = vec![field("Pipeline", &safe(pipeline, NAME))];
    fields.extend(facts(language, lead));
    let notification = format!("{heading}: {} → {}", title(language, lead), safe(pipeline, NAME));
    message(LEAD_ROUTING, notification, blocks(heading, &subject(language, lead), fields, explanation))
}

/// A task is due: to its owner, or to the channel for tasks when there is no owner Slack knows.
pub fn task_due(language: Language, task: &TaskFacts<'_>) -> Value {
    let heading = language.pick("Aufgabe fällig", "Task due");
    let channel = task.owner.and_then(|owner| owner.slack_id).filter(|id| text::is_member_id(id)).unwrap_or(TASKS);
    let mut fields = vec![field(language.pick("Fällig", "Due"), &safe(task.due, NAME))];
    if let Some(owner) = task.owner {
        fields.push(field(language.pick("Verantwortlich", "Owner"), &mention(owner)));
    }
    if let Some(lead) = task.lead {
        fields.push(field("Lead", &safe(lead, NAME)));
    }
    let title = Some(text::plain(task.title)).filter(|title| !title.is_empty()).unwrap_or_else(|| heading.to_owned());
    let about = format!("*{}*", text::link(task.url, &title, SECTION - 2));
    let notification = format!("{heading}: {}", safe(&title, NAME));
    message(channel, notification, vec![header(heading), section(&about), json!({"type": "section", "fields": fields})])
}

/// A moment as people read it, in its zone: `23.11.2026, 09:00 Uhr` or `23 Nov 2026, 09:00`.
pub fn due_text(language: Language, due: &Zoned) -> String {
    match language {
        Language::German => due.strftime("%d.%m.%Y, %H:%M Uhr").to_string(),
        Language::English => due.strftime("%-d %b %Y, %H:%M").to_string(),
    }
}

/// Where a message goes: the target of its effect.
pub fn target(payload: &Value) -> String {
    payload["channel"].as_str().unwrap_or(LEAD_ROUTING).to_owned()
}

fn message(channel: &str, notification: String, blocks: Vec<Value>) -> Value {
    json!({"channel": channel, "text": notification, "blocks": blocks})
}

fn blocks(heading: &str, about: &str, fields: Vec<Value>, explanation: &str) -> Vec<Value> {
    let mut blocks = vec![header(heading), section(about), json!({"type": "section", "fields": fields})];
    let explanation = safe(explanation, SECTION);
    if !explanation.is_empty() {
        blocks.push(section(&explanation));
    }
    blocks
}

fn header(heading: &str) -> Value {
    json!({"type": "header", "text": {"type": "plain_text", "text": heading}})
}

/// `text` is markup within Slack's limit.
fn section(text: &str) -> Value {
    json!({"type": "section", "text": markup(text)})
}

/// `value` is markup.
fn field(label: &str, value: &str) -> Value {
    markup(&format!("*{label}*\n{value}"))
}

/// Markup as it is written and nothing beside: an address, a channel or a name that a stranger typed makes no link and calls nobody.
fn markup(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// Score, tier and intent.
fn facts(language: Language, lead: &LeadFacts<'_>) -> Vec<Value> {
    let score = format!("{} · {}", points(language, lead.score), text::tier(lead.tier, language));
    let mut fields = vec![field(language.pick("Bewertung", "Score"), &score)];
    if let Some(intent) = lead.intent {
        let name = safe(&text::intent(intent, language), NAME);
        let sure = lead.confidence.map(|confidence| format!(" ({})", text::percent(confidence, language)));
        fields.push(field(language.pick("Interesse", "Intent"), &format!("{name}{}", sure.unwrap_or_default())));
    }
    fields
}

fn points(language: Language, score: i32) -> String {
    match (language, score) {
        (Language::German, 1) => "1 Punkt".to_owned(),
        (Language::German, score) => format!("{score} Punkte"),
        (Language::English, 1) => "1 point".to_owned(),
        (Language::English, score) => format!("{score} points"),
    }
}

/// The lead's name, as a link when there is one, and its company.
fn subject(language: Language, lead: &LeadFacts<'_>) -> String {
    let company = lead.company.map(|company| safe(company, NAME)).filter(|company| !company.is_empty());
    let room = SECTION - NAME - 8;
    let name = format!("*{}*", text::link(lead.url, &name(language, lead), room));
    company.map_or(name.clone(), |company| format!("{name} – {company}"))
}

/// The lead's name and company on one line, escaped.
fn title(language: Language, lead: &LeadFacts<'_>) -> String {
    let name = name(language, lead);
    match lead.company.map(text::plain).filter(|company| !company.is_empty()) {
        Some(company) => safe(&format!("{name} – {company}"), NAME),
        None => safe(&name, NAME),
    }
}

/// The lead's name, cut to the length of a name; raw.
fn name(language: Language, lead: &LeadFacts<'_>) -> String {
    let name: String = text::plain(lead.name).chars().take(NAME).collect();
    if name.is_empty() { language.pick("Unbekannt", "Unknown").to_owned() } else { name }
}

/// A person is called by the Slack id, so that the message reaches them.
fn mention(person: Person<'_>) -> String {
    match person.slack_id.filter(|id| text::is_member_id(id)) {
        Some(id) => format!("<@{id}>"),
        None => safe(person.name, NAME),
    }
}
