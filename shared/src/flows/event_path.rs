//! The event path: a set of events of one tenant becomes leads, awards, signals and standings in one transaction with a
//! constant number of statements, whatever the number of events.
//!
//! Safe to repeat: unique keys decide which events are new. Two processors with the same people take turns, because keys,
//! identifiers and leads are taken in one order each; the loser of a race for a new person finds the winner's lead. A turn is short:
//! everything is worked out before the first lock that others wait for, and only what changed meanwhile is worked out again.

mod settle;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;
use tracing::field::display;
use tracing::{Instrument as _, error_span};

use crate::app::App;
use crate::domain::events::{self, Event, raw};
use crate::domain::faults::sentences;
use crate::domain::identity::{Assignment, BatchIdentity, Country, Identifier, KnownIdentities, resolve_batch};
use crate::domain::ids::{EventId, LeadId, TenantId};
use crate::failure::Failure;
use crate::messages::events::{Events, Inbound, Receipt, Unchecked};
use crate::messages::queues;
use crate::store::event_path::LoadedLead;
use crate::store::inbox::{self, Parked};
use crate::store::leads::lock::lock;
use crate::store::rules::TenantRules;
use crate::store::{Tx, event_path as store};
use crate::telemetry::{self, step};

use settle::{Ahead, Work, advance_all, write};
pub use settle::{Changed, Trigger, profile};

/// The largest set that is worked on in one transaction.
pub const MAX_SET: usize = 500;

/// How often a set is tried again at once when another processor was faster.
const RACES: u32 = 6;

/// One event to be processed, as it was sent.
#[derive(Debug, Clone)]
pub struct Submission {
    pub id: EventId,
    pub event: Box<RawValue>,
    /// The one source its sender may speak for.
    pub source: Option<String>,
    pub received_at: Timestamp,
}

/// What became of a set.
#[derive(Debug, Default, Clone, Copy)]
pub struct Report {
    /// Events that were new.
    pub stored: usize,
    /// Events that were here before.
    pub repeated: usize,
    /// Events put aside in the inbox.
    pub parked: usize,
    /// Statements, transactions' begin and commit not counted.
    pub statements: u64,
}

impl Report {
    fn add(&mut self, other: Self) {
        self.stored += other.stored;
        self.repeated += other.repeated;
        self.parked += other.parked;
        self.statements += other.statements;
    }
}

/// Processes events of one tenant, at most [`MAX_SET`] in one transaction. One whose values the database refuses is found by
/// halving and put aside, so that it does not hold up the others.
///
/// # Errors
/// What is no event's fault: nothing is put aside for it, and the same events may be given again.
pub async fn process(
    app: &App,
    tenant: TenantId,
    submissions: &[Submission],
    now: Timestamp,
) -> Result<Report, Failure> {
    let mut report = Report::default();
    let mut sets: Vec<&[Submission]> = submissions.chunks(MAX_SET).rev().collect();
    while let Some(set) = sets.pop() {
        match process_set(app, tenant, set, now).await {
            Ok(done) => report.add(done),
            Err(failure) if !failure.blames_values() => return Err(failure),
            Err(failure) if set.len() > 1 => {
                tracing::warn!(reason = %failure, events = set.len(), "a set fails; looking for the event to blame");
                let (first, second) = set.split_at(set.len() / 2);
                sets.extend([second, first]);
            }
            Err(failure) => {
                let rows: Vec<Parked> =
                    set.iter().map(|one| parked(tenant, one, "unprocessable", failure.to_string())).collect();
                inbox::park(app.database(), &rows).await?;
                report.parked += rows.len();
            }
        }
    }
    Ok(report)
}

async fn process_set(app: &App, tenant: TenantId, set: &[Submission], now: Timestamp) -> Result<Report, Failure> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let tx = app.begin(tenant).await?;
        let lost = || Failure::unavailable("lost every race for the same people; the events come again");
        let span = error_span!("set", events = set.len(), attempt);
        let outcome =
            within(app, &tx, set, now).boxed().instrument(span).await.and_then(|report| report.ok_or_else(lost));
        let again = attempt < RACES && matches!(outcome, Err(Failure::Unavailable { .. }));
        let ended = app.end(&tx, outcome).await;
        match ended {
            Err(failure) if again => tracing::debug!(reason = %failure, "lost a race; again"),
            ended => return ended,
        }
        tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 7)).await;
    }
}

/// One attempt. Nothing: another processor met the same new person at this moment.
async fn within(app: &App, tx: &Tx, set: &[Submission], now: Timestamp) -> Result<Option<Report>, Failure> {
    let tenant = app.rules().get(tx).await?;
    let (events, mut aside) = validate(&tenant, tx.tenant(), set);

    let all: Vec<&Event> = events.iter().collect();
    let mut claimed: HashSet<EventId> = match all.is_empty() {
        true => HashSet::new(),
        false => {
            let claim = async { tokio::try_join!(biased; store::claim_events(tx, &all), store::hold_rules(tx)) };
            let (claimed, version) = step(error_span!("claim_events"), claim).await?;
            if version != tx.rule_set_version() {
                return Ok(None);
            }
            claimed.into_iter().collect()
        }
    };
    let new: Vec<&Event> = all.iter().copied().filter(|event| claimed.remove(&event.id)).collect();
    let mut report = Report { stored: new.len(), repeated: all.len() - new.len(), ..Report::default() };

    if !new.is_empty() {
        let known = step(error_span!("find_identities"), store::find_identities(tx, &new)).await?;
        let identity = resolve_batch(&new, known.clone(), || LeadId(app.new_id()));
        let drafts = step(error_span!("draft"), draft(tx, &tenant, &new, &identity, now)).await?;
        let mut ahead =
            step(error_span!("write_ahead", leads = drafts.len()), settle::write_ahead(tx, &drafts)).await?;
        // From here until the commit, others with the same people wait for us.
        let attached = step(error_span!("attach"), attach(app, tx, &new, known, identity)).await?;
        let Some(Attached { identity, new_leads, visitors }) = attached else { return Ok(None) };
        let (by_lead, unknown) = by_lead(&new, &identity);
        if !unknown.is_empty() {
            store::release_events(tx, &unknown).await?;
            report.stored -= unknown.len();
            let ids: HashSet<EventId> = unknown.iter().map(|event| event.id).collect();
            aside.extend(set.iter().filter(|one| ids.contains(&one.id)).map(|one| {
                let detail =
                    "The event names a lead_id that does not exist (any more). Send it with another identifier.";
                parked(tx.tenant(), one, "unknown_lead", detail.to_owned())
            }));
        }
        let confirmed = confirm(tx, &tenant, drafts, &mut ahead, &by_lead, &new_leads, now);
        let confirmed = step(error_span!("confirm", leads = by_lead.len()), confirmed).await?;
        let Some(changes) = confirmed else { return Ok(None) };
        if !visitors.still_unnamed(tx).await? {
            return Ok(None);
        }
        let written = write(app, tx, &tenant, &changes, &ahead, Trigger::Events, now);
        step(error_span!("write", leads = changes.len()), written).await?;
        store::insert_suspicions(tx, &identity.suspicions, now).await?;
    }
    report.parked = aside.len();
    step(error_span!("park", events = aside.len()), inbox::park(app.database(), &aside)).await?;
    report.statements = tx.statements();
    Ok(Some(report))
}

type ByLead<'a> = BTreeMap<LeadId, Vec<&'a Event>>;

/// The events of each lead, and those that are nobody's.
fn by_lead<'a>(events: &[&'a Event], identity: &BatchIdentity) -> (ByLead<'a>, Vec<&'a Event>) {
    let mut by_lead = ByLead::new();
    let mut unknown = Vec::new();
    for (event, assignment) in events.iter().zip(&identity.assignments) {
        match assignment {
            Assignment::Lead(lead) => by_lead.entry(*lead).or_default().push(event),
            Assignment::UnknownLead => unknown.push(*event),
        }
    }
    (by_lead, unknown)
}

/// Works the whole batch out from what is there now, without a lock. Most of it will still hold once the locks are held; so the
/// time in which others wait is short.
async fn draft<'a>(
    tx: &Tx,
    tenant: &TenantRules,
    events: &[&'a Event],
    identity: &BatchIdentity,
    now: Timestamp,
) -> Result<Vec<Changed<'a>>, Failure> {
    let new_leads: HashSet<LeadId> = identity.new_leads.iter().copied().collect();
    let (by_lead, _unknown) = by_lead(events, identity);
    let known: Vec<LeadId> = by_lead.keys().copied().filter(|lead| !new_leads.contains(lead)).collect();
    let mut work = load(tx, &known, &by_lead).await?;
    let new = by_lead.iter().filter(|(lead, _)| new_leads.contains(lead));
    work.extend(new.map(|(lead, events)| Work::new(*lead, events)));
    advance_all(tx, &tenant.rules, work, Trigger::Events, now).await
}

/// Whose the events are, once the identifiers stand.
struct Attached {
    identity: BatchIdentity,
    /// Those of the new leads that are really ours.
    new_leads: HashSet<LeadId>,
    visitors: Visitors,
}

/// Leads that were known by a cookie only, and that events of this batch give a name.
#[derive(Default)]
struct Visitors {
    leads: HashSet<LeadId>,
    /// What they are given.
    names: HashSet<Identifier>,
}

impl Visitors {
    fn note(&mut self, known: &KnownIdentities, identity: &BatchIdentity) {
        for new in identity.new_identifiers.iter().filter(|new| new.identifier.kind.is_strong()) {
            if !identity.new_leads.contains(&new.lead) && !known.is_strong(new.lead) {
                self.leads.insert(new.lead);
            }
            if self.leads.contains(&new.lead) {
                self.names.insert(new.identifier.clone());
            }
        }
    }

    /// Whether nobody else gave one of them a name meanwhile. Two people who use one browser may both have been taken for its visitor;
    /// who is second is somebody else then. No key says so, but both need the lead's lock, which is held here.
    async fn still_unnamed(&self, tx: &Tx) -> Result<bool, Failure> {
        if self.leads.is_empty() {
            return Ok(true);
        }
        let leads: Vec<LeadId> = self.leads.iter().copied().collect();
        let names = store::list_strong_identifiers(tx, &leads).await?;
        Ok(names.iter().all(|name| self.names.contains(name)))
    }
}

/// Attaches every identifier. Another processor may meet the same new person at this moment: whoever attaches first wins, the other
/// waits for that commit and then finds the winner's lead. Nothing: lost again and again.
async fn attach(
    app: &App,
    tx: &Tx,
    events: &[&Event],
    mut known: KnownIdentities,
    mut identity: BatchIdentity,
) -> Result<Option<Attached>, Failure> {
    let mut new_leads = HashSet::new();
    let mut visitors = Visitors::default();
    for _ in 0..RACES {
        visitors.note(&known, &identity);
        let lost = store::insert_identifiers(tx, &identity.new_identifiers).await?;
        // A lead of ours that lost one identifier is somebody else's: it gives the others back, and is looked up again.
        new_leads.extend(identity.new_leads.iter().filter(|lead| !lost.contains(lead)));
        if lost.is_empty() {
            return Ok(Some(Attached { identity, new_leads, visitors }));
        }
        let given_up: Vec<LeadId> = identity.new_leads.iter().filter(|lead| lost.contains(lead)).copied().collect();
        store::delete_identifiers(tx, &given_up).await?;
        // What we attached is known now; only people whom another processor was faster to meet are looked up again.
        for kept in identity.new_identifiers.iter().filter(|new| !lost.contains(&new.lead)) {
            known.insert(kept.identifier.clone(), kept.lead, false);
        }
        let of_lost = |assignment: &Assignment| assignment.lead().is_some_and(|lead| lost.contains(&lead));
        let again: Vec<&Event> = events
            .iter()
            .zip(&identity.assignments)
            .filter(|(_, assignment)| of_lost(assignment))
            .map(|(event, _)| *event)
            .collect();
        known.extend(store::find_identities(tx, &again).await?);
        identity = resolve_batch(events, known.clone(), || LeadId(app.new_id()));
    }
    Ok(None)
}

/// Locks the known leads of a batch; drafts of leads that somebody changed meanwhile are made again. Nothing: one of them was deleted.
async fn confirm<'a>(
    tx: &Tx,
    tenant: &TenantRules,
    drafts: Vec<Changed<'a>>,
    ahead: &mut Ahead,
    by_lead: &ByLead<'a>,
    new_leads: &HashSet<LeadId>,
    now: Timestamp,
) -> Result<Option<Vec<Changed<'a>>>, Failure> {
    let known: Vec<LeadId> = by_lead.keys().copied().filter(|lead| !new_leads.contains(lead)).collect();
    let stamps = store::lock_leads(tx, &known).await?;
    if stamps.len() != known.len() {
        return Ok(None);
    }
    let (mut changes, mut overtaken) = (drafts, Vec::new());
    changes.retain(|(one, _)| {
        let holds = by_lead.get(&one.lead).is_some_and(|events| one.still_holds(events, stamps.get(&one.lead)));
        if !holds {
            overtaken.push(one.lead);
        }
        holds
    });
    let drafted: HashSet<LeadId> = changes.iter().map(|(one, _)| one.lead).collect();
    let (new, stale): (Vec<LeadId>, Vec<LeadId>) =
        by_lead.keys().filter(|lead| !drafted.contains(lead)).partition(|lead| new_leads.contains(lead));
    ahead.take_back(tx, &overtaken, by_lead).await?;
    let mut work = load(tx, &stale, by_lead).await?;
    work.extend(new.iter().filter_map(|lead| Some(Work::new(*lead, by_lead.get(lead)?))));
    changes.extend(advance_all(tx, &tenant.rules, work, Trigger::Events, now).await?);
    Ok(Some(changes))
}

/// Known leads as they are, with their events of this batch.
async fn load<'a>(tx: &Tx, leads: &[LeadId], by_lead: &ByLead<'a>) -> Result<Vec<Work<'a>>, Failure> {
    let with_events = |lead: store::LoadedLead| {
        let events = by_lead.get(&lead.id).cloned().unwrap_or_default();
        Work::known(lead, events)
    };
    Ok(store::load_leads(tx, leads).await?.into_iter().map(with_events).collect())
}

fn validate(tenant: &TenantRules, id: TenantId, set: &[Submission]) -> (Vec<Event>, Vec<Parked>) {
    let country = tenant.tenant.default_country.parse::<Country>().unwrap_or_default();
    let mut events = Vec::with_capacity(set.len());
    let mut aside = Vec::new();
    for one in set {
        let arrival = events::Arrival {
            id: one.id,
            received_at: one.received_at,
            source: one.source.as_deref(),
            default_country: country,
        };
        // Taken apart one by one: the memory of the one before serves the next.
        let (reason, faults) = match raw::parse(&one.event).map(|raw| events::validate(&raw, "", &arrival)) {
            Ok(Ok(valid)) => {
                events.push(valid.event);
                continue;
            }
            Ok(Err(faults)) => ("invalid", faults),
            Err(fault) => ("malformed", vec![fault]),
        };
        aside.push(parked(id, one, reason, sentences(&faults)));
    }
    (events, aside)
}

fn parked(tenant: TenantId, one: &Submission, reason: &str, detail: String) -> Parked {
    let again = Inbound::Events(Events {
        tenant_id: tenant,
        source: one.source.clone(),
        received_at: one.received_at,
        unchecked: Unchecked::default(),
        receipts: vec![Receipt { id: one.id, event: one.event.clone() }],
    });
    // Text by text: an event that cannot be read is no JSON value. Messages can always be written.
    let again = serde_json::to_string(&again);
    Parked {
        id: one.id.0,
        tenant: Some(tenant.0),
        kind: "quarantine",
        source: one.source.clone().or_else(|| Receipt::source(&one.event)).unwrap_or_default(),
        queue: Some(queues::EVENTS),
        reason: reason.to_owned(),
        detail,
        // In the shape of a message, so that a replay is sending it again.
        body: again.unwrap_or_default(),
        headers: json!({}),
        received_at: one.received_at,
    }
}

/// Evaluates leads again without new events: after a change by hand, of the rules, or because time has passed.
///
/// # Errors
/// When the database does not answer.
pub async fn reevaluate_for(
    app: &App,
    tx: &Tx,
    leads: &[LeadId],
    trigger: Trigger,
    now: Timestamp,
) -> Result<(), Failure> {
    let tenant = rules(app, tx, trigger).await?;
    let mut sorted = leads.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let leads = lock(tx, &sorted).await?;
    advance_and_write(app, tx, &tenant, leads, trigger, now).await
}

/// Evaluates a lead again that is locked and as it stands now: what a person changed of it is in its profile already.
///
/// # Errors
/// When the database does not answer.
pub async fn reevaluate_loaded(app: &App, tx: &Tx, lead: LoadedLead, now: Timestamp) -> Result<(), Failure> {
    let tenant = rules(app, tx, Trigger::Edited).await?;
    advance_and_write(app, tx, &tenant, vec![lead], Trigger::Edited, now).await
}

/// The rules to evaluate with, which nobody walks past from now on. The walk itself is what others hold them for.
async fn rules(app: &App, tx: &Tx, trigger: Trigger) -> Result<Arc<TenantRules>, Failure> {
    if trigger != Trigger::Rules && store::hold_rules(tx).await? != tx.rule_set_version() {
        return Err(Failure::unavailable("other rules were published meanwhile; once more with those"));
    }
    app.rules().get(tx).await
}

async fn advance_and_write(
    app: &App,
    tx: &Tx,
    tenant: &TenantRules,
    leads: Vec<LoadedLead>,
    trigger: Trigger,
    now: Timestamp,
) -> Result<(), Failure> {
    let (count, lead) = (leads.len(), telemetry::only(&leads).map(|lead| display(lead.id)));
    let again = async {
        let work = leads.into_iter().map(|lead| Work::known(lead, Vec::new())).collect();
        let changes = advance_all(tx, &tenant.rules, work, trigger, now).await?;
        write(app, tx, tenant, &changes, &Ahead::default(), trigger, now).await
    };
    step(error_span!("reevaluate", leads = count, lead, why = ?trigger), again).await
}

/// Evaluates leads again after a change by hand.
///
/// # Errors
/// When the database does not answer.
pub async fn reevaluate(app: &App, tx: &Tx, leads: &[LeadId], now: Timestamp) -> Result<(), Failure> {
    reevaluate_for(app, tx, leads, Trigger::Edited, now).await
}
