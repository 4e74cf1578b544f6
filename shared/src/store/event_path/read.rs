//! What the engine knows of leads, read in one to three statements whatever their number.

use std::collections::HashMap;
use std::fmt::Display;

use futures_util::future::{try_join, try_join4};
use jiff::Timestamp;
use postgres_types::{FromSql, Json};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio_postgres::Row;
use tokio_postgres::row::RowIndex;

use super::super::Tx;
use super::super::sql::{Moment, TransactionId, params, section, word};
use super::{LoadedLead, PROFILE_COLUMNS, SQL, Stamp, counted};
use crate::domain::engine::{LeadState, Standing};
use crate::domain::events::Event;
use crate::domain::ids::{LeadId, PipelineId};
use crate::domain::intent::{Confidence, IntentWeight, Signal};
use crate::domain::profile::{Profile, StoredProvenances};
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
    let standings: HashMap<LeadId, TransactionId> = standings.iter().map(|row| (row.get(0), row.get(1))).collect();
    let stamp = |row: &Row| {
        let id: LeadId = row.get(0);
        (id, Stamp { lead: row.get(1), standing: standings.get(&id).copied() })
    };
    Ok(locked.iter().map(stamp).collect())
}

/// Reads leads with the awards and signals that count, in the order of ids. The copies beside the standings are believed.
///
/// # Errors
/// When the database does not answer.
pub async fn load_leads(tx: &Tx, ids: &[LeadId]) -> Result<Vec<LoadedLead>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut uncounted = Vec::new();
    let take = |row: &Row| {
        let mut lead = lead(row)?;
        match row.get::<_, Option<&[u8]>>("counted").and_then(counted::decode) {
            Some(counts) => (lead.state.awards, lead.state.signals) = counts,
            None => uncounted.push(lead.id),
        }
        Ok(lead)
    };
    let mut leads = tx.query_map(const { section(SQL, "list_leads") }, params![ids], take).await?;
    if !uncounted.is_empty() {
        let (awards, signals) = try_join(list_awards(tx, &uncounted), list_signals(tx, &uncounted)).await?;
        count(&mut leads, awards, signals);
    }
    Ok(leads)
}

/// Locks leads until the end of this transaction and reads them as they are then, in one round trip. What counts is read from the
/// history itself.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_and_load(tx: &Tx, ids: &[LeadId]) -> Result<Vec<LoadedLead>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Sent together and run one after the other: what is read was there after the wait.
    let locked = async { Ok(tx.execute(const { section(SQL, "lock_leads") }, params![ids]).await?) };
    let leads = async { tx.query_map(const { section(SQL, "list_leads") }, params![ids], lead).await };
    let read = try_join4(locked, leads, list_awards(tx, ids), list_signals(tx, ids));
    let (_, mut leads, awards, signals) = read.await?;
    count(&mut leads, awards, signals);
    Ok(leads)
}

fn count(leads: &mut [LoadedLead], mut awards: HashMap<LeadId, Vec<Award>>, mut signals: HashMap<LeadId, Vec<Signal>>) {
    for lead in leads {
        lead.state.awards.extend(awards.remove(&lead.id).unwrap_or_default());
        lead.state.signals.extend(signals.remove(&lead.id).unwrap_or_default());
    }
}

/// The columns of a row in the order of its statement. By position: looking names up among forty is felt where there are
/// hundreds of rows in a batch.
struct Columns<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Columns<'a> {
    fn next<T: FromSql<'a>>(&mut self) -> T {
        self.next += 1;
        self.row.get(self.next - 1)
    }

    fn moment(&mut self) -> Option<Timestamp> {
        self.next::<Option<Moment>>().map(|Moment(at)| at)
    }

    fn json<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        self.next += 1;
        json(self.row, self.next - 1)
    }
}

/// The columns of `list_leads`.
fn lead(row: &Row) -> Result<LoadedLead, Failure> {
    let mut columns = Columns { row, next: 0 };
    let id = columns.next();
    let profile = profile(&mut columns)?;
    let lifecycle: Option<&str> = columns.next();
    let suppressed = columns.next();
    let pipeline: Option<PipelineId> = columns.next();
    let (stage, deal, owner) = (columns.next(), columns.next(), columns.next());
    let was_routed = columns.moment().is_some();
    let question = columns.json()?;
    let stamp = Stamp { lead: columns.next(), standing: columns.next() };
    let organization = columns.json::<Option<Map<String, Value>>>()?.unwrap_or_default();
    let rule_set_version: Option<i32> = columns.next();
    Ok(LoadedLead {
        id,
        stamp,
        state: LeadState {
            rule_set_version: rule_set_version.filter(|version| *version > 0),
            profile,
            organization,
            awards: Vec::new(),
            signals: Vec::new(),
            standing: standing(&mut columns)?,
        },
        flags: LeadFlags::of(pipeline.is_some(), was_routed, lifecycle, suppressed),
        pipeline,
        stage,
        deal,
        owner,
        question,
    })
}

fn profile(columns: &mut Columns<'_>) -> Result<Profile, Failure> {
    let fields = PROFILE_COLUMNS.map(|field| (field, columns.next::<Option<String>>()));
    let fields = fields.into_iter().filter_map(|(field, value)| Some((field, value?)));
    let custom: Map<String, Value> = columns.json()?;
    let provenance: StoredProvenances = columns.json()?;
    Ok(Profile::assemble(fields, custom, provenance))
}

fn standing(columns: &mut Columns<'_>) -> Result<Standing, Failure> {
    let Some(demographic) = columns.next() else { return Ok(Standing::default()) };
    let sums = ScoreSums { demographic, engagement: columns.next(), behavior: columns.next() };
    Ok(Standing {
        sums,
        total: columns.next(),
        tier: word(columns.next())?,
        intents: columns.json::<Vec<IntentWeight>>()?,
        primary_intent: columns.next(),
        intent_confidence: Confidence::from_tenths(u16::try_from(columns.next::<i32>()).unwrap_or(0)),
        conflict: columns.next(),
        next_expiry: columns.moment(),
        first_seen_at: columns.moment(),
        last_activity_at: columns.moment(),
    })
}

fn json<T: DeserializeOwned>(row: &Row, column: impl RowIndex + Display) -> Result<T, Failure>
where
    Json<T>: for<'a> postgres_types::FromSql<'a>,
    Option<Json<T>>: for<'a> postgres_types::FromSql<'a>,
{
    match row.try_get::<_, Option<Json<T>>>(column).map_err(Failure::internal)? {
        Some(Json(value)) => Ok(value),
        None => serde_json::from_value(Value::Null).map_err(Failure::internal),
    }
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
            awarded_at: row.get::<_, Moment>(6).0,
            expires_at: row.get::<_, Option<Moment>>(7).map(|Moment(at)| at),
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
            detected_at: row.get::<_, Moment>(6).0,
            expires_at: row.get::<_, Option<Moment>>(7).map(|Moment(at)| at),
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
