//! The end of the event path: what the engine makes of leads and their new events, written down.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::app::App;
use crate::domain::engine::{LeadChange, LeadState, RuleSet, advance, needs_full_log};
use crate::domain::events::Event;
use crate::domain::ids::LeadId;
use crate::domain::profile::Profile;
use crate::domain::routing::LeadFlags;
use crate::failure::Failure;
use crate::flows::alerts;
use crate::messages::LeadsChanged;
use crate::store::event_path::{self as store, Stamp};
use crate::store::rules::TenantRules;
use crate::store::{Tx, outbox};

/// Lead ids in one message to the router: few enough that one stubborn lead does not hold many up.
const ROUTING_CHUNK: usize = 50;

/// Why leads are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// They have new events.
    Events,
    /// A person changed them.
    Edited,
    /// The rules changed.
    Rules,
    /// Time has passed: something expired.
    Decay,
}

/// One lead to settle.
pub struct Work<'a> {
    pub lead: LeadId,
    pub state: LeadState,
    pub flags: LeadFlags,
    pub events: Vec<&'a Event>,
    /// What wrote the lead as it was read; none for a person nobody knew.
    stamp: Option<Stamp>,
}

impl<'a> Work<'a> {
    /// A person nobody knew.
    pub fn new(lead: LeadId, events: &[&'a Event]) -> Self {
        let (state, flags) = (LeadState::default(), LeadFlags::default());
        Self { lead, state, flags, events: events.to_vec(), stamp: None }
    }

    /// A lead as it was read.
    pub fn known(lead: store::LoadedLead, events: Vec<&'a Event>) -> Self {
        Self { lead: lead.id, state: lead.state, flags: lead.flags, events, stamp: Some(lead.stamp) }
    }

    fn is_new(&self) -> bool {
        self.stamp.is_none()
    }

    /// Whether these are the events it was worked out with, and nobody has written the lead since.
    pub fn still_holds(&self, events: &[&Event], stamp: Option<&Stamp>) -> bool {
        let ids = |events: &[&Event]| events.iter().map(|event| event.id).collect::<Vec<_>>();
        self.stamp.as_ref() == stamp && ids(&self.events) == ids(events)
    }
}

/// A lead and what becomes of it.
pub type Changed<'a> = (Work<'a>, LeadChange);

/// Advances every lead.
///
/// # Errors
/// When the database does not answer.
pub async fn advance_all<'a>(
    tx: &Tx,
    rules: &RuleSet,
    work: Vec<Work<'a>>,
    reason: Reason,
    now: Timestamp,
) -> Result<Vec<Changed<'a>>, Failure> {
    // An erased person's log is not looked at again. A known lead without a standing lost it: it is rebuilt from the log.
    let looks_back = |one: &Work<'_>| {
        let lost = reason == Reason::Rules || one.state.rule_set_version.is_none();
        let needed = reason != Reason::Decay && needs_full_log(rules, &one.state, &one.events);
        !one.is_new() && !one.flags.anonymized && (lost || needed)
    };
    let old: Vec<LeadId> = work.iter().filter(|one| looks_back(one)).map(|one| one.lead).collect();
    let mut logs: HashMap<LeadId, Vec<Event>> = match old.is_empty() {
        true => HashMap::new(),
        false => store::list_events(tx, &old).await?,
    };
    let old: HashSet<LeadId> = old.into_iter().collect();
    let change = |one: Work<'a>| {
        let log = old.contains(&one.lead).then(|| logs.remove(&one.lead).unwrap_or_default());
        let log = log.map(|mut log| {
            log.extend(one.events.iter().map(|event| (*event).clone()));
            log
        });
        let change = advance(rules, &one.state, &one.events, log.as_deref(), now);
        (one, change)
    };
    Ok(work.into_iter().map(change).collect())
}

/// Writes the differences, alerts, and tells the router about leads that may be ready.
///
/// # Errors
/// When the database does not answer.
pub async fn write(
    app: &App,
    tx: &Tx,
    tenant: &TenantRules,
    changes: &[Changed<'_>],
    reason: Reason,
    now: Timestamp,
) -> Result<(), Failure> {
    write_tables(tx, changes, tenant.rules.version(), now).await?;
    if reason != Reason::Decay {
        alerts::hot_leads(app, tx, tenant, changes, now).await?;
    }
    tell_router(tx, tenant, changes, now).await
}

/// The profile as it becomes.
pub fn profile<'c>((one, change): &'c Changed<'_>) -> &'c Profile {
    change.profile.as_ref().unwrap_or(&one.state.profile)
}

/// One statement per table, sent together: Postgres works on the first while the next are on their way.
async fn write_tables(tx: &Tx, changes: &[Changed<'_>], version: i32, now: Timestamp) -> Result<(), Failure> {
    let new: Vec<_> =
        changes.iter().filter(|(one, _)| one.is_new()).map(|changed| (changed.0.lead, profile(changed))).collect();
    let profiles: Vec<_> = changes
        .iter()
        .filter(|(one, _)| !one.is_new())
        .filter_map(|(one, change)| Some((one.lead, change.profile.as_ref()?)))
        .collect();
    let events: Vec<_> =
        changes.iter().flat_map(|(one, _)| one.events.iter().map(|event| (one.lead, *event))).collect();
    let awards_withdrawn = each(changes, |change| &change.awards_withdrawn);
    let awards_added = each(changes, |change| &change.awards_added);
    let signals_withdrawn = each(changes, |change| &change.signals_withdrawn);
    let signals_added = each(changes, |change| &change.signals_added);
    // Also when it adds up to the same: it tells others that the lead has been worked on.
    let standings: Vec<_> = changes
        .iter()
        .filter(|(one, change)| one.is_new() || !one.events.is_empty() || !change.is_empty(&one.state))
        .map(|(one, change)| store::SavedStanding { lead: one.lead, standing: &change.standing })
        .collect();
    let (_, _, _, _, _, _, _, _) = tokio::try_join!(
        store::insert_leads(tx, &new, now),
        store::update_profiles(tx, &profiles, now),
        store::insert_events(tx, &events),
        store::withdraw_awards(tx, &awards_withdrawn, now),
        store::insert_awards(tx, &awards_added),
        store::withdraw_signals(tx, &signals_withdrawn, now),
        store::insert_signals(tx, &signals_added),
        store::save_standings(tx, &standings, version, now),
    )?;
    Ok(())
}

/// The rows of one kind of all leads.
fn each<'c, T>(changes: &'c [Changed<'_>], of: impl Fn(&'c LeadChange) -> &'c Vec<T>) -> Vec<(LeadId, &'c T)> {
    changes.iter().flat_map(|(one, change)| of(change).iter().map(|row| (one.lead, row))).collect()
}

/// The router gets the leads whose standing changed and now reaches the thresholds, or is in conflict; for all others its answer
/// would be "not yet". What only time brings about (Discovery) is the daily job's to notice.
async fn tell_router(tx: &Tx, tenant: &TenantRules, changes: &[Changed<'_>], now: Timestamp) -> Result<(), Failure> {
    let config = tenant.rules.routing();
    let ready: Vec<LeadId> = changes
        .iter()
        .filter(|(one, change)| {
            let free = !one.flags.routed && !one.flags.suppressed && !one.flags.anonymized;
            let standing = &change.standing;
            free && change.routing_due
                && standing.total >= config.min_score
                && (standing.conflict || standing.intent_confidence >= config.min_confidence)
        })
        .map(|(one, _)| one.lead)
        .collect();
    let messages: Vec<LeadsChanged> = ready
        .chunks(ROUTING_CHUNK)
        .map(|chunk| LeadsChanged { tenant_id: tx.tenant(), lead_ids: chunk.to_vec() })
        .collect();
    outbox::put(tx, "routing", &messages, now).await
}
