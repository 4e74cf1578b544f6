//! What happened to a lead and what it counted for: events, scores, signals, decisions.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use postgres_types::{FromSql, Json};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_postgres::Row;

use super::super::routing::Decision;
use super::super::sql::{params, section, word};
use super::super::window::Window;
use super::super::{Tx, event_path};
use super::SQL;
use crate::domain::engine::LeadState;
use crate::domain::ids::{EventId, LeadId, RuleId};
use crate::domain::scoring::Category;
use crate::failure::Failure;

/// An event with what it counted for.
#[derive(Debug, Clone)]
pub struct CountedEvent {
    pub id: EventId,
    pub event_type: String,
    pub source: String,
    pub occurred_at: Timestamp,
    pub received_at: Timestamp,
    pub external_id: String,
    pub campaign: Option<Value>,
    /// As it stands in the database.
    pub metadata: Option<Box<RawValue>>,
    pub awards: Vec<EventAward>,
    pub signals: Vec<EventSignal>,
}

/// Points an event gave. The name is none when the rule is gone.
#[derive(Debug, Clone, Deserialize)]
pub struct EventAward {
    pub rule_id: RuleId,
    pub name: Option<String>,
    pub points: i32,
}

/// What an event said about the intent. The name is none when the rule is gone.
#[derive(Debug, Clone, Deserialize)]
pub struct EventSignal {
    pub rule_id: RuleId,
    pub name: Option<String>,
    pub intent: String,
    pub weight: i32,
}

fn optional<T>(row: &Row, column: &str) -> Result<Option<T>, Failure>
where
    Json<T>: for<'a> FromSql<'a>,
{
    let value: Option<Json<T>> = row.try_get(column).map_err(Failure::internal)?;
    Ok(value.map(|Json(value)| value))
}

/// Which events of a lead.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventFilter<'a> {
    pub event_type: Option<&'a str>,
    pub source: Option<&'a str>,
}

/// The statement behind [`list_events`].
pub const LIST_EVENTS: &str = const { section(SQL, "list_events") };

/// Events of a lead, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list_events(
    tx: &Tx,
    lead: LeadId,
    filter: EventFilter<'_>,
    window: Window,
) -> Result<Vec<CountedEvent>, Failure> {
    let (at, id) = window.after.unzip();
    let rows = tx
        .query(LIST_EVENTS, params![lead, filter.event_type, filter.source, at, id, window.limit, window.offset])
        .await?;
    let read = |row: &Row| {
        Ok(CountedEvent {
            id: row.get("id"),
            event_type: row.get("event_type"),
            source: row.get("source"),
            occurred_at: row.get("occurred_at"),
            received_at: row.get("received_at"),
            external_id: row.get("external_id"),
            campaign: row.get("campaign"),
            metadata: optional(row, "metadata")?,
            awards: optional(row, "awards")?.unwrap_or_default(),
            signals: optional(row, "signals")?.unwrap_or_default(),
        })
    };
    rows.iter().map(read).collect()
}

/// How many events of a lead pass the filter.
///
/// # Errors
/// When the database does not answer.
pub async fn count_events(tx: &Tx, lead: LeadId, filter: EventFilter<'_>) -> Result<i64, Failure> {
    let row = tx.find(const { section(SQL, "count_events") }, params![lead, filter.event_type, filter.source]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// What a row of a history has in common: the rule, the event, and how long it counts.
#[derive(Debug, Clone)]
pub struct Counted {
    pub rule: RuleId,
    /// None when the rule is gone.
    pub rule_slug: Option<String>,
    pub rule_version: i32,
    /// None for a profile rule.
    pub event: Option<EventId>,
    pub since: Timestamp,
    /// None: never.
    pub expires_at: Option<Timestamp>,
    pub withdrawn_at: Option<Timestamp>,
    pub withdrawn_reason: Option<String>,
}

fn counted(row: &Row, since: &str) -> Counted {
    Counted {
        rule: row.get("rule_id"),
        rule_slug: row.get("slug"),
        rule_version: row.get("rule_version"),
        event: row.get("event_id"),
        since: row.get(since),
        expires_at: row.get("expires_at"),
        withdrawn_at: row.get("withdrawn_at"),
        withdrawn_reason: row.get("withdrawn_reason"),
    }
}

/// One row of the score history.
#[derive(Debug, Clone)]
pub struct Score {
    pub counted: Counted,
    pub rule_name: Option<String>,
    pub category: Category,
    pub points: i32,
}

/// The statement behind [`list_scores`].
pub const LIST_SCORES: &str = const { section(SQL, "list_scores") };

/// The score history of a lead, newest first, with what was withdrawn.
///
/// # Errors
/// When the database does not answer.
pub async fn list_scores(tx: &Tx, lead: LeadId, window: Window) -> Result<Vec<Score>, Failure> {
    let rows = tx.query(LIST_SCORES, params![lead, window.limit, window.offset]).await?;
    let read = |row: &Row| {
        Ok(Score {
            counted: counted(row, "awarded_at"),
            rule_name: row.get("name"),
            category: word(row.get("category"))?,
            points: row.get("points"),
        })
    };
    rows.iter().map(read).collect()
}

/// How many rows the score history of a lead has.
///
/// # Errors
/// When the database does not answer.
pub async fn count_scores(tx: &Tx, lead: LeadId) -> Result<i64, Failure> {
    let row = tx.find(const { section(SQL, "count_scores") }, params![lead]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// One intent signal.
#[derive(Debug, Clone)]
pub struct IntentSignal {
    pub counted: Counted,
    pub intent: String,
    pub weight: i32,
}

/// The statement behind [`list_intents`].
pub const LIST_INTENTS: &str = const { section(SQL, "list_intents") };

/// The intent signals of a lead, newest first, with what was withdrawn.
///
/// # Errors
/// When the database does not answer.
pub async fn list_intents(tx: &Tx, lead: LeadId, window: Window) -> Result<Vec<IntentSignal>, Failure> {
    let rows = tx.query(LIST_INTENTS, params![lead, window.limit, window.offset]).await?;
    let read = |row: &Row| IntentSignal {
        counted: counted(row, "signalled_at"),
        intent: row.get("intent"),
        weight: row.get("weight"),
    };
    Ok(rows.iter().map(read).collect())
}

/// How many signals a lead has.
///
/// # Errors
/// When the database does not answer.
pub async fn count_intents(tx: &Tx, lead: LeadId) -> Result<i64, Failure> {
    let row = tx.find(const { section(SQL, "count_intents") }, params![lead]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// The statement behind [`list_decisions`].
pub const LIST_DECISIONS: &str = const { section(SQL, "list_decisions") };

/// The decisions about a lead, newest first. "Not routed yet" is none of them: it follows from the present.
///
/// # Errors
/// When the database does not answer.
pub async fn list_decisions(tx: &Tx, lead: LeadId, window: Window) -> Result<Vec<Decision>, Failure> {
    let rows = tx.query(LIST_DECISIONS, params![lead, window.limit, window.offset]).await?;
    let read = |row: &Row| {
        let Json(record) = row.try_get("record").map_err(Failure::internal)?;
        Ok(Decision { id: row.get("id"), lead, deal: row.get("deal_id"), record: Arc::new(record) })
    };
    rows.iter().map(read).collect()
}

/// How many decisions there are about a lead.
///
/// # Errors
/// When the database does not answer.
pub async fn count_decisions(tx: &Tx, lead: LeadId) -> Result<i64, Failure> {
    let row = tx.find(const { section(SQL, "count_decisions") }, params![lead]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// What counts for each of these leads: enough of the engine's state to decide about routing, read without locks.
///
/// # Errors
/// When the database does not answer.
pub async fn list_states(tx: &Tx, leads: &[LeadId]) -> Result<HashMap<LeadId, LeadState>, Failure> {
    if leads.is_empty() {
        return Ok(HashMap::new());
    }
    let mut awards = event_path::list_awards(tx, leads).await?;
    let mut signals = event_path::list_signals(tx, leads).await?;
    let mut state = |lead: &LeadId| LeadState {
        awards: awards.remove(lead).unwrap_or_default(),
        signals: signals.remove(lead).unwrap_or_default(),
        ..LeadState::default()
    };
    Ok(leads.iter().map(|lead| (*lead, state(lead))).collect())
}
