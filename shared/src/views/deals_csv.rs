//! The columns of a file of deals.

use super::csv::{Cell, Column, column};
use crate::store::deals::Deal;

const STATUS: [(&str, &str, &str); 3] =
    [("open", "Offen", "Open"), ("won", "Gewonnen", "Won"), ("lost", "Verloren", "Lost")];

/// ISO 4217: how many digits a currency has behind the point, where these are not two.
const PLACES: [(&str, usize); 24] = [
    ("BIF", 0),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("ISK", 0),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("PYG", 0),
    ("RWF", 0),
    ("UGX", 0),
    ("UYI", 0),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
    ("BHD", 3),
    ("IQD", 3),
    ("JOD", 3),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("TND", 3),
];

fn places(currency: &str) -> usize {
    PLACES.iter().find(|(code, _)| *code == currency).map_or(2, |(_, places)| *places)
}

/// What is known of a deal.
pub static COLUMNS: [Column<Deal>; 19] = [
    column("id", "Kennung", "Id", |deal, _| deal.id.to_string().into()),
    column("name", "Name", "Name", |deal, _| deal.name.as_str().into()),
    column("lead", "Lead", "Lead", |deal, _| (&deal.lead_name).into()),
    column("company", "Firma", "Company", |deal, _| (&deal.lead_company).into()),
    column("pipeline", "Pipeline", "Pipeline", |deal, shown| shown.name(Some(deal.pipeline.into()))),
    column("stage", "Phase", "Stage", |deal, shown| shown.name(Some(deal.stage.into()))),
    column("owner", "Zuständig", "Owner", |deal, _| (&deal.owner_name).into()),
    column("value", "Wert", "Value", |deal, shown| shown.decimal(deal.value_minor, places(&deal.currency))),
    column("currency", "Währung", "Currency", |deal, _| deal.currency.as_str().into()),
    column("probability", "Wahrscheinlichkeit in %", "Probability in %", |deal, _| deal.probability.into()),
    column("expected_close_on", "Erwarteter Abschluss", "Expected close", |deal, shown| {
        shown.date(deal.expected_close_on)
    }),
    column("status", "Status", "Status", |deal, shown| shown.word(&STATUS, &deal.status)),
    column("lost_reason", "Grund", "Reason", |deal, _| (&deal.lost_reason).into()),
    column("closed_at", "Geschlossen", "Closed", |deal, shown| shown.moment(deal.closed_at)),
    column("source", "Quelle", "Source", |deal, _| (&deal.source).into()),
    column("campaign", "Kampagne", "Campaign", |deal, _| (&deal.campaign).into()),
    column("routed", "Zugeordnet", "Routed", |deal, shown| match deal.routed {
        true => shown.said("ja", "yes").into(),
        false => Cell::Empty,
    }),
    column("created_at", "Angelegt", "Created", |deal, shown| shown.moment(Some(deal.created_at))),
    column("updated_at", "Geändert", "Updated", |deal, shown| shown.moment(Some(deal.updated_at))),
];
