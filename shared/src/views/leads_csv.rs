//! The columns of a file of leads.

use super::csv::{Cell, Column, Shown, column};
use super::decisions::ExplanationView;
use crate::domain::scoring::Tier;
use crate::store::leads::{Lead, LeadStatus};

/// A row: a lead, and in the pool what it lacks.
pub struct Row {
    pub lead: Lead,
    pub missing: Option<ExplanationView>,
}

const fn tier(tier: Tier) -> (&'static str, &'static str) {
    match tier {
        Tier::Cold => ("Kalt", "Cold"),
        Tier::Warm => ("Warm", "Warm"),
        Tier::Hot => ("Heiß", "Hot"),
        Tier::VeryHot => ("Sehr heiß", "Very hot"),
    }
}

const fn status(status: LeadStatus) -> (&'static str, &'static str) {
    match status {
        LeadStatus::New => ("Neu", "New"),
        LeadStatus::Engaged => ("Interessiert", "Engaged"),
        LeadStatus::Qualified => ("Qualifiziert", "Qualified"),
        LeadStatus::Routed => ("Zugeordnet", "Routed"),
        LeadStatus::Customer => ("Kunde", "Customer"),
        LeadStatus::Lost => ("Verloren", "Lost"),
        LeadStatus::Anonymized => ("Gelöscht", "Erased"),
    }
}

/// The intents every tenant begins with; others are called what the tenant calls them.
const INTENTS: [(&str, &str, &str); 3] =
    [("research", "Forschung", "Research"), ("b2b", "B2B", "B2B"), ("co_creation", "Co-Creation", "Co-creation")];

fn name(lead: &Lead) -> Cell<'_> {
    let parts: Vec<&str> = [&lead.first_name, &lead.last_name].into_iter().flatten().map(String::as_str).collect();
    if !parts.is_empty() {
        return parts.join(" ").into();
    }
    let known = [&lead.company, &lead.email, &lead.phone, &lead.linkedin_url];
    known.into_iter().flatten().next().map_or(Cell::Empty, |text| text.as_str().into())
}

fn said<'a>((de, en): (&'static str, &'static str), shown: &Shown) -> Cell<'a> {
    shown.said(de, en).into()
}

/// What is known of every lead.
pub static COLUMNS: [Column<Row>; 30] = [
    column("id", "Kennung", "Id", |row, _| row.lead.id.to_string().into()),
    column("name", "Name", "Name", |row, _| name(&row.lead)),
    column("first_name", "Vorname", "First name", |row, _| (&row.lead.first_name).into()),
    column("last_name", "Nachname", "Last name", |row, _| (&row.lead.last_name).into()),
    column("email", "E-Mail", "E-mail", |row, _| (&row.lead.email).into()),
    column("phone", "Telefon", "Phone", |row, _| (&row.lead.phone).into()),
    column("linkedin_url", "LinkedIn", "LinkedIn", |row, _| (&row.lead.linkedin_url).into()),
    column("company", "Firma", "Company", |row, _| (&row.lead.company).into()),
    column("job_title", "Position", "Position", |row, _| (&row.lead.job_title).into()),
    column("country", "Land", "Country", |row, _| (&row.lead.country).into()),
    column("language", "Sprache", "Language", |row, _| (&row.lead.language).into()),
    column("tags", "Schlagwörter", "Tags", |row, _| match row.lead.tags.is_empty() {
        true => Cell::Empty,
        false => row.lead.tags.join(", ").into(),
    }),
    column("status", "Status", "Status", |row, shown| said(status(row.lead.status), shown)),
    column("tier", "Temperatur", "Tier", |row, shown| said(tier(row.lead.tier), shown)),
    column("total_score", "Punkte", "Score", |row, _| row.lead.total_score.into()),
    column("demographic", "Punkte: Person", "Score: person", |row, _| row.lead.scores.demographic.into()),
    column("engagement", "Punkte: Aufmerksamkeit", "Score: engagement", |row, _| row.lead.scores.engagement.into()),
    column("behavior", "Punkte: Kaufinteresse", "Score: behaviour", |row, _| row.lead.scores.behavior.into()),
    column("primary_intent", "Absicht", "Intent", |row, shown| match &row.lead.primary_intent {
        Some(intent) => shown.word(&INTENTS, intent),
        None => Cell::Empty,
    }),
    column("intent_confidence", "Absicht in %", "Intent in %", |row, shown| match row.lead.primary_intent {
        Some(_) => shown.decimal(row.lead.intent_confidence.tenths().into(), 1),
        None => Cell::Empty,
    }),
    column("owner", "Zuständig", "Owner", |row, shown| shown.name(row.lead.owner.map(Into::into))),
    column("pipeline", "Pipeline", "Pipeline", |row, shown| shown.name(row.lead.pipeline.map(Into::into))),
    column("stage", "Phase", "Stage", |row, shown| shown.name(row.lead.stage.map(Into::into))),
    column("source", "Quelle", "Source", |row, _| (&row.lead.source).into()),
    column("campaign", "Kampagne", "Campaign", |row, _| (&row.lead.campaign).into()),
    column("first_seen_at", "Zuerst gesehen", "First seen", |row, shown| shown.moment(row.lead.first_seen_at)),
    column("last_activity_at", "Zuletzt aktiv", "Last active", |row, shown| shown.moment(row.lead.last_activity_at)),
    column("routed_at", "Zugeordnet am", "Routed at", |row, shown| shown.moment(row.lead.routed_at)),
    column("created_at", "Angelegt", "Created", |row, shown| shown.moment(Some(row.lead.created_at))),
    column("updated_at", "Geändert", "Updated", |row, shown| shown.moment(Some(row.lead.updated_at))),
];

/// What a lead of the pool lacks besides: it costs a look at everything that counts for the lead.
pub static MISSING: Column<Row> =
    column("missing", "Was noch fehlt", "Still missing", |row, shown| match &row.missing {
        Some(told) => shown.said(&told.de, &told.en).into(),
        None => Cell::Empty,
    });
