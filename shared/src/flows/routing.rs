//! Routing: leads that may be ready are decided about under lock, and everything a decision means happens in one transaction:
//! deal in the pipeline's first stage, owner, status, decision record, task, message.
//!
//! Safe to repeat and to run twice at once: a lead is locked before it is looked at, members after all leads, each in the order
//! of ids; a lead that was routed is left alone, and a unique index stands behind that.

mod by_hand;
mod decide;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::try_join;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tracing::{Instrument as _, error_span};

use crate::app::App;
use crate::domain::ids::{LeadId, TaskId, TenantId};
use crate::domain::routing::{Assessment, DecisionInputs, DecisionRecord, assess};
use crate::failure::Failure;
use crate::flows::batch::{Deadline, Gate};
use crate::flows::reminders;
use crate::messages::{LeadsChanged, decode, queues};
use crate::store::leads::lock;
use crate::store::{Tx, outbox, routing as store};
use crate::telemetry::{self, step};

pub use by_hand::{Choice, route_by_hand};
use decide::Round;

/// What was decided about one lead.
#[derive(Debug, Clone)]
pub struct Decided {
    pub lead: LeadId,
    pub record: Arc<DecisionRecord>,
    /// The row of the decision; none when the outcome is the same as before.
    pub decision: Option<store::Decision>,
}

/// A task with its due moment, for the scheduler after the commit.
pub type DueTask = (TaskId, TenantId, Timestamp);

/// Evaluates leads in this transaction. Answers with a record per lead that exists, and the tasks that were made.
///
/// # Errors
/// When the database does not answer.
pub async fn evaluate(
    app: &App,
    tx: &Tx,
    leads: &[LeadId],
    now: Timestamp,
) -> Result<(Vec<Decided>, Vec<DueTask>), Failure> {
    let tenant = app.rules().get(tx).await?;
    let mut sorted = leads.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let locked = step(error_span!("lock_leads"), lock::lock(tx, &sorted)).await?;
    let inputs: Vec<DecisionInputs> =
        locked.iter().map(|lead| DecisionInputs::of(&tenant.rules, &lead.state, lead.flags, now)).collect();
    // The team is locked only when somebody is to be chosen or asked.
    let needs_people = locked.iter().zip(&inputs).any(|(lead, inputs)| match assess(inputs) {
        Assessment::Routed { .. } | Assessment::Discovery { .. } => true,
        Assessment::Conflict { first, .. } => decide::asks(lead, &first, now),
        Assessment::Pending { .. } => false,
    });
    let (members, targets) = match needs_people {
        true => {
            let people = try_join(store::lock_members(tx), store::list_pipelines(tx));
            step(error_span!("lock_members"), people).await?
        }
        false => (Vec::new(), Vec::new()),
    };
    let zone = TimeZone::get(&tenant.tenant.zone).unwrap_or(TimeZone::UTC);
    let mut round = Round::new(app, &tenant, members, targets, zone, now);
    let mut decided = Vec::with_capacity(locked.len());
    for (lead, inputs) in locked.iter().zip(inputs) {
        decided.push(round.decide(lead, inputs));
    }
    let due = step(error_span!("write", decisions = decided.len()), round.write(tx, &decided)).await?;
    Ok((decided, due))
}

/// Works through a batch of messages, all leads of one tenant together, as far as it gets by the deadline. A set that fails is tried
/// again message by message, so that one stubborn lead does not hold up the others; but not where the database is away. Answers with
/// one verdict per message, in order.
pub async fn route_messages(
    app: &App,
    messages: &[&str],
    now: Timestamp,
    deadline: Deadline,
) -> Vec<Result<(), Failure>> {
    let mut outcomes: Vec<Result<(), Failure>> = Vec::with_capacity(messages.len());
    let mut sets: BTreeMap<TenantId, Vec<(usize, Vec<LeadId>)>> = BTreeMap::new();
    for (n, message) in messages.iter().enumerate() {
        outcomes.push(decode::<LeadsChanged>(message).map(|LeadsChanged { tenant_id, lead_ids }| {
            sets.entry(tenant_id).or_default().push((n, lead_ids));
        }));
    }
    let mut gate = Gate::new(deadline);
    for (tenant, set) in sets {
        telemetry::of_tenant(tenant);
        let leads: Vec<LeadId> = set.iter().flat_map(|(_, leads)| leads).copied().collect();
        // Boxed, here and below: the compiler follows futures within futures only so far.
        match gate.through(route(app, tenant, &leads, now).boxed()).await {
            Ok(_) => {}
            Err(failure) if set.len() == 1 => outcomes[set[0].0] = Err(failure),
            Err(failure) => {
                tracing::warn!(reason = %failure, messages = set.len(), "leads cannot be routed together; one message after the other");
                for (n, leads) in set {
                    outcomes[n] = gate.through(route(app, tenant, &leads, now).boxed()).await.map(|_| ());
                }
            }
        }
    }
    telemetry::of_no_tenant();
    outcomes
}

/// Routes leads of one tenant in a transaction of their own.
///
/// # Errors
/// When the database does not answer; the leads may be given again.
pub async fn route(app: &App, tenant: TenantId, leads: &[LeadId], now: Timestamp) -> Result<usize, Failure> {
    let span = error_span!("route", leads = leads.len(), lead = telemetry::only(leads).map(display));
    let work = async {
        let (decided, due) = app.transact(tenant, async |tx| evaluate(app, &tx, leads, now).await).await?;
        reminders::schedule_due(app, &due).await;
        let decisions = decided.iter().filter(|one| one.decision.is_some()).count();
        tracing::info!(decisions, "evaluated");
        Ok(decisions)
    };
    work.boxed().instrument(span).await
}

/// Asks the router about leads whose score has been high for long enough that an unclear intent sends them to Discovery.
///
/// # Errors
/// When the database does not answer.
pub async fn ask_for_discovery(app: &App, tx: &Tx, now: Timestamp) -> Result<usize, Failure> {
    let tenant = app.rules().get(tx).await?;
    let config = tenant.rules.routing();
    let Some(days) = config.discovery_after_days else { return Ok(0) };
    let since = now - SignedDuration::from_hours(24 * i64::from(days));
    let (mut asked, mut after) = (0, FIRST);
    loop {
        let leads = store::list_discovery_due(tx, config.min_score, since, after, CHUNK).await?;
        let Some(last) = leads.last() else { return Ok(asked) };
        after = *last;
        asked += leads.len();
        ask(tx, &leads, now).await?;
    }
}

/// Before all leads.
const FIRST: LeadId = LeadId(uuid::Uuid::nil());

/// Leads of one statement.
const CHUNK: i64 = 500;

/// Leads of one message to the router.
const PER_MESSAGE: usize = 50;

/// Has the router look at leads.
async fn ask(tx: &Tx, leads: &[LeadId], now: Timestamp) -> Result<(), Failure> {
    let messages: Vec<LeadsChanged> = leads
        .chunks(PER_MESSAGE)
        .map(|chunk| LeadsChanged { tenant_id: tx.tenant(), lead_ids: chunk.to_vec() })
        .collect();
    outbox::put(tx, queues::ROUTING, &messages, now).await
}

/// Leads are not asked for again before this time: their message may be on its way.
const UNDECIDED: SignedDuration = SignedDuration::from_mins(10);

/// Asks the router again about leads that are ready, or in conflict, and about which nothing was decided since their standing changed:
/// their message was lost, whatever became of it. Answers with how many.
///
/// # Errors
/// When the database does not answer.
pub async fn ask_for_undecided(app: &App, tx: &Tx, now: Timestamp) -> Result<usize, Failure> {
    let tenant = app.rules().get(tx).await?;
    let config = tenant.rules.routing();
    let (score, confidence) = (config.min_score, i32::from(config.min_confidence.tenths()));
    let (mut asked, mut after) = (0, FIRST);
    loop {
        let leads = store::list_undecided(tx, score, confidence, now - UNDECIDED, after, CHUNK).await?;
        let Some(last) = leads.last() else { return Ok(asked) };
        after = *last;
        asked += leads.len();
        ask(tx, &leads, now).await?;
    }
}
