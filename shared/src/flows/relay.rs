//! What is left over when a function ends between its commit and the hand-over: found again and sent.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::domain::ids::{EffectId, TenantId};
use crate::failure::Failure;
use crate::integrations::slack;
use crate::messages::EffectDue;
use crate::store::{effects_work, outbox};

/// Younger rows are being handed over by the function that wrote them.
const GRACE: SignedDuration = SignedDuration::from_secs(30);

/// Rows in one transaction: some ten calls to SQS long.
const CHUNK: i32 = 100;

/// Well below the function's time limit; the next run goes on.
const ENOUGH: Duration = Duration::from_secs(100);

/// An effect this long past its time has lost its message.
const OVERDUE: SignedDuration = SignedDuration::from_mins(2);

/// Effects woken in one run: a partner's worker does not get through more before the next.
const EFFECTS: i32 = 500;

/// A woken effect is not woken again before this time, so that a worker that is behind is not flooded.
const REST: SignedDuration = SignedDuration::from_mins(10);

/// Sends what stands in the outbox for longer than 30 seconds, queue by queue and chunk by chunk, so that one queue that takes
/// nothing does not keep the others waiting. Answers with how many were sent.
///
/// # Errors
/// When the database does not answer. A queue that does not is no error: its rows stay.
pub async fn hand_over(app: &App, moment: Timestamp) -> Result<usize, Failure> {
    let started = Instant::now();
    let mut total = 0;
    for queue in outbox::QUEUES {
        while started.elapsed() < ENOUGH {
            let sent = hand_over_chunk(app, queue, moment - GRACE).await?;
            if sent == 0 {
                break;
            }
            total += sent;
        }
    }
    Ok(total)
}

/// The rows stay locked until they are deleted, so that a second relay takes others.
async fn hand_over_chunk(app: &App, queue: &'static str, due_before: Timestamp) -> Result<usize, Failure> {
    let tx = app.database().begin_without_tenant().await?;
    let sent = async {
        let promises = outbox::claim(&tx, queue, due_before, CHUNK).await?;
        let sent = app.sender().send_all(&promises).await;
        if !sent.is_empty() {
            outbox::delete_claimed(&tx, &sent).await?;
        }
        Ok(sent.len())
    }
    .await;
    match sent {
        Ok(sent) => tx.commit().await.map(|_| sent),
        Err(failure) => {
            tx.rollback().await;
            Err(failure)
        }
    }
}

/// An effect of a kind that this release lacks is looked at again after this time, when another release may be here; until then it
/// does not stand in front of others.
const FOREIGN_REST: SignedDuration = SignedDuration::from_hours(1);

/// Sends the messages of effects again that should have been tried more than two minutes ago. Answers with how many.
///
/// # Errors
/// When the database does not answer.
pub async fn wake_effects(app: &App, moment: Timestamp) -> Result<usize, Failure> {
    let mut by_place: BTreeMap<(TenantId, Option<&'static str>), Vec<EffectId>> = BTreeMap::new();
    for effect in effects_work::overdue(app.database(), moment - OVERDUE, EFFECTS).await? {
        let queue = queue_of(&effect.kind);
        if queue.is_none() {
            tracing::error!(effect_id = %effect.id, kind = effect.kind, "an effect of a kind this release lacks");
        }
        by_place.entry((effect.tenant, queue)).or_default().push(effect.id);
    }
    let mut woken = 0;
    for ((tenant, queue), ids) in by_place {
        match wake(app, tenant, queue, ids, moment).await {
            Ok(count) => woken += count,
            // One tenant (switched off, for instance) does not keep the others waiting.
            Err(failure) => tracing::warn!(tenant_id = %tenant, reason = %failure, "could not wake effects"),
        }
    }
    Ok(woken)
}

/// Without a queue they are only put off.
async fn wake(
    app: &App,
    tenant: TenantId,
    queue: Option<&'static str>,
    ids: Vec<EffectId>,
    moment: Timestamp,
) -> Result<usize, Failure> {
    let tx = app.begin(tenant).await?;
    let woken = async {
        let Some(queue) = queue else {
            effects_work::put_off(&tx, &ids, moment + FOREIGN_REST).await?;
            return Ok(0);
        };
        let bodies = ids
            .iter()
            .map(|id| {
                serde_json::to_string(&EffectDue { tenant_id: tenant, effect_id: *id }).map_err(Failure::internal)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let verdicts = app.sender().send_many(queue, bodies).await?;
        let sent: Vec<EffectId> = ids.into_iter().zip(verdicts).filter(|(_, sent)| *sent).map(|(id, _)| id).collect();
        effects_work::put_off(&tx, &sent, moment + REST).await?;
        Ok(sent.len())
    }
    .await;
    match woken {
        Ok(woken) => app.commit(&tx).await.map(|()| woken),
        Err(failure) => {
            tx.rollback().await;
            Err(failure)
        }
    }
}

/// The queue of the worker that does effects of a kind.
fn queue_of(kind: &str) -> Option<&'static str> {
    match kind {
        slack::KIND => Some(slack::QUEUE),
        _ => None,
    }
}
