//! The end of the event path: what the engine makes of leads and their new events, written down.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::Future;

use jiff::Timestamp;

use crate::app::App;
use crate::domain::engine::{LeadChange, LeadState, RuleSet, advance, needs_full_log};
use crate::domain::events::Event;
use crate::domain::ids::{EventId, LeadId};
use crate::domain::profile::Profile;
use crate::domain::routing::{LeadFlags, Question};
use crate::failure::Failure;
use crate::flows::alerts;
use crate::messages::{LeadsChanged, queues};
use crate::store::event_path::{self as store, Stamp};
use crate::store::rules::TenantRules;
use crate::store::{Tx, outbox};

/// Lead ids in one message to the router: few enough that one stubborn lead does not hold many up.
const ROUTING_CHUNK: usize = 50;

/// Why leads are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
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
    /// A person was asked for its pipeline and has not answered.
    asked: bool,
    pub events: Vec<&'a Event>,
    /// What wrote the lead as it was read; none for a person nobody knew.
    stamp: Option<Stamp>,
}

impl<'a> Work<'a> {
    /// A person nobody knew.
    pub fn new(lead: LeadId, events: &[&'a Event]) -> Self {
        let (state, flags) = (LeadState::default(), LeadFlags::default());
        Self { lead, state, flags, asked: false, events: events.to_vec(), stamp: None }
    }

    /// A lead as it was read.
    pub fn known(lead: store::LoadedLead, events: Vec<&'a Event>) -> Self {
        let asked = lead.question.as_ref().is_some_and(Question::is_open);
        Self { lead: lead.id, state: lead.state, flags: lead.flags, asked, events, stamp: Some(lead.stamp) }
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
/// When the database does not answer, and when a lead was evaluated with newer rules than these: they were published after this
/// transaction had begun, which would take the lead back to the old ones.
pub async fn advance_all<'a>(
    tx: &Tx,
    rules: &RuleSet,
    work: Vec<Work<'a>>,
    trigger: Trigger,
    now: Timestamp,
) -> Result<Vec<Changed<'a>>, Failure> {
    let newer = |one: &Work<'_>| one.state.rule_set_version.is_some_and(|version| version > rules.version());
    if work.iter().any(newer) {
        return Err(Failure::unavailable("other rules were published meanwhile; once more with those"));
    }
    // An erased person's log is not looked at again. A known lead without a standing lost it: it is rebuilt from the log.
    let looks_back = |one: &Work<'_>| {
        let lost = trigger == Trigger::Rules || one.state.rule_set_version != Some(rules.version());
        let needed = trigger != Trigger::Decay && needs_full_log(rules, &one.state, &one.events);
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
            // Those written ahead are in the log by now.
            log.retain(|event| one.events.iter().all(|new| new.id != event.id));
            log.extend(one.events.iter().map(|event| (*event).clone()));
            log
        });
        let change = advance(rules, &one.state, &one.events, log.as_deref(), now);
        (one, change)
    };
    Ok(work.into_iter().map(change).collect())
}

/// What was written before the leads were locked.
#[derive(Debug, Default)]
pub struct Ahead {
    /// Where each of the events stands.
    events: HashMap<EventId, LeadId>,
    /// Those of them whose awards and signals stand too.
    worth: HashSet<EventId>,
}

/// Writes what nobody waits for: the events and what each is worth, as drafted. These rows are new, and only we write about these events;
/// what old events become worth is left for later, since others may be writing about them too. Most drafts hold, and so the time
/// between the first lock and the commit is shorter by that much.
///
/// # Errors
/// When the database does not answer.
pub async fn write_ahead(tx: &Tx, drafts: &[Changed<'_>]) -> Result<Ahead, Failure> {
    let events: Vec<_> = drafts.iter().flat_map(events_of).collect();
    let worth = events.iter().map(|(_, event)| event.id).collect();
    let ahead = Ahead { events: events.iter().map(|(lead, event)| (event.id, *lead)).collect(), worth };
    let awards: Vec<_> =
        rows(drafts, |change| &change.awards_added).filter(|(_, award)| ahead.has(award.event)).collect();
    let signals: Vec<_> =
        rows(drafts, |change| &change.signals_added).filter(|(_, signal)| ahead.has(signal.event)).collect();
    tokio::try_join!(
        biased;
        store::insert_events(tx, &events),
        in_turn(1, store::insert_awards(tx, &awards)),
        in_turn(2, store::insert_signals(tx, &signals)),
    )?;
    Ok(ahead)
}

impl Ahead {
    /// Whether what this event is worth stands already.
    fn has(&self, event: Option<EventId>) -> bool {
        event.is_some_and(|event| self.worth.contains(&event))
    }

    /// Takes back what was written ahead for leads whose draft does not hold, and events that turned out to be another lead's.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_back(
        &mut self,
        tx: &Tx,
        stale: &[LeadId],
        by_lead: &BTreeMap<LeadId, Vec<&Event>>,
    ) -> Result<(), Failure> {
        let stale: HashSet<LeadId> = stale.iter().copied().collect();
        let worthless: Vec<_> =
            self.events.iter().filter(|(_, lead)| stale.contains(lead)).map(|(event, lead)| (*lead, *event)).collect();
        let now: HashMap<EventId, LeadId> =
            by_lead.iter().flat_map(|(lead, events)| events.iter().map(move |event| (event.id, *lead))).collect();
        let moved: Vec<_> = self
            .events
            .iter()
            .filter(|(event, lead)| now.get(event) != Some(lead))
            .map(|(event, lead)| (*lead, *event))
            .collect();
        tokio::try_join!(biased; store::take_back_worth(tx, &worthless), store::take_back_events(tx, &moved))?;
        for (_, event) in worthless {
            self.worth.remove(&event);
        }
        for (_, event) in moved {
            self.events.remove(&event);
        }
        Ok(())
    }
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
    ahead: &Ahead,
    trigger: Trigger,
    now: Timestamp,
) -> Result<(), Failure> {
    let alerts = async {
        match trigger {
            Trigger::Decay => Ok(()),
            _ => alerts::hot_leads(app, tx, tenant, changes, now).await,
        }
    };
    // Sent together, the tables first: others wait for these leads until the commit, so every answer that is waited for counts.
    let version = tenant.rules.version();
    tokio::try_join!(
        biased;
        write_tables(tx, changes, ahead, version, now),
        in_turn(TABLES, alerts),
        in_turn(TABLES, tell_router(tx, tenant, changes, now)),
    )?;
    Ok(())
}

/// Statements of [`write_tables`].
const TABLES: usize = 8;

/// Of what is sent together, lets this many be written to the connection before this is put together: so Postgres begins with the
/// first at once, and a whole batch is never in memory as messages.
async fn in_turn<T>(before: usize, send: impl Future<Output = T>) -> T {
    for _ in 0..before {
        tokio::task::yield_now().await;
    }
    send.await
}

/// The profile as it becomes.
pub fn profile<'c>((one, change): &'c Changed<'_>) -> &'c Profile {
    change.profile.as_ref().unwrap_or(&one.state.profile)
}

/// One statement per table, sent together: Postgres works on the first while the next are on their way.
async fn write_tables(
    tx: &Tx,
    changes: &[Changed<'_>],
    ahead: &Ahead,
    version: i32,
    now: Timestamp,
) -> Result<(), Failure> {
    let new: Vec<_> =
        changes.iter().filter(|(one, _)| one.is_new()).map(|changed| (changed.0.lead, profile(changed))).collect();
    let profiles: Vec<_> = changes
        .iter()
        .filter(|(one, _)| !one.is_new())
        .filter_map(|(one, change)| Some((one.lead, change.profile.as_ref()?)))
        .collect();
    let events: Vec<_> =
        changes.iter().flat_map(events_of).filter(|(_, event)| !ahead.events.contains_key(&event.id)).collect();
    let awards_withdrawn: Vec<_> = rows(changes, |change| &change.awards_withdrawn).collect();
    let awards_added: Vec<_> =
        rows(changes, |change| &change.awards_added).filter(|(_, award)| !ahead.has(award.event)).collect();
    let signals_withdrawn: Vec<_> = rows(changes, |change| &change.signals_withdrawn).collect();
    let signals_added: Vec<_> =
        rows(changes, |change| &change.signals_added).filter(|(_, signal)| !ahead.has(signal.event)).collect();
    // Also when it adds up to the same: it tells others that the lead has been worked on.
    let standings: Vec<_> = changes
        .iter()
        .filter(|(one, change)| one.is_new() || !one.events.is_empty() || !change.is_empty(&one.state))
        .map(|(one, change)| store::SavedStanding {
            lead: one.lead,
            standing: &change.standing,
            had_one: one.stamp.is_some_and(|stamp| stamp.standing.is_some()),
            counted: store::encode_counted(
                kept(&one.state.awards, &change.awards_withdrawn).chain(&change.awards_added),
                kept(&one.state.signals, &change.signals_withdrawn).chain(&change.signals_added),
            ),
        })
        .collect();
    let (_, _, _, _, _, _, _, _) = tokio::try_join!(
        biased;
        store::insert_leads(tx, &new, now),
        in_turn(1, store::update_profiles(tx, &profiles, now)),
        in_turn(2, store::insert_events(tx, &events)),
        in_turn(3, store::withdraw_awards(tx, &awards_withdrawn, now)),
        in_turn(4, store::insert_awards(tx, &awards_added)),
        in_turn(5, store::withdraw_signals(tx, &signals_withdrawn, now)),
        in_turn(6, store::insert_signals(tx, &signals_added)),
        in_turn(7, store::save_standings(tx, &standings, version, now)),
    )?;
    Ok(())
}

/// Those that still count.
fn kept<'c, T: PartialEq>(before: &'c [T], withdrawn: &'c [T]) -> impl Iterator<Item = &'c T> {
    before.iter().filter(|one| !withdrawn.contains(one))
}

/// The rows of one kind of all leads.
fn rows<'c, 'e: 'c, T: 'c>(
    changes: impl IntoIterator<Item = &'c Changed<'e>>,
    of: impl Fn(&'c LeadChange) -> &'c Vec<T>,
) -> impl Iterator<Item = (LeadId, &'c T)> {
    changes.into_iter().flat_map(move |(one, change)| of(change).iter().map(|row| (one.lead, row)))
}

fn events_of<'e>((one, _): &Changed<'e>) -> impl Iterator<Item = (LeadId, &'e Event)> {
    one.events.iter().map(|event| (one.lead, *event))
}

/// The router gets the leads whose standing changed and now reaches the thresholds, or is in conflict, and those about which a person
/// was asked: perhaps nobody needs to answer any more. For all others its answer would be "not yet". What only time brings about (Discovery) is the daily job's to notice.
async fn tell_router(tx: &Tx, tenant: &TenantRules, changes: &[Changed<'_>], now: Timestamp) -> Result<(), Failure> {
    let config = tenant.rules.routing();
    let ready: Vec<LeadId> = changes
        .iter()
        .filter(|(one, change)| {
            let standing = &change.standing;
            let ready = one.flags.is_free()
                && standing.total >= config.min_score
                && (standing.conflict || standing.intent_confidence >= config.min_confidence);
            change.routing_due && (ready || one.asked)
        })
        .map(|(one, _)| one.lead)
        .collect();
    let messages: Vec<LeadsChanged> = ready
        .chunks(ROUTING_CHUNK)
        .map(|chunk| LeadsChanged { tenant_id: tx.tenant(), lead_ids: chunk.to_vec() })
        .collect();
    outbox::put(tx, queues::ROUTING, &messages, now).await
}
