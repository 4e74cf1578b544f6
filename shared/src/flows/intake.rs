//! From messages of the queue `events` to sets per tenant: proving senders that could not be proved before, translating webhooks,
//! and going on with a recalculation.

use std::collections::BTreeMap;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use serde_json::json;
use tracing::{Instrument as _, error_span};

use crate::app::App;
use crate::domain::access::Scope;
use crate::domain::hex;
use crate::domain::ids::{EventId, LeadId, TenantId};
use crate::failure::Failure;
use crate::flows::batch::{Deadline, Gate};
use crate::flows::deliveries;
use crate::flows::event_path::{self, Report, Submission, Trigger};
use crate::flows::inbox::put_aside;
use crate::flows::keys::find_key;
use crate::messages::events::{Delivery, Events, Inbound, Recalculate, Receipt, Unchecked, UnprovenEvents};
use crate::messages::queues;
use crate::store::inbox::{self, Parked};
use crate::store::{Tx, auth, event_path as store, outbox};
use crate::telemetry::metrics::{EVENTS_PARKED, EVENTS_REPEATED, EVENTS_STORED, STATEMENTS};
use crate::telemetry::{self, step};

/// Leads evaluated again in one step of a recalculation.
const RECALCULATE_CHUNK: i64 = 200;

/// Events of one tenant, each with the message it came in.
#[derive(Default)]
struct Set {
    submissions: Vec<Submission>,
    messages: Vec<usize>,
}

/// Works through a batch of messages, as far as it gets by the deadline. A message is done when all its events are; answers with one
/// verdict per message, in order.
pub async fn process_messages(
    app: &App,
    messages: &[&str],
    now: Timestamp,
    deadline: Deadline,
) -> Vec<Result<(), Failure>> {
    let mut outcomes: Vec<Result<(), Failure>> = Vec::with_capacity(messages.len());
    let mut sets: BTreeMap<TenantId, Set> = BTreeMap::new();
    let mut gate = Gate::new(deadline);
    for (n, message) in messages.iter().enumerate() {
        let taken = step(error_span!("take", nth = n), take(app, message, n, &mut sets, now));
        outcomes.push(gate.through(taken).await);
    }
    let mut total = Report::default();
    for (tenant, set) in sets {
        telemetry::of_tenant(tenant);
        // Boxed: the compiler follows futures within futures only so far.
        match gate.through(event_path::process(app, tenant, &set.submissions, now).boxed()).await {
            Ok(report) => {
                total.stored += report.stored;
                total.repeated += report.repeated;
                total.parked += report.parked;
                total.statements += report.statements;
            }
            Err(failure) => {
                let unusable = || Failure::conflict("tenant_unusable", failure.to_string());
                for n in set.messages {
                    outcomes[n] = Err(failure.shared().unwrap_or_else(unusable));
                }
            }
        }
    }
    telemetry::of_no_tenant();
    EVENTS_STORED.count_of(total.stored);
    EVENTS_REPEATED.count_of(total.repeated);
    EVENTS_PARKED.count_of(total.parked);
    STATEMENTS.add(total.statements as f64);
    outcomes
}

async fn take(
    app: &App,
    message: &str,
    n: usize,
    sets: &mut BTreeMap<TenantId, Set>,
    now: Timestamp,
) -> Result<(), Failure> {
    match Inbound::read(message)? {
        Inbound::Events(events) => check(app, events, n, sets).await,
        Inbound::UnprovenEvents(unproven) => prove(app, unproven, n, sets).await,
        Inbound::Delivery(delivery) => translate(app, delivery, n, sets).await,
        Inbound::Recalculate(step) => recalculate(app, step, now).await,
    }
}

fn add(
    sets: &mut BTreeMap<TenantId, Set>,
    tenant: TenantId,
    n: usize,
    receipts: Vec<Receipt>,
    source: Option<&str>,
    received_at: Timestamp,
) {
    let set = sets.entry(tenant).or_default();
    set.messages.push(n);
    set.submissions.extend(receipts.into_iter().map(|receipt| Submission {
        id: receipt.id,
        event: receipt.event,
        source: source.map(str::to_owned),
        received_at,
    }));
}

/// Looks whether a token that came while the database was away was still good then.
async fn check(app: &App, events: Events, n: usize, sets: &mut BTreeMap<TenantId, Set>) -> Result<(), Failure> {
    if events.unchecked != Unchecked::default()
        && was_refused(app, events.tenant_id, &events.unchecked, events.received_at).await?
    {
        let rows: Vec<Parked> = events
            .receipts
            .iter()
            .map(|receipt| {
                let source = Receipt::source(&receipt.event);
                let again = Events {
                    tenant_id: events.tenant_id,
                    source: events.source.clone(),
                    received_at: events.received_at,
                    unchecked: events.unchecked.clone(),
                    receipts: vec![receipt.clone()],
                };
                let aside = Aside {
                    tenant: Some(events.tenant_id),
                    source: source.as_deref().unwrap_or("unknown"),
                    reason: "revoked_token",
                    detail: "The token these events were sent with had been revoked by then, or its member is inactive.",
                    received_at: events.received_at,
                };
                aside.row(receipt.id, &Inbound::Events(again))
            })
            .collect::<Result<_, Failure>>()?;
        inbox::park(app.database(), &rows).await?;
        return Ok(());
    }
    add(sets, events.tenant_id, n, events.receipts, events.source.as_deref(), events.received_at);
    Ok(())
}

async fn was_refused(app: &App, tenant: TenantId, token: &Unchecked, at: Timestamp) -> Result<bool, Failure> {
    match app.transact(tenant, async |tx| auth::was_token_refused(&tx, token.shown(), at).await).await {
        Err(failure) if failure.is_temporary() => Err(failure),
        // A tenant that cannot be entered: that is found out, and said, where its events are processed.
        outcome => Ok(outcome.unwrap_or(false)),
    }
}

/// Looks up the key of a sender who came while the database was away, as it was then.
async fn prove(
    app: &App,
    unproven: UnprovenEvents,
    n: usize,
    sets: &mut BTreeMap<TenantId, Set>,
) -> Result<(), Failure> {
    let hash = hex::decode_hash(&unproven.key_hash)
        .ok_or_else(|| Failure::invalid("/key_hash", "format", "This is not a SHA-256 in hex."))?;
    let caller = match find_key(app.database(), &unproven.source, &hash, unproven.received_at).await {
        Ok(caller) => caller,
        Err(Failure::Unauthenticated(detail)) => return quarantine(app, &unproven, None, "unknown_key", &detail).await,
        Err(failure) => return Err(failure),
    };
    if let Err(refused) = caller.need(Scope::EventsWrite) {
        return quarantine(app, &unproven, Some(caller.tenant), "scope", &refused.to_string()).await;
    }
    add(sets, caller.tenant, n, unproven.receipts, Some(&unproven.source), unproven.received_at);
    Ok(())
}

async fn quarantine(
    app: &App,
    unproven: &UnprovenEvents,
    tenant: Option<TenantId>,
    reason: &str,
    detail: &str,
) -> Result<(), Failure> {
    let aside = Aside { tenant, source: &unproven.source, reason, detail, received_at: unproven.received_at };
    let rows: Vec<Parked> = unproven
        .receipts
        .iter()
        .map(|receipt| {
            let again = UnprovenEvents {
                source: unproven.source.clone(),
                key_hash: unproven.key_hash.clone(),
                received_at: unproven.received_at,
                receipts: vec![receipt.clone()],
            };
            aside.row(receipt.id, &Inbound::UnprovenEvents(again))
        })
        .collect::<Result<_, Failure>>()?;
    inbox::park(app.database(), &rows).await?;
    Ok(())
}

/// Why events of a sender are put aside.
struct Aside<'a> {
    tenant: Option<TenantId>,
    source: &'a str,
    reason: &'a str,
    detail: &'a str,
    received_at: Timestamp,
}

impl Aside<'_> {
    /// One event in the shape of its message, so that a replay is sending it again, with the same question about its sender.
    fn row(&self, id: EventId, again: &Inbound) -> Result<Parked, Failure> {
        Ok(Parked {
            id: id.0,
            tenant: self.tenant.map(|tenant| tenant.0),
            kind: "quarantine",
            source: self.source.to_owned(),
            queue: Some(queues::EVENTS),
            reason: self.reason.to_owned(),
            detail: self.detail.to_owned(),
            body: serde_json::to_string(again).map_err(Failure::internal)?,
            headers: json!({}),
            received_at: self.received_at,
        })
    }
}

async fn translate(app: &App, delivery: Delivery, n: usize, sets: &mut BTreeMap<TenantId, Set>) -> Result<(), Failure> {
    match deliveries::check_and_translate(app, &delivery).await? {
        Ok(translated) => {
            inbox::park(app.database(), &translated.aside).await?;
            let source = Some(delivery.source.as_str());
            add(sets, translated.tenant, n, translated.events, source, delivery.received_at);
            Ok(())
        }
        Err(park) => put_aside(app.database(), &delivery, &park).await,
    }
}

/// One step of evaluating all leads under new rules; the next step is a message of its own.
async fn recalculate(app: &App, step: Recalculate, now: Timestamp) -> Result<(), Failure> {
    let span = error_span!("recalculate", version = step.rule_set_version, after = step.after.map(display));
    let walked = app.transact(step.tenant_id, async |tx| {
        // A newer version has its own walk.
        if tx.rule_set_version() == step.rule_set_version { walk(app, &tx, &step, now).await } else { Ok(()) }
    });
    walked.boxed().instrument(span).await
}

async fn walk(app: &App, tx: &Tx, step: &Recalculate, now: Timestamp) -> Result<(), Failure> {
    let after = step.after.unwrap_or(LeadId(uuid::Uuid::nil()));
    let mut leads = store::list_leads_after(tx, after, RECALCULATE_CHUNK).await?;
    let last = leads.last().copied();
    if last.is_none() {
        // Whoever had begun with the old rules may have made leads that the walk did not see.
        store::await_holders_of_rules(tx).await?;
        leads = store::list_leads_behind(tx, step.rule_set_version, RECALCULATE_CHUNK).await?;
    }
    if leads.is_empty() {
        return Ok(());
    }
    event_path::reevaluate_for(app, tx, &leads, Trigger::Rules, now).await?;
    let next = Inbound::Recalculate(Recalculate { after: last.or(step.after), ..step.clone() });
    outbox::put(tx, queues::EVENTS, &[next], now).await
}
