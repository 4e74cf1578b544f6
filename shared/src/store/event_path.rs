//! The event path: whole batches in, whole batches out, a constant number of statements each.

mod counted;
mod read;
mod write;

use std::collections::HashSet;

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Tx;
use super::sql::{TransactionId, params, section};
use crate::domain::engine::LeadState;
use crate::domain::events::{Event, dedupe_key};
use crate::domain::identity::{Identifier, IdentifierKind, KnownIdentities, NewIdentifier, Suspicion};
use crate::domain::ids::{DealId, EventId, LeadId, MemberId, PipelineId, StageId};
use crate::domain::profile::ProfileField;
use crate::domain::routing::{LeadFlags, Question};
use crate::domain::scoring::Tier;
use crate::failure::Failure;

pub use counted::{decode as decode_counted, encode as encode_counted};
pub use read::{list_awards, list_events, list_signals, load_leads, lock_and_load, lock_leads};
pub use write::{
    SavedStanding, insert_awards, insert_events, insert_leads, insert_signals, save_standings, take_back_events,
    take_back_worth, update_profiles, withdraw_awards, withdraw_signals,
};

pub(in crate::store) const SQL: &str = include_str!("event_path.sql");

/// The order of the profile's columns in the statements.
pub(in crate::store) const PROFILE_COLUMNS: [ProfileField; 11] = [
    ProfileField::Email,
    ProfileField::Phone,
    ProfileField::LinkedinUrl,
    ProfileField::FirstName,
    ProfileField::LastName,
    ProfileField::Company,
    ProfileField::JobTitle,
    ProfileField::Country,
    ProfileField::Language,
    ProfileField::Source,
    ProfileField::Campaign,
];

/// What wrote a lead and its standing as they were read: the same now means that nobody has touched the lead since. Whoever adds
/// events, awards or signals writes the standing too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    pub lead: TransactionId,
    /// None for a lead without a standing.
    pub standing: Option<TransactionId>,
}

/// A lead as the engine and the router need it.
#[derive(Debug, Clone)]
pub struct LoadedLead {
    pub id: LeadId,
    pub stamp: Stamp,
    pub state: LeadState,
    pub flags: LeadFlags,
    pub pipeline: Option<PipelineId>,
    pub stage: Option<StageId>,
    pub deal: Option<DealId>,
    pub owner: Option<MemberId>,
    /// What a person was asked about it.
    pub question: Option<Question>,
}

/// Claims events by their keys and answers with the ids of those that are new.
///
/// # Errors
/// When the database does not answer.
pub async fn claim_events(tx: &Tx, events: &[&Event]) -> Result<Vec<EventId>, Failure> {
    let keys = keys(tx, events);
    let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
    let rows = tx.query(const { section(SQL, "claim_events") }, params![tx.tenant(), keys, ids]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn keys(tx: &Tx, events: &[&Event]) -> Vec<Uuid> {
    events.iter().map(|event| dedupe_key(tx.tenant(), &event.source, &event.external_id)).collect()
}

/// Gives claims back: these events are put aside and may come again.
///
/// # Errors
/// When the database does not answer.
pub async fn release_events(tx: &Tx, events: &[&Event]) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "release_events") }, params![keys(tx, events)]).await?;
    Ok(())
}

/// Whose the identifiers of these events are.
///
/// # Errors
/// When the database does not answer.
pub async fn find_identities(tx: &Tx, events: &[&Event]) -> Result<KnownIdentities, Failure> {
    let mut leads: Vec<Uuid> = Vec::new();
    let mut wanted: Vec<(IdentifierKind, &str)> = Vec::new();
    for identifier in events.iter().flat_map(|event| &event.identifiers) {
        match identifier.kind {
            IdentifierKind::LeadId => leads.extend(Uuid::try_parse(&identifier.value)),
            kind => wanted.push((kind, identifier.value.as_str())),
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    let values: Vec<&str> = wanted.iter().map(|(_, value)| *value).collect();
    // Where each kind's values begin and end, counted from one and both inclusive, as Postgres does.
    let (mut kinds, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
    let mut first = 1;
    for part in wanted.chunk_by(|one, other| one.0 == other.0) {
        let last = first + i32::try_from(part.len()).map_err(Failure::internal)? - 1;
        kinds.push(part[0].0.as_str());
        firsts.push(first);
        lasts.push(last);
        first = last + 1;
    }
    let rows = tx
        .query(const { section(SQL, "find_identities") }, params![tx.tenant(), kinds, firsts, lasts, values, leads])
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let kind: IdentifierKind = row.get::<_, &str>("kind").parse().map_err(Failure::internal)?;
        found.push((Identifier { kind, value: row.get("value") }, row.get::<_, LeadId>("lead_id")));
    }
    let mut named: HashSet<LeadId> =
        found.iter().filter(|(identifier, _)| identifier.kind.is_strong()).map(|(_, lead)| *lead).collect();
    // Of the others only a cookie was seen here; that alone does not tell whether they have a name.
    let unsure: HashSet<LeadId> = found.iter().map(|(_, lead)| *lead).filter(|lead| !named.contains(lead)).collect();
    named.extend(list_named(tx, unsure).await?);
    let mut known = KnownIdentities::default();
    for (identifier, lead) in found {
        known.insert(identifier, lead, named.contains(&lead));
    }
    Ok(known)
}

async fn list_named(tx: &Tx, leads: HashSet<LeadId>) -> Result<Vec<LeadId>, Failure> {
    if leads.is_empty() {
        return Ok(Vec::new());
    }
    let leads: Vec<LeadId> = leads.into_iter().collect();
    let rows = tx.query(const { section(SQL, "list_named") }, params![leads]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What these leads are known by, cookies left out.
///
/// # Errors
/// When the database does not answer.
pub async fn list_strong_identifiers(tx: &Tx, leads: &[LeadId]) -> Result<Vec<Identifier>, Failure> {
    let rows = tx.query(const { section(SQL, "list_strong_identifiers") }, params![leads]).await?;
    let identifier = |row: &Row| {
        let kind = row.get::<_, &str>("kind").parse().map_err(Failure::internal)?;
        Ok(Identifier { kind, value: row.get("value") })
    };
    rows.iter().map(identifier).collect()
}

/// Attaches identifiers and answers with the leads that could not get all of theirs, because another processor was faster.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_identifiers(tx: &Tx, new: &[NewIdentifier]) -> Result<HashSet<LeadId>, Failure> {
    if new.is_empty() {
        return Ok(HashSet::new());
    }
    let kinds: Vec<&str> = new.iter().map(|row| row.identifier.kind.as_str()).collect();
    let values: Vec<&str> = new.iter().map(|row| row.identifier.value.as_str()).collect();
    let leads: Vec<LeadId> = new.iter().map(|row| row.lead).collect();
    let rows =
        tx.query(const { section(SQL, "insert_identifiers") }, params![tx.tenant(), kinds, values, leads]).await?;
    if rows.len() == new.len() {
        return Ok(HashSet::new());
    }
    let attached: HashSet<(&str, &str)> = rows.iter().map(|row| (row.get("kind"), row.get("value"))).collect();
    let lost =
        |row: &&NewIdentifier| !attached.contains(&(row.identifier.kind.as_str(), row.identifier.value.as_str()));
    Ok(new.iter().filter(lost).map(|row| row.lead).collect())
}

/// Gives back the identifiers of leads that will not be made.
///
/// # Errors
/// When the database does not answer.
pub async fn delete_identifiers(tx: &Tx, leads: &[LeadId]) -> Result<(), Failure> {
    if !leads.is_empty() {
        tx.execute(const { section(SQL, "delete_identifiers") }, params![leads]).await?;
    }
    Ok(())
}

/// Notes pairs that may be the same person, each once.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_suspicions(tx: &Tx, suspicions: &[Suspicion], now: Timestamp) -> Result<(), Failure> {
    if suspicions.is_empty() {
        return Ok(());
    }
    let leads: Vec<LeadId> = suspicions.iter().map(|suspicion| suspicion.lead).collect();
    let others: Vec<LeadId> = suspicions.iter().map(|suspicion| suspicion.other).collect();
    let events: Vec<EventId> = suspicions.iter().map(|suspicion| suspicion.event).collect();
    let values = params![tx.tenant(), leads, others, events, now];
    match tx.execute(const { section(SQL, "insert_suspicions") }, values).await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_db_error().and_then(|db| db.constraint()) {
            // Only the lead whose event it is was locked.
            Some("duplicate_suspicions_lead_fkey" | "duplicate_suspicions_other_fkey") => {
                Err(Failure::unavailable("a lead that was to be suspected was deleted meanwhile; once more"))
            }
            _ => Err(error.into()),
        },
    }
}

/// Claims alerts for leads that crossed upward, and answers with those that may be sent.
///
/// # Errors
/// When the database does not answer.
pub async fn claim_alerts(tx: &Tx, crossed: &[(LeadId, Tier)], now: Timestamp) -> Result<Vec<LeadId>, Failure> {
    if crossed.is_empty() {
        return Ok(Vec::new());
    }
    let leads: Vec<LeadId> = crossed.iter().map(|(lead, _)| *lead).collect();
    let tiers: Vec<&str> = crossed.iter().map(|(_, tier)| tier.as_str()).collect();
    let rows = tx.query(const { section(SQL, "claim_alerts") }, params![tx.tenant(), leads, tiers, now]).await?;
    Ok(rows.iter().map(|row| row.get("lead_id")).collect())
}

/// Leads of this tenant whose awards or signals expired before a moment, the longest overdue first.
///
/// # Errors
/// When the database does not answer.
pub async fn list_expiring(tx: &Tx, before: Timestamp, limit: i64) -> Result<Vec<LeadId>, Failure> {
    let rows = tx.query(const { section(SQL, "list_expiring") }, params![before, limit]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The version of the rules in force. Until this transaction ends, [`await_holders_of_rules`] waits.
///
/// # Errors
/// When the database does not answer.
pub async fn hold_rules(tx: &Tx) -> Result<i32, Failure> {
    let row = tx.find(const { section(SQL, "hold_rules") }, params![tx.tenant()]).await?;
    row.map(|row| row.get(0)).ok_or_else(|| Failure::internal("a transaction in a tenant that does not exist"))
}

/// Waits for every transaction that holds the tenant's rules, so that the next statement sees what they wrote; those who come now wait
/// for this transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn await_holders_of_rules(tx: &Tx) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "await_holders_of_rules") }, params![tx.tenant()]).await?;
    Ok(())
}

/// Some leads that were evaluated last with rules older than this version.
///
/// # Errors
/// When the database does not answer.
pub async fn list_leads_behind(tx: &Tx, version: i32, limit: i64) -> Result<Vec<LeadId>, Failure> {
    let rows = tx.query(const { section(SQL, "list_leads_behind") }, params![version, limit]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The next leads in the order of ids.
///
/// # Errors
/// When the database does not answer.
pub async fn list_leads_after(tx: &Tx, after: LeadId, limit: i64) -> Result<Vec<LeadId>, Failure> {
    let rows = tx.query(const { section(SQL, "list_leads_after") }, params![after, limit]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
