//! What the engine knows of leads, read in three statements and one round trip whatever their number.

use std::collections::HashMap;

use futures_util::future::{try_join, try_join3};
use jiff::Timestamp;
use postgres_types::Json;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio_postgres::Row;

use super::super::Tx;
use super::super::sql::{params, section};
use super::{LoadedLead, SQL, Stamp};
use crate::domain::engine::{LeadState, Standing};
use crate::domain::events::Event;
use crate::domain::ids::LeadId;
use crate::domain::intent::{Confidence, IntentWeight, Signal};
use crate::domain::profile::{Profile, ProfileField, StoredProvenances};
use crate::domain::routing::LeadFlags;
use crate::domain::scoring::{Award, ScoreSums};
use crate::failure::Failure;

/// Locks leads until the end of this transaction, and tells who wrote them as they are. Of deleted leads there is nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_leads(tx: &Tx, ids: &[LeadId]) -> Result<HashMap<LeadId, Stamp>, Failure> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    // Sent together and run one after the other: the second sees what was committed while the first waited.
    let (locked, standings) = try_join(
        tx.query(const { section(SQL, "lock_leads") }, params![ids]),
        tx.query(const { section(SQL, "list_standing_writers") }, params![ids]),
    )
    .await?;
    let standings: HashMap<LeadId, i64> = standings.iter().map(|row| (row.get(0), row.get(1))).collect();
    let stamp = |row: &Row| {
        let id: LeadId = row.get(0);
        (id, Stamp { lead: row.get(1), standing: standings.get(&id).copied() })
    };
    Ok(locked.iter().map(stamp).collect())
}

/// Reads leads with the awards and signals that count, in the order of ids.
///
/// # Errors
/// When the database does not answer.
pub async fn load_leads(tx: &Tx, ids: &[LeadId]) -> Result<Vec<LoadedLead>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let leads = async { tx.query_map(const { section(SQL, "list_leads") }, params![ids], lead).await };
    let (mut leads, mut awards, mut signals) = try_join3(leads, list_awards(tx, ids), list_signals(tx, ids)).await?;
    for lead in &mut leads {
        lead.state.awards = awards.remove(&lead.id).unwrap_or_default();
        lead.state.signals = signals.remove(&lead.id).unwrap_or_default();
    }
    Ok(leads)
}

/// Locks leads until the end of this transaction and reads them as they are then, in one round trip.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_and_load(tx: &Tx, ids: &[LeadId]) -> Result<Vec<LoadedLead>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let locked = async { Ok(tx.execute(const { section(SQL, "lock_leads") }, params![ids]).await?) };
    Ok(try_join(locked, load_leads(tx, ids)).await?.1)
}

fn lead(row: &Row) -> Result<LoadedLead, Failure> {
    let lifecycle: Option<&str> = row.get("lifecycle");
    Ok(LoadedLead {
        id: row.get("id"),
        stamp: Stamp { lead: row.get("written_by"), standing: row.get("standing_written_by") },
        state: LeadState {
            rule_set_version: row.get::<_, Option<i32>>("rule_set_version").filter(|version| *version > 0),
            profile: profile(row)?,
            organization: json::<Option<Map<String, Value>>>(row, "organization")?.unwrap_or_default(),
            awards: Vec::new(),
            signals: Vec::new(),
            standing: standing(row)?,
        },
        flags: LeadFlags {
            // Once is for ever: a lead that a person put back to the pool is not the machine's any more.
            routed: row.get::<_, Option<Timestamp>>("routed_at").is_some()
                || matches!(lifecycle, Some("customer" | "lost")),
            suppressed: row.get("suppressed"),
            anonymized: lifecycle == Some("anonymized"),
        },
        pipeline: row.get("pipeline_id"),
        stage: row.get("stage_id"),
        deal: row.get("deal_id"),
        owner: row.get("owner_id"),
        conflict_task: row.get("conflict_task_id"),
    })
}

/// The profile of a row with all its columns.
pub fn profile(row: &Row) -> Result<Profile, Failure> {
    let fields =
        ProfileField::ALL.into_iter().filter_map(|field| Some((field, row.get::<_, Option<String>>(field.as_str())?)));
    let custom: Map<String, Value> = json(row, "custom")?;
    let provenance: StoredProvenances = json(row, "provenance")?;
    Ok(Profile::assemble(fields, custom, provenance))
}

fn standing(row: &Row) -> Result<Standing, Failure> {
    let Some(total) = row.get::<_, Option<i32>>("total_score") else { return Ok(Standing::default()) };
    Ok(Standing {
        sums: ScoreSums {
            demographic: row.get("demographic"),
            engagement: row.get("engagement"),
            behavior: row.get("behavior"),
        },
        total,
        tier: word(row.get("tier"))?,
        intents: json::<Vec<IntentWeight>>(row, "intents")?,
        primary_intent: row.get("primary_intent"),
        intent_confidence: Confidence::from_tenths(u16::try_from(row.get::<_, i32>("intent_confidence")).unwrap_or(0)),
        conflict: row.get("conflict"),
        next_expiry: row.get("next_expiry_at"),
        first_seen_at: row.get("first_seen_at"),
        last_activity_at: row.get("last_activity_at"),
    })
}

fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, Failure>
where
    Json<T>: for<'a> postgres_types::FromSql<'a>,
    Option<Json<T>>: for<'a> postgres_types::FromSql<'a>,
{
    match row.try_get::<_, Option<Json<T>>>(column).map_err(Failure::internal)? {
        Some(Json(value)) => Ok(value),
        None => serde_json::from_value(Value::Null).map_err(Failure::internal),
    }
}

/// A unit variant by its name in the database.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text)).map_err(Failure::internal)
}

/// The awards that count (or counted until they expired), per lead.
///
/// # Errors
/// When the database does not answer.
pub async fn list_awards(tx: &Tx, leads: &[LeadId]) -> Result<HashMap<LeadId, Vec<Award>>, Failure> {
    let mut awards: HashMap<LeadId, Vec<Award>> = HashMap::with_capacity(leads.len());
    // By position: there are thousands of rows in a batch.
    let award = |row: &Row| {
        awards.entry(row.get(0)).or_default().push(Award {
            rule: row.get(1),
            rule_version: row.get(2),
            event: row.get(3),
            category: word(row.get(4))?,
            points: row.get(5),
            awarded_at: row.get(6),
            expires_at: row.get(7),
        });
        Ok(())
    };
    tx.query_map(const { section(SQL, "list_awards") }, params![leads], award).await?;
    Ok(awards)
}

/// The signals that count (or counted until they expired), per lead.
///
/// # Errors
/// When the database does not answer.
pub async fn list_signals(tx: &Tx, leads: &[LeadId]) -> Result<HashMap<LeadId, Vec<Signal>>, Failure> {
    let mut signals: HashMap<LeadId, Vec<Signal>> = HashMap::with_capacity(leads.len());
    let signal = |row: &Row| {
        signals.entry(row.get(0)).or_default().push(Signal {
            rule: row.get(1),
            rule_version: row.get(2),
            event: row.get(3),
            intent: row.get(4),
            weight: u32::try_from(row.get::<_, i32>(5)).unwrap_or(0),
            detected_at: row.get(6),
            expires_at: row.get(7),
        });
        Ok(())
    };
    tx.query_map(const { section(SQL, "list_signals") }, params![leads], signal).await?;
    Ok(signals)
}

/// The whole event log of leads, for rules that look at old events with today's profile.
///
/// # Errors
/// When the database does not answer.
pub async fn list_events(tx: &Tx, leads: &[LeadId]) -> Result<HashMap<LeadId, Vec<Event>>, Failure> {
    let mut logs: HashMap<LeadId, Vec<Event>> = HashMap::with_capacity(leads.len());
    for row in tx.query(const { section(SQL, "list_events") }, params![leads]).await? {
        logs.entry(row.get("lead_id")).or_default().push(event(&row)?);
    }
    Ok(logs)
}

/// An event of a row with all its columns.
pub fn event(row: &Row) -> Result<Event, Failure> {
    Ok(Event {
        id: row.get("id"),
        event_type: row.get("event_type"),
        source: row.get("source"),
        occurred_at: row.get::<_, Timestamp>("occurred_at"),
        received_at: row.get("received_at"),
        external_id: row.get("external_id"),
        identifiers: json(row, "identifiers")?,
        profile: json::<Option<_>>(row, "profile")?.unwrap_or_default(),
        campaign: json(row, "campaign")?,
        metadata: json::<Option<_>>(row, "metadata")?.unwrap_or_default(),
    })
}
