//! What finds effects whose message was lost, whose moment has come, and which a partner has to be asked about.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tracing::error_span;

use super::{connection, promise};
use crate::app::App;
use crate::domain::ids::{EffectId, TenantId};
use crate::failure::Failure;
use crate::messages::{EffectDue, queues};
use crate::store::effects_work::{self as ledger, Overdue, Status};
use crate::store::{Tx, partners};
use crate::telemetry::step;

/// An effect this long past its time has lost its message.
const OVERDUE: SignedDuration = SignedDuration::from_mins(2);

/// Effects woken in one run: a partner's worker does not get through more before the next.
const EFFECTS: i32 = 500;

/// A woken effect is not woken again before this time, so that a worker that is behind is not flooded.
const REST: SignedDuration = SignedDuration::from_mins(10);

/// An effect of a partner that this release lacks is looked at again after this time, when another release may be here; until then it
/// does not stand in front of others.
const FOREIGN_REST: SignedDuration = SignedDuration::from_hours(1);

/// Integrations, and effects that others wait for, looked at in one run.
const MOST: i32 = 1000;

/// Every minute: sends the messages of effects again that should have been tried more than two minutes ago, and begins those whose
/// moment has come. Answers with how many.
///
/// # Errors
/// When the database does not answer.
pub async fn wake(app: &App, moment: Timestamp) -> Result<usize, Failure> {
    let begun = step(error_span!("begin_ready"), begin_ready(app, moment)).await?;
    let overdue = ledger::overdue(app.database(), moment - OVERDUE, moment, EFFECTS);
    let overdue = step(error_span!("overdue"), overdue).await?;
    Ok(begun + send(app, overdue, Some(moment)).await?)
}

/// What a run of `effects-reconcile` did.
#[derive(Debug, Default, Serialize, PartialEq, Eq)]
pub struct Reconciled {
    /// Unknown effects whose partner is asked now.
    pub asked: usize,
    /// Integrations that were up while effects were held back for them.
    pub resumed: usize,
    /// Effects that others waited for although they had ended.
    pub released: usize,
}

/// Every hour: has partners asked about unknown effects, and mends what was left behind between two transactions.
///
/// # Errors
/// When the database does not answer. A tenant that fails is logged, and does not keep the others waiting.
pub async fn reconcile(app: &App, moment: Timestamp) -> Result<Reconciled, Failure> {
    let doubtful = ledger::doubtful(app.database(), moment - OVERDUE, EFFECTS);
    let doubtful = step(error_span!("doubtful"), doubtful).await?;
    // They are not put off: until a partner has answered they stay doubtful.
    let mut done = Reconciled { asked: send(app, doubtful, None).await?, ..Reconciled::default() };
    for (tenant, name) in step(error_span!("held"), partners::held(app.database(), MOST)).await? {
        match connection::works_again(app, tenant, &name).await {
            Ok(_) => done.resumed += 1,
            Err(failure) => tracing::warn!(tenant_id = %tenant, reason = %failure, "could not resume an integration"),
        }
    }
    let mut by_tenant: BTreeMap<TenantId, Vec<(EffectId, Status)>> = BTreeMap::new();
    for (tenant, id, status) in step(error_span!("settled_needs"), ledger::settled_needs(app.database(), MOST)).await? {
        by_tenant.entry(tenant).or_default().push((id, status));
    }
    for (tenant, settled) in by_tenant {
        match app.transact(tenant, async |tx| pass_on(&tx, &settled, moment).await).await {
            Ok(()) => done.released += settled.len(),
            Err(failure) => tracing::warn!(tenant_id = %tenant, reason = %failure, "could not pass on what ended"),
        }
    }
    Ok(done)
}

async fn pass_on(tx: &Tx, settled: &[(EffectId, Status)], now: Timestamp) -> Result<(), Failure> {
    let (done, lost): (Vec<_>, Vec<_>) = settled.iter().partition(|(_, status)| *status == Status::Done);
    let ids = |some: &[&(EffectId, Status)]| some.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    let freed = ledger::release(tx, &ids(&done), now).await?;
    ledger::fail_needing(tx, &ids(&lost), now).await?;
    promise(tx, &freed, now).await
}

async fn begin_ready(app: &App, moment: Timestamp) -> Result<usize, Failure> {
    let mut by_tenant: BTreeMap<TenantId, Vec<EffectId>> = BTreeMap::new();
    for (tenant, id) in ledger::ready(app.database(), moment, EFFECTS).await? {
        by_tenant.entry(tenant).or_default().push(id);
    }
    let mut begun = 0;
    for (tenant, ids) in by_tenant {
        let began = app.transact(tenant, async |tx| {
            let freed = ledger::begin_ready(&tx, &ids, moment).await?;
            promise(&tx, &freed, moment).await?;
            Ok(freed.len())
        });
        match began.await {
            Ok(count) => begun += count,
            Err(failure) => tracing::warn!(tenant_id = %tenant, reason = %failure, "could not begin effects"),
        }
    }
    Ok(begun)
}

/// Puts their messages on their partners' queues; with a moment they then rest from there on.
async fn send(app: &App, effects: Vec<Overdue>, rest_from: Option<Timestamp>) -> Result<usize, Failure> {
    let mut by_place: BTreeMap<(TenantId, Option<&'static str>), Vec<Overdue>> = BTreeMap::new();
    for effect in effects {
        let queue = queues::find(&effect.partner).map(|queue| queue.name);
        if queue.is_none() {
            tracing::error!(effect_id = %effect.id, partner = effect.partner, "an effect of a partner this release lacks");
        }
        by_place.entry((effect.tenant, queue)).or_default().push(effect);
    }
    let mut woken = 0;
    for ((tenant, queue), effects) in by_place {
        match send_to(app, tenant, queue, &effects, rest_from).await {
            Ok(count) => woken += count,
            // One tenant (switched off, for instance) does not keep the others waiting.
            Err(failure) => tracing::warn!(tenant_id = %tenant, reason = %failure, "could not wake effects"),
        }
    }
    Ok(woken)
}

/// Without a queue they are only put off. No transaction is open while SQS is waited for: a death in between sends them once more, for
/// the same moments.
async fn send_to(
    app: &App,
    tenant: TenantId,
    queue: Option<&'static str>,
    effects: &[Overdue],
    rest_from: Option<Timestamp>,
) -> Result<usize, Failure> {
    let (sent, rest) = match queue {
        Some(queue) => (put_on(app, tenant, queue, effects).await?, REST),
        None => (effects.iter().map(|effect| effect.id).collect(), FOREIGN_REST),
    };
    if let Some(moment) = rest_from {
        app.transact(tenant, async |tx| ledger::put_off(&tx, &sent, moment + rest).await).await?;
    }
    Ok(if queue.is_some() { sent.len() } else { 0 })
}

/// Answers with those that the queue took.
async fn put_on(
    app: &App,
    tenant: TenantId,
    queue: &'static str,
    effects: &[Overdue],
) -> Result<Vec<EffectId>, Failure> {
    let bodies = effects
        .iter()
        .map(|effect| {
            let due = EffectDue { tenant_id: tenant, effect_id: effect.id, due_at: Some(effect.moment) };
            serde_json::to_string(&due).map_err(Failure::internal)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let verdicts = app.sender().send_many(queue, bodies).await?;
    Ok(effects.iter().zip(verdicts).filter(|(_, sent)| *sent).map(|(effect, _)| effect.id).collect())
}
