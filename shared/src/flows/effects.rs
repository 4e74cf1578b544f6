//! Everything done outside, by one worker for all partners: an effect from claim to result.
//!
//! ```text
//!               needs done, not_before reached        claim             Done
//!   waiting ────────────────────────────────► pending ─────► sending ──────────► done
//!      │                                       │ ▲  ▲           │ Refused
//!      │ needs failed                          │ │  │           ├────────────► failed
//!      ▼                                       │ │  └───────────┤ Limited, NotNow, key refused
//!    failed (needs_failed)            cancel   │ │              │ no answer, 5xx, lease ended
//!                                              │ │ Absent twice ▼
//!   cancelled ◄────────────────────────────────┘ └─────────── unknown ─────────► done
//!                                                                │   Found
//!                                                                └─ CannotAsk: stays for a person
//! ```
//!
//! Who may move what:
//! - `waiting → pending`: the transaction that finishes what was needed ([`settle`]), or the sweep when a moment has come ([`sweep`]).
//! - `pending → sending`: a worker, which then holds a lease for longer than it can live; nobody else touches the row until then.
//! - `sending → …`: the worker that claimed it, fenced by the number of its attempt; or whoever finds its lease ended, to `unknown`.
//! - `unknown → …`: a worker that asked the partner, or a person. Never time alone.
//! - `→ cancelled`: a person or the rule that planned it ([`cancel`]), from `waiting`, `pending`, `failed` and `unknown`.
//!
//! A message brings an effect back, and each is for one moment of its row: `next_attempt_at`, or `look_at` of what is unknown. Only
//! the message for the moment the row waits for goes on. Whoever moves on gives the row another moment and sends at most one message,
//! for that; what else is on the queue (a repetition, what a dead worker did not delete, what was sent twice) finds another moment
//! and ends. So messages about one effect never become more, whatever is delivered how often.
//!
//! | the row | goes on | and then sends |
//! |---|---|---|
//! | `waiting` | no message | who begins or frees it: for the moment it is free |
//! | `pending` | the one for `next_attempt_at` | put off: for the new moment; claimed: none before its result |
//! | `sending` | none while the lease lasts, then any | as `unknown`: for the look, when the partner can be asked |
//! | `unknown` | the one for `look_at` | for the next look; for now, when it turns out not to have been done |
//! | ended | none | |
//!
//! When nobody sent what was to be sent (a death between commit and queue), the sweeps send the same again: for the same moment.
//!
//! Two transactions, and the call to the partner between them. The first decides and claims ([`claim`]); the second writes what
//! became of it ([`settle`]). What ends in between (a killed function, a lost database) leaves a claim whose lease ends. Effects at
//! one target are done in the order they were written.

mod claim;
pub mod connection;
mod settle;
pub mod sweep;

use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use serde_json::Value;
use tracing::{Instrument as _, error_span};

use crate::app::App;
use crate::domain::ids::EffectId;
use crate::failure::Failure;
use crate::integrations::partner::{CallOutcome, Partner, Sight};
use crate::messages::{EffectDue, queues};
use crate::store::effects::{self, NewEffect};
use crate::store::effects_work::{self as ledger, Freed, Status};
use crate::store::{Tx, outbox};
use crate::telemetry::metrics::{
    EFFECT_DURATION, EFFECTS_DONE, EFFECTS_FAILED, EFFECTS_HELD, EFFECTS_UNKNOWN, EFFECTS_WAITING,
};
use crate::telemetry::{self, step};

use claim::{Claimed, Decision, Step};

/// How long a person's call waits for a free moment, before it answers with the effect instead.
const PATIENCE: Duration = Duration::from_secs(2);

/// No partner is listened to for longer: the lease must outlast it. Partners' own limits are far below.
const LONGEST_CALL: Duration = Duration::from_secs(30);

/// What SQS can delay a message by.
const LONGEST_DELAY: Duration = Duration::from_secs(900);

/// How often a person's call looks whether the worker that was faster is done.
const GLANCE: Duration = Duration::from_millis(100);

/// Does one effect, or finds out that there is nothing to do now. Safe to repeat: only an effect that is to be done is done, and a
/// second delivery of a message finds it claimed or done.
///
/// # Errors
/// When the database does not answer, or the message names another partner's effect. The message comes again then.
pub async fn work(app: &App, partner: &dyn Partner, due: &EffectDue) -> Result<(), Failure> {
    telemetry::of_partner(partner.name());
    let span = error_span!("effect", effect_id = %due.effect_id, partner = partner.name());
    let work = async {
        let rest = match step(error_span!("claim"), claim::claim(app, partner, due)).await? {
            Decision::Rest(rest) => rest,
            Decision::Go(claimed) => {
                let started = Instant::now();
                let ended = act(&claimed).instrument(error_span!("call", attempt = claimed.effect.attempts)).await;
                EFFECT_DURATION.took(started.elapsed());
                step(error_span!("settle"), settle::settle(app, partner, due, &claimed, &ended)).await?
            }
        };
        if let Some(became) = rest.became {
            became.count();
        }
        if let Some(at) = rest.again {
            send_again(app, partner, due, at).await;
        }
        Ok(())
    };
    // Boxed: the compiler follows futures within futures only so far.
    work.boxed().instrument(span).await
}

/// What a transaction left of an effect: written, committed, and now for whoever counts and for its message.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Rest {
    /// None: it is what it was.
    became: Option<Became>,
    /// When its message is to come again.
    again: Option<Timestamp>,
}

impl Rest {
    fn became(became: Became) -> Self {
        Self { became: Some(became), again: None }
    }

    fn again(at: Timestamp) -> Self {
        Self { became: None, again: Some(at) }
    }

    /// It waits, for a free call, for its turn, or until the partner answers again.
    fn waits(at: Timestamp) -> Self {
        Self { became: Some(Became::Waiting), again: Some(at) }
    }
}

/// What an effect has become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Became {
    Done,
    Failed,
    Unknown,
    Waiting,
    /// Until its integration works again.
    Held,
}

impl Became {
    fn count(self) {
        let metric = match self {
            Self::Done => &EFFECTS_DONE,
            Self::Failed => &EFFECTS_FAILED,
            Self::Unknown => &EFFECTS_UNKNOWN,
            Self::Waiting => &EFFECTS_WAITING,
            Self::Held => &EFFECTS_HELD,
        };
        metric.add(1.0);
    }
}

/// What a call or a look ended with.
enum Ended {
    Called(CallOutcome),
    Looked(Sight),
}

async fn act(claimed: &Claimed) -> Ended {
    tokio::time::sleep(claimed.wait).await;
    let (link, call) = (&claimed.link, &claimed.call);
    let asked = async {
        match tokio::time::timeout(LONGEST_CALL, link.look_up(call)).await {
            Ok(sight) => sight,
            Err(_) => Sight::Unanswered(CallOutcome::not_now("no answer in time")),
        }
    };
    if claimed.step == Step::Look {
        return Ended::Looked(asked.await);
    }
    if claimed.step == Step::LookAndPerform {
        match asked.await {
            Sight::Found(answer) => return Ended::Called(CallOutcome::Done(answer)),
            Sight::Absent | Sight::CannotAsk => tokio::time::sleep(claimed.pause).await,
            // Nothing was done yet, so that the question may be asked again with everything else.
            Sight::Unanswered(CallOutcome::Unknown(reason)) => return Ended::Called(CallOutcome::not_now(reason)),
            Sight::Unanswered(outcome) => return Ended::Called(outcome),
        }
    }
    match tokio::time::timeout(LONGEST_CALL, link.perform(call)).await {
        Ok(outcome) => Ended::Called(outcome),
        Err(_) => Ended::Called(CallOutcome::Unknown("no answer in time".to_owned())),
    }
}

/// What a person who waits for an effect is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Done; the partner's answer.
    Done(Value),
    /// The partner will not take it: its code and its words.
    Refused { code: String, words: Option<String> },
    /// It is on its way: the partner is busy or away, and this is where to look.
    Accepted(EffectId),
}

/// Does an effect that a person waits for, after the commit that wrote it. When no call is free within two seconds, the answer is the
/// effect, and the worker does it.
///
/// # Errors
/// As [`work`].
pub async fn work_now(app: &App, partner: &dyn Partner, due: &EffectDue) -> Result<Verdict, Failure> {
    work(app, partner, due).await?;
    let started = Instant::now();
    loop {
        let tx = app.begin(due.tenant_id).await?;
        let standing = ledger::standing(&tx, due.effect_id).await;
        tx.rollback().await;
        let Some(standing) = standing? else { return Err(Failure::not_found("effect")) };
        match standing.status {
            Status::Done => return Ok(Verdict::Done(standing.answer.unwrap_or_default())),
            Status::Failed | Status::Cancelled => {
                let code = standing.code.unwrap_or_else(|| "cancelled".to_owned());
                return Ok(Verdict::Refused { code, words: standing.words });
            }
            // The message was faster than this call: its worker is at it.
            Status::Sending if started.elapsed() < PATIENCE => tokio::time::sleep(GLANCE).await,
            Status::Waiting | Status::Pending | Status::Sending | Status::Unknown => {
                return Ok(Verdict::Accepted(due.effect_id));
            }
        }
    }
}

/// Writes an effect that a person asks for, and answers with its id, which is the one of the effect that is already there for the same
/// reason.
///
/// # Errors
/// `not_connected` when the tenant does not use the partner; else when the database does not answer.
pub async fn ask(tx: &Tx, partner: &dyn Partner, effect: NewEffect, now: Timestamp) -> Result<EffectId, Failure> {
    effects::insert(tx, partner.name(), std::slice::from_ref(&effect), now).await?;
    effects::find_same(tx, &effect).await?.ok_or_else(|| {
        let title = partner.title();
        let detail = format!("{title} is not connected. Connect it under Settings → Integrations, then try again.");
        Failure::conflict("not_connected", detail)
    })
}

/// Cancels what is neither under way nor done, and with it what needs it. Answers with what was cancelled.
///
/// # Errors
/// When the database does not answer.
pub async fn cancel(tx: &Tx, ids: &[EffectId], now: Timestamp) -> Result<Vec<EffectId>, Failure> {
    let cancelled = ledger::cancel(tx, ids, now).await?;
    if !cancelled.is_empty() {
        ledger::fail_needing(tx, &cancelled, now).await?;
    }
    Ok(cancelled)
}

/// Promises effects that may be done from now on to their partners' queues.
async fn promise(tx: &Tx, freed: &[Freed], now: Timestamp) -> Result<(), Failure> {
    for queue in queues::consumed() {
        let of_queue = freed.iter().filter(|effect| effect.partner == queue.name);
        let due: Vec<EffectDue> = of_queue
            .map(|effect| EffectDue { tenant_id: tx.tenant(), effect_id: effect.id, due_at: Some(effect.moment) })
            .collect();
        outbox::put(tx, queue.name, &due, now).await?;
    }
    Ok(())
}

/// Back on the queue, to come at a moment. When the queue does not take it, the sweeps find the effect overdue.
async fn send_again(app: &App, partner: &dyn Partner, due: &EffectDue, at: Timestamp) {
    let due = EffectDue { due_at: Some(at), ..*due };
    let delay = Duration::try_from(at.duration_since(app.now())).unwrap_or_default();
    let body = match serde_json::to_string(&due) {
        Ok(body) => body,
        Err(error) => return tracing::error!(reason = %error, "a message that is no JSON"),
    };
    // Rounded up: coming a little late is better than coming in vain.
    let seconds = delay.min(LONGEST_DELAY).as_millis().div_ceil(1000);
    if let Err(failure) = app.sender().send(partner.name(), body, i32::try_from(seconds).unwrap_or(900)).await {
        tracing::warn!(effect_id = %due.effect_id, reason = %failure, "left to the sweeps");
    }
}

/// 2, 4, 8 … 900 seconds, of which a random half is left out, so that many do not come back at once.
fn backoff(app: &App, attempts: i32) -> Duration {
    let full = Duration::from_secs(1 << attempts.clamp(1, 10)).min(LONGEST_DELAY);
    let random = u64::try_from(app.new_id().as_u128() & 0xffff).unwrap_or_default();
    full / 2 + full.mul_f64(random as f64 / 131_072.0)
}

/// After a wait, at a moment at which the queue can bring a message: whole seconds from now, and at least one.
fn by_queue(now: Timestamp, wait: Duration) -> Result<Timestamp, Failure> {
    let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
    later(now, Duration::from_secs(seconds.max(1)))
}

/// To the microsecond, as Postgres keeps it: a message and its row are compared by it.
fn later(now: Timestamp, wait: Duration) -> Result<Timestamp, Failure> {
    let at = now.checked_add(wait).map_err(Failure::internal)?;
    Timestamp::from_microsecond(at.as_microsecond()).map_err(Failure::internal)
}
