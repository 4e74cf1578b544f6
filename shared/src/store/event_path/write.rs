//! What the engine decided, written in one statement per table whatever the number of leads.

use futures_util::future::try_join;
use jiff::Timestamp;
use serde_json::Value;

use super::super::Tx;
use super::super::sql::{Moment, Param, Written, params, section};
use super::{PROFILE_COLUMNS, SQL};
use crate::domain::engine::Standing;
use crate::domain::events::{Campaign, Event};
use crate::domain::identity::Identifier;
use crate::domain::ids::{EventId, LeadId, RuleId, TenantId};
use crate::domain::intent::{IntentWeight, Signal};
use crate::domain::profile::{CarriedProfile, Profile, Provenances};
use crate::domain::scoring::{Award, Category};
use crate::domain::search;
use crate::failure::Failure;

/// The columns of profiles, one array each.
struct Columns<'a> {
    ids: Vec<LeadId>,
    fields: Vec<Vec<Option<&'a str>>>,
    custom: Vec<Value>,
    provenance: Vec<Written<Provenances<'a>>>,
    search_texts: Vec<String>,
    /// Where each lead's search codes begin and end among all, counted from one and both inclusive, as Postgres does.
    first_codes: Vec<i32>,
    last_codes: Vec<i32>,
    codes: Vec<i32>,
}

impl<'a> Columns<'a> {
    fn of(profiles: &[(LeadId, &'a Profile)], tenant: TenantId) -> Self {
        let search_texts: Vec<String> = profiles.iter().map(|(_, profile)| search::text_of_profile(profile)).collect();
        let (mut first_codes, mut last_codes, mut codes) = (Vec::new(), Vec::new(), Vec::new());
        let position = |codes: &Vec<i32>| i32::try_from(codes.len()).unwrap_or(i32::MAX);
        for text in &search_texts {
            first_codes.push(position(&codes) + 1);
            codes.extend(search::codes(text, tenant));
            last_codes.push(position(&codes));
        }
        Self {
            search_texts,
            first_codes,
            last_codes,
            codes,
            ids: profiles.iter().map(|(id, _)| *id).collect(),
            fields: PROFILE_COLUMNS
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
        list.extend_from_slice(params![
            self.custom,
            self.provenance,
            self.search_texts,
            self.first_codes,
            self.last_codes,
            self.codes
        ]);
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
    let tenant = tx.tenant();
    let columns = Columns::of(profiles, tenant);
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
    let columns = Columns::of(profiles, tx.tenant());
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

/// Deletes awards and signals that this transaction wrote for these leads' events.
///
/// # Errors
/// When the database does not answer.
pub async fn take_back_worth(tx: &Tx, rows: &[(LeadId, EventId)]) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let (leads, events): (Vec<LeadId>, Vec<EventId>) = rows.iter().copied().unzip();
    try_join(
        tx.execute(const { section(SQL, "take_back_awards") }, params![leads, events]),
        tx.execute(const { section(SQL, "take_back_signals") }, params![leads, events]),
    )
    .await?;
    Ok(())
}

/// Deletes events that this transaction wrote for the wrong leads.
///
/// # Errors
/// When the database does not answer.
pub async fn take_back_events(tx: &Tx, rows: &[(LeadId, EventId)]) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let (leads, events): (Vec<LeadId>, Vec<EventId>) = rows.iter().copied().unzip();
    tx.execute(const { section(SQL, "take_back_events") }, params![leads, events]).await?;
    Ok(())
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
    /// Whether the lead had one when its lock was taken.
    pub had_one: bool,
    /// What counts now, as [`super::encode_counted`] puts it.
    pub counted: Option<Vec<u8>>,
}

/// The columns of standings, one array each.
struct StandingColumns<'a> {
    leads: Vec<LeadId>,
    demographic: Vec<i32>,
    engagement: Vec<i32>,
    behavior: Vec<i32>,
    totals: Vec<i32>,
    tiers: Vec<&'static str>,
    intents: Vec<Written<&'a Vec<IntentWeight>>>,
    primary: Vec<Option<&'a str>>,
    confidence: Vec<i32>,
    conflict: Vec<bool>,
    expiry: Vec<Option<Moment>>,
    first: Vec<Option<Moment>>,
    last: Vec<Option<Moment>>,
    counted: Vec<Option<&'a [u8]>>,
}

impl<'a> StandingColumns<'a> {
    fn of(rows: &[&'a SavedStanding<'a>]) -> Self {
        let each = || rows.iter().map(|row| row.standing);
        Self {
            leads: rows.iter().map(|row| row.lead).collect(),
            demographic: each().map(|standing| standing.sums.demographic).collect(),
            engagement: each().map(|standing| standing.sums.engagement).collect(),
            behavior: each().map(|standing| standing.sums.behavior).collect(),
            totals: each().map(|standing| standing.total).collect(),
            tiers: each().map(|standing| standing.tier.as_str()).collect(),
            intents: each().map(|standing| Written(&standing.intents)).collect(),
            primary: each().map(|standing| standing.primary_intent.as_deref()).collect(),
            confidence: each().map(|standing| i32::from(standing.intent_confidence.tenths())).collect(),
            conflict: each().map(|standing| standing.conflict).collect(),
            expiry: each().map(|standing| standing.next_expiry.map(Moment)).collect(),
            first: each().map(|standing| standing.first_seen_at.map(Moment)).collect(),
            last: each().map(|standing| standing.last_activity_at.map(Moment)).collect(),
            counted: rows.iter().map(|row| row.counted.as_deref()).collect(),
        }
    }

    fn params(&self) -> Vec<Param<'_>> {
        params![
            self.leads,
            self.demographic,
            self.engagement,
            self.behavior,
            self.totals,
            self.tiers,
            self.intents,
            self.primary,
            self.confidence,
            self.conflict,
            self.expiry,
            self.first,
            self.last,
            self.counted
        ]
        .to_vec()
    }
}

/// Stores what leads add up to. Whoever had a standing when the lock was taken gets it replaced, which costs less than asking again
/// whether there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn save_standings(tx: &Tx, rows: &[SavedStanding<'_>], version: i32, now: Timestamp) -> Result<(), Failure> {
    let (known, new): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.had_one);
    let updated = update_standings(tx, &known, version, now);
    let (updated, ()) = try_join(updated, insert_standings(tx, &new, version, now)).await?;
    // Standings can be thrown away at any time, since they are rebuilt: also in this moment.
    match usize::try_from(updated).is_ok_and(|updated| updated == known.len()) {
        true => Ok(()),
        false => insert_standings(tx, &known, version, now).await,
    }
}

/// Answers with how many there were.
async fn update_standings(tx: &Tx, rows: &[&SavedStanding<'_>], version: i32, now: Timestamp) -> Result<u64, Failure> {
    if rows.is_empty() {
        return Ok(0);
    }
    let columns = StandingColumns::of(rows);
    let mut list = columns.params();
    list.extend_from_slice(params![version, now]);
    Ok(tx.execute(const { section(SQL, "update_standings") }, &list).await?)
}

async fn insert_standings(tx: &Tx, rows: &[&SavedStanding<'_>], version: i32, now: Timestamp) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns = StandingColumns::of(rows);
    let tenant = tx.tenant();
    let mut list = params![tenant].to_vec();
    list.extend(columns.params());
    list.extend_from_slice(params![version, now]);
    tx.execute(const { section(SQL, "save_standings") }, &list).await?;
    Ok(())
}
