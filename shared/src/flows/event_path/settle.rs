//! The end of the event path: what the engine makes of leads and their new events, written down.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::app::App;
use crate::domain::engine::{LeadChange, LeadState, advance, needs_full_log};
use crate::domain::events::Event;
use crate::domain::ids::LeadId;
use crate::domain::routing::LeadFlags;
use crate::failure::Failure;
use crate::flows::alerts;
use crate::messages::LeadsChanged;
use crate::store::rules::TenantRules;
use crate::store::{Tx, event_path as store, outbox};

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
    new: bool,
}

impl<'a> Work<'a> {
    /// A person nobody knew.
    pub fn new(lead: LeadId, events: &[&'a Event]) -> Self {
        Self { lead, state: LeadState::default(), flags: LeadFlags::default(), events: events.to_vec(), new: true }
    }

    /// A locked lead, with no new events so far.
    pub fn known(locked: store::LockedLead) -> Self {
        Self { lead: locked.id, state: locked.state, flags: locked.flags, events: Vec::new(), new: false }
    }
}

/// Advances every lead, writes the differences, alerts, and tells the router about leads that may be ready.
pub async fn settle(
    app: &App,
    tx: &Tx,
    tenant: &TenantRules,
    work: Vec<Work<'_>>,
    reason: Reason,
    now: Timestamp,
) -> Result<(), Failure> {
    let rules = &tenant.rules;
    // An erased person's log is not looked at again. A known lead without a standing lost it: it is rebuilt from the log.
    let looks_back = |one: &Work<'_>| {
        let lost = reason == Reason::Rules || one.state.rule_set_version.is_none();
        let needed = reason != Reason::Decay && needs_full_log(rules, &one.state, &one.events);
        !one.new && !one.flags.anonymized && (lost || needed)
    };
    let old: Vec<LeadId> = work.iter().filter(|one| looks_back(one)).map(|one| one.lead).collect();
    let mut logs: HashMap<LeadId, Vec<Event>> = match old.is_empty() {
        true => HashMap::new(),
        false => store::list_events(tx, &old).await?,
    };
    let changes: Vec<(Work<'_>, LeadChange)> = work
        .into_iter()
        .map(|one| {
            let log = old.binary_search(&one.lead).ok().map(|_| logs.remove(&one.lead).unwrap_or_default());
            let log = log.map(|mut log| {
                log.extend(one.events.iter().map(|event| (*event).clone()));
                log
            });
            let change = advance(rules, &one.state, &one.events, log.as_deref(), now);
            (one, change)
        })
        .collect();
    write(tx, &changes, rules.version(), now).await?;
    let crossed: Vec<_> = changes.iter().filter_map(|(one, change)| Some((one.lead, change.alert?))).collect();
    if reason != Reason::Decay {
        alerts::hot_leads(app, tx, tenant, &changes_of(&changes), &crossed, now).await?;
    }
    tell_router(tx, tenant, &changes, now).await
}

fn changes_of<'a>(changes: &'a [(Work<'_>, LeadChange)]) -> HashMap<LeadId, &'a LeadChange> {
    changes.iter().filter(|(_, change)| change.alert.is_some()).map(|(one, change)| (one.lead, change)).collect()
}

async fn write(tx: &Tx, changes: &[(Work<'_>, LeadChange)], version: i32, now: Timestamp) -> Result<(), Failure> {
    let new: Vec<_> =
        changes.iter().filter(|(one, _)| one.new).map(|(one, change)| (one.lead, &change.profile)).collect();
    store::insert_leads(tx, &new, now).await?;
    let changed: Vec<_> = changes
        .iter()
        .filter(|(one, change)| !one.new && change.profile_changed)
        .map(|(one, change)| (one.lead, &change.profile))
        .collect();
    store::update_profiles(tx, &changed, now).await?;
    let events: Vec<_> =
        changes.iter().flat_map(|(one, _)| one.events.iter().map(|event| (one.lead, *event))).collect();
    store::insert_events(tx, &events).await?;

    let withdrawn: Vec<_> = changes
        .iter()
        .flat_map(|(one, change)| change.awards_withdrawn.iter().map(|award| (one.lead, award)))
        .collect();
    store::withdraw_awards(tx, &withdrawn, now).await?;
    let added: Vec<_> =
        changes.iter().flat_map(|(one, change)| change.awards_added.iter().map(|award| (one.lead, award))).collect();
    store::insert_awards(tx, &added).await?;

    let withdrawn: Vec<_> = changes
        .iter()
        .flat_map(|(one, change)| change.signals_withdrawn.iter().map(|signal| (one.lead, signal)))
        .collect();
    store::withdraw_signals(tx, &withdrawn, now).await?;
    let added: Vec<_> =
        changes.iter().flat_map(|(one, change)| change.signals_added.iter().map(|signal| (one.lead, signal))).collect();
    store::insert_signals(tx, &added).await?;

    let standings: Vec<_> = changes
        .iter()
        .filter(|(one, change)| {
            one.new || change.standing != one.state.standing || one.state.rule_set_version != Some(version)
        })
        .map(|(one, change)| store::SavedStanding { lead: one.lead, standing: &change.standing })
        .collect();
    store::save_standings(tx, &standings, version, now).await
}

/// The router gets the leads whose standing changed and now reaches the thresholds, or is in conflict; for all others its answer
/// would be "not yet". What only time brings about (Discovery) is the daily job's to notice.
async fn tell_router(
    tx: &Tx,
    tenant: &TenantRules,
    changes: &[(Work<'_>, LeadChange)],
    now: Timestamp,
) -> Result<(), Failure> {
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
