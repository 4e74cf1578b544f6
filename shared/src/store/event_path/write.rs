//! What the engine decided, written in one statement per table whatever the number of leads.

use jiff::Timestamp;
use serde_json::Value;

use super::super::Tx;
use super::super::sql::{Moment, Param, Written, params, section};
use super::SQL;
use crate::domain::engine::Standing;
use crate::domain::events::{Campaign, Event};
use crate::domain::identity::Identifier;
use crate::domain::ids::{EventId, LeadId, RuleId};
use crate::domain::intent::{IntentWeight, Signal};
use crate::domain::profile::{CarriedProfile, Profile, ProfileField, Provenances};
use crate::domain::scoring::{Award, Category};
use crate::failure::Failure;

/// The columns of profiles, one array each.
struct Columns<'a> {
    ids: Vec<LeadId>,
    fields: Vec<Vec<Option<&'a str>>>,
    custom: Vec<Value>,
    provenance: Vec<Written<Provenances<'a>>>,
}

/// The order of the profile's columns in the statements.
const ORDER: [ProfileField; 11] = [
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

impl<'a> Columns<'a> {
    fn of(profiles: &[(LeadId, &'a Profile)]) -> Self {
        Self {
            ids: profiles.iter().map(|(id, _)| *id).collect(),
            fields: ORDER
                .into_iter()
                .map(|field| profiles.iter().map(|(_, profile)| profile.get(field)).collect())
                .collect(),
            custom: profiles.iter().map(|(_, profile)| Value::Object(profile.custom())).collect(),
            provenance: profiles.iter().map(|(_, profile)| Written(profile.provenances())).collect(),
        }
    }

    fn params(&self) -> Vec<Param<'_>> {
        let mut list: Vec<Param<'_>> = params![self.ids].to_vec();
        for column in &self.fields {
            list.extend_from_slice(params![*column]);
        }
        list.extend_from_slice(params![self.custom, self.provenance]);
        list
    }
}

/// Makes leads with their first profile.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_leads(tx: &Tx, profiles: &[(LeadId, &Profile)], now: Timestamp) -> Result<(), Failure> {
    if profiles.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(profiles);
    let tenant = tx.tenant();
    let mut list: Vec<Param<'_>> = params![tenant].to_vec();
    list.extend(columns.params());
    list.extend_from_slice(params![now]);
    tx.execute(const { section(SQL, "insert_leads") }, &list).await?;
    Ok(())
}

/// Replaces the profiles of leads.
///
/// # Errors
/// When the database does not answer.
pub async fn update_profiles(tx: &Tx, profiles: &[(LeadId, &Profile)], now: Timestamp) -> Result<(), Failure> {
    if profiles.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(profiles);
    let mut list = columns.params();
    list.extend_from_slice(params![now]);
    tx.execute(const { section(SQL, "update_profiles") }, &list).await?;
    Ok(())
}

/// Appends to the log.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_events(tx: &Tx, events: &[(LeadId, &Event)]) -> Result<(), Failure> {
    if events.is_empty() {
        return Ok(());
    }
    let of = |event: &Event| (!event.profile.fields.is_empty() || !event.profile.custom.is_empty()).then_some(());
    let ids: Vec<EventId> = events.iter().map(|(_, event)| event.id).collect();
    let leads: Vec<LeadId> = events.iter().map(|(lead, _)| *lead).collect();
    let types: Vec<&str> = events.iter().map(|(_, event)| event.event_type.as_str()).collect();
    let sources: Vec<&str> = events.iter().map(|(_, event)| event.source.as_str()).collect();
    let occurred: Vec<Moment> = events.iter().map(|(_, event)| Moment(event.occurred_at)).collect();
    let received: Vec<Moment> = events.iter().map(|(_, event)| Moment(event.received_at)).collect();
    let external: Vec<&str> = events.iter().map(|(_, event)| event.external_id.as_str()).collect();
    let identifiers: Vec<Written<&Vec<Identifier>>> =
        events.iter().map(|(_, event)| Written(&event.identifiers)).collect();
    let profiles: Vec<Option<Written<&CarriedProfile>>> =
        events.iter().map(|(_, event)| of(event).map(|()| Written(&event.profile))).collect();
    let campaigns: Vec<Option<Written<&Campaign>>> =
        events.iter().map(|(_, event)| event.campaign.as_ref().map(Written)).collect();
    let metadata: Vec<Option<Written<&serde_json::Map<String, Value>>>> =
        events.iter().map(|(_, event)| (!event.metadata.is_empty()).then_some(Written(&event.metadata))).collect();
    tx.execute(
        const { section(SQL, "insert_events") },
        params![
            tx.tenant(),
            ids,
            leads,
            types,
            sources,
            occurred,
            received,
            external,
            identifiers,
            profiles,
            campaigns,
            metadata
        ],
    )
    .await?;
    Ok(())
}

/// Adds awards to the score history.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_awards(tx: &Tx, awards: &[(LeadId, &Award)]) -> Result<(), Failure> {
    if awards.is_empty() {
        return Ok(());
    }
    let leads: Vec<LeadId> = awards.iter().map(|(lead, _)| *lead).collect();
    let rules: Vec<RuleId> = awards.iter().map(|(_, award)| award.rule).collect();
    let versions: Vec<i32> = awards.iter().map(|(_, award)| award.rule_version).collect();
    let events: Vec<Option<EventId>> = awards.iter().map(|(_, award)| award.event).collect();
    let categories: Vec<&str> = awards.iter().map(|(_, award)| category(award.category)).collect();
    let points: Vec<i32> = awards.iter().map(|(_, award)| award.points).collect();
    let awarded: Vec<Moment> = awards.iter().map(|(_, award)| Moment(award.awarded_at)).collect();
    let expires: Vec<Option<Moment>> = awards.iter().map(|(_, award)| award.expires_at.map(Moment)).collect();
    tx.execute(
        const { section(SQL, "insert_awards") },
        params![tx.tenant(), leads, rules, versions, events, categories, points, awarded, expires],
    )
    .await?;
    Ok(())
}

const fn category(category: Category) -> &'static str {
    match category {
        Category::Demographic => "demographic",
        Category::Engagement => "engagement",
        Category::Behavior => "behavior",
    }
}

/// Marks awards as no longer counted; they stay in the history.
///
/// # Errors
/// When the database does not answer.
pub async fn withdraw_awards(tx: &Tx, awards: &[(LeadId, &Award)], now: Timestamp) -> Result<(), Failure> {
    if awards.is_empty() {
        return Ok(());
    }
    let leads: Vec<LeadId> = awards.iter().map(|(lead, _)| *lead).collect();
    let rules: Vec<RuleId> = awards.iter().map(|(_, award)| award.rule).collect();
    let events: Vec<Option<EventId>> = awards.iter().map(|(_, award)| award.event).collect();
    tx.execute(const { section(SQL, "withdraw_awards") }, params![leads, rules, events, now]).await?;
    Ok(())
}

/// Adds intent signals.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_signals(tx: &Tx, signals: &[(LeadId, &Signal)]) -> Result<(), Failure> {
    if signals.is_empty() {
        return Ok(());
    }
    let leads: Vec<LeadId> = signals.iter().map(|(lead, _)| *lead).collect();
    let rules: Vec<RuleId> = signals.iter().map(|(_, signal)| signal.rule).collect();
    let versions: Vec<i32> = signals.iter().map(|(_, signal)| signal.rule_version).collect();
    let events: Vec<Option<EventId>> = signals.iter().map(|(_, signal)| signal.event).collect();
    let intents: Vec<&str> = signals.iter().map(|(_, signal)| signal.intent.as_str()).collect();
    let weights: Vec<i32> =
        signals.iter().map(|(_, signal)| i32::try_from(signal.weight).unwrap_or(i32::MAX)).collect();
    let detected: Vec<Moment> = signals.iter().map(|(_, signal)| Moment(signal.detected_at)).collect();
    let expires: Vec<Option<Moment>> = signals.iter().map(|(_, signal)| signal.expires_at.map(Moment)).collect();
    tx.execute(
        const { section(SQL, "insert_signals") },
        params![tx.tenant(), leads, rules, versions, events, intents, weights, detected, expires],
    )
    .await?;
    Ok(())
}

/// Marks signals as no longer counted.
///
/// # Errors
/// When the database does not answer.
pub async fn withdraw_signals(tx: &Tx, signals: &[(LeadId, &Signal)], now: Timestamp) -> Result<(), Failure> {
    if signals.is_empty() {
        return Ok(());
    }
    let leads: Vec<LeadId> = signals.iter().map(|(lead, _)| *lead).collect();
    let rules: Vec<RuleId> = signals.iter().map(|(_, signal)| signal.rule).collect();
    let events: Vec<Option<EventId>> = signals.iter().map(|(_, signal)| signal.event).collect();
    tx.execute(const { section(SQL, "withdraw_signals") }, params![leads, rules, events, now]).await?;
    Ok(())
}

/// A lead's standing to be stored.
pub struct SavedStanding<'a> {
    pub lead: LeadId,
    pub standing: &'a Standing,
}

/// Stores what leads add up to.
///
/// # Errors
/// When the database does not answer.
pub async fn save_standings(tx: &Tx, rows: &[SavedStanding<'_>], version: i32, now: Timestamp) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let leads: Vec<LeadId> = rows.iter().map(|row| row.lead).collect();
    let demographic: Vec<i32> = rows.iter().map(|row| row.standing.sums.demographic).collect();
    let engagement: Vec<i32> = rows.iter().map(|row| row.standing.sums.engagement).collect();
    let behavior: Vec<i32> = rows.iter().map(|row| row.standing.sums.behavior).collect();
    let totals: Vec<i32> = rows.iter().map(|row| row.standing.total).collect();
    let tiers: Vec<&str> = rows.iter().map(|row| row.standing.tier.as_str()).collect();
    let intents: Vec<Written<&Vec<IntentWeight>>> = rows.iter().map(|row| Written(&row.standing.intents)).collect();
    let primary: Vec<Option<&str>> = rows.iter().map(|row| row.standing.primary_intent.as_deref()).collect();
    let confidence: Vec<i32> = rows.iter().map(|row| i32::from(row.standing.intent_confidence.tenths())).collect();
    let conflict: Vec<bool> = rows.iter().map(|row| row.standing.conflict).collect();
    let expiry: Vec<Option<Moment>> = rows.iter().map(|row| row.standing.next_expiry.map(Moment)).collect();
    let first: Vec<Option<Moment>> = rows.iter().map(|row| row.standing.first_seen_at.map(Moment)).collect();
    let last: Vec<Option<Moment>> = rows.iter().map(|row| row.standing.last_activity_at.map(Moment)).collect();
    tx.execute(
        const { section(SQL, "save_standings") },
        params![
            tx.tenant(),
            leads,
            demographic,
            engagement,
            behavior,
            totals,
            tiers,
            intents,
            primary,
            confidence,
            conflict,
            expiry,
            first,
            last,
            version,
            now
        ],
    )
    .await?;
    Ok(())
}
