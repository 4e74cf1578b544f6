//! One Slack effect from claim to result: what `slack-worker` does with a message.
//!
//! Two transactions, and the call to Slack between them. The first decides and claims; the second writes what became of it.
//! What ends in between (a killed function, a lost database) leaves a claim whose lease ends, and such an effect is `unknown`:
//! perhaps posted, never repeated, for a person to look at.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::failure::Failure;
use crate::integrations::secret_context;
use crate::integrations::slack::credentials::{Credentials, Unusable};
use crate::integrations::slack::wire::{Fault, Outcome};
use crate::integrations::slack::{KIND, NAME, QUEUE};
use crate::messages::EffectDue;
use crate::store::Tx;
use crate::store::effects_work::{self as ledger, Effect, Status};

/// Longer than a function with a claim can live, so that an ended lease means a dead function.
const LEASE: SignedDuration = SignedDuration::from_secs(90);

/// After so many attempts (some three hours when Slack is unreachable) nobody waits for the message any more.
const MOST_ATTEMPTS: i32 = 20;

/// What SQS can delay a message by.
const LONGEST_DELAY: Duration = Duration::from_secs(900);

/// Writing down what Slack answered is worth more than one try: without it the effect stays unknown.
const WRITE_TRIES: u64 = 3;

/// An effect that is ours to send.
pub struct Claimed {
    pub effect: Effect,
    pub credentials: Credentials,
}

/// What the first transaction decided.
enum Decision {
    /// There is nothing to do: done already, given up, or another worker is at it.
    Nothing,
    /// No call is free: after this time.
    Later(Duration),
    Send(Claimed),
}

/// Claims an effect, or finds out that there is nothing to send now; a message that must wait is put back on the queue.
///
/// # Errors
/// When the database does not answer, or the message names an effect of another partner.
pub async fn claim(app: &App, due: &EffectDue) -> Result<Option<Claimed>, Failure> {
    let tx = app.begin(due.tenant_id).await?;
    let decision = match decide(app, &tx, due).await {
        Ok(decision) => decision,
        Err(failure) => {
            tx.rollback().await;
            return Err(failure);
        }
    };
    app.commit(&tx).await?;
    match decision {
        Decision::Nothing => Ok(None),
        Decision::Later(delay) => {
            send_again(app, due, delay).await;
            Ok(None)
        }
        Decision::Send(claimed) => Ok(Some(claimed)),
    }
}

async fn decide(app: &App, tx: &Tx, due: &EffectDue) -> Result<Decision, Failure> {
    let now = app.now();
    let Some(mut effect) = ledger::lock(tx, due.effect_id).await? else {
        return Ok(Decision::Nothing);
    };
    if effect.kind != KIND {
        return Err(Failure::conflict("wrong_queue", format!("The effect is a {}, not a Slack message.", effect.kind)));
    }
    match effect.status {
        Status::Done | Status::Failed | Status::Unknown => return Ok(Decision::Nothing),
        Status::Sending if effect.lease_until.is_some_and(|until| until > now) => return Ok(Decision::Nothing),
        Status::Sending => {
            tracing::error!(effect_id = %effect.id, "a worker ended while sending; the message may have been posted");
            ledger::unknown(tx, &effect, "the worker ended while sending; look into the channel", now).await?;
            return Ok(Decision::Nothing);
        }
        Status::Pending => {}
    }
    let credentials = match credentials(app, tx).await? {
        Ok(credentials) => credentials,
        Err(problem) => {
            ledger::fail(tx, &effect, &problem, now).await?;
            ledger::note_error(tx, NAME, &problem, now).await?;
            return Ok(Decision::Nothing);
        }
    };
    if let Some(wait) = spend(tx, &credentials, &effect, now).await? {
        ledger::postpone(tx, &effect, later(now, wait)?, None).await?;
        return Ok(Decision::Later(wait));
    }
    effect.attempts = ledger::claim(tx, effect.id, now + LEASE).await?;
    Ok(Decision::Send(Claimed { effect, credentials }))
}

/// The tenant's credentials, or a sentence for the person who can mend them.
async fn credentials(app: &App, tx: &Tx) -> Result<Result<Credentials, String>, Failure> {
    let Some(connection) = ledger::connection(tx, NAME).await? else {
        return Ok(Err("Slack is not connected; connect it to get these messages".to_owned()));
    };
    let Some(sealed) = connection.secret else {
        return Ok(Err(Unusable::Missing.to_string()));
    };
    let opened = app.sealer()?.open(&secret_context(tx.tenant(), NAME), &sealed);
    Ok(match opened {
        Ok(secret) => Credentials::parse(&secret).map_err(|problem| problem.to_string()),
        Err(failure) => Err(failure.to_string()),
    })
}

/// Takes one call from every budget, or from none and says how long to wait: until one is free, behind the older messages.
async fn spend(
    tx: &Tx,
    credentials: &Credentials,
    effect: &Effect,
    now: Timestamp,
) -> Result<Option<Duration>, Failure> {
    let mut wait = 0;
    tx.savepoint().await?;
    for (key, rate) in credentials.budgets(&effect.target) {
        wait = ledger::take_rate(tx, &key, rate, now).await?;
        if wait > 0 {
            break;
        }
    }
    let Some(wait) = u64::try_from(wait).ok().filter(|wait| *wait > 0) else {
        return Ok(None);
    };
    tx.return_to_savepoint().await?;
    let channel = credentials.waits_per_channel().then_some(effect.target.as_str());
    let before = ledger::waiting_before(tx, effect, channel).await?;
    let wait = Duration::from_millis(wait) + Duration::from_secs(u64::try_from(before).unwrap_or_default());
    Ok(Some(wait.min(LONGEST_DELAY)))
}

/// Writes down what became of a claimed effect, and puts it back on the queue when it is to be tried again.
///
/// # Errors
/// When the database does not answer for a while; the effect is unknown then as soon as its lease has ended.
pub async fn settle(app: &App, due: &EffectDue, claimed: &Claimed, outcome: &Outcome) -> Result<(), Failure> {
    let mut tries = 1;
    let again = loop {
        match record(app, due, claimed, outcome).await {
            Ok(again) => break again,
            Err(failure) if failure.is_temporary() && tries < WRITE_TRIES => {
                tracing::warn!(effect_id = %due.effect_id, reason = %failure, "could not write the result; trying again");
                tokio::time::sleep(Duration::from_millis(300 * tries)).await;
                tries += 1;
            }
            Err(failure) => return Err(failure),
        }
    };
    if let Some(delay) = again {
        send_again(app, due, delay).await;
    }
    Ok(())
}

async fn record(app: &App, due: &EffectDue, claimed: &Claimed, outcome: &Outcome) -> Result<Option<Duration>, Failure> {
    let tx = app.begin(due.tenant_id).await?;
    match write(app, &tx, claimed, outcome).await {
        Ok(again) => app.commit(&tx).await.map(|()| again),
        Err(failure) => {
            tx.rollback().await;
            Err(failure)
        }
    }
}

async fn write(app: &App, tx: &Tx, claimed: &Claimed, outcome: &Outcome) -> Result<Option<Duration>, Failure> {
    let (now, effect) = (app.now(), &claimed.effect);
    match outcome {
        Outcome::Posted(answer) => {
            ledger::finish(tx, effect, answer, now).await?;
            ledger::note_success(tx, NAME, now).await?;
            Ok(None)
        }
        Outcome::Refused { code, fault } => {
            tracing::warn!(effect_id = %effect.id, code, "Slack refuses the message");
            ledger::fail(tx, effect, code, now).await?;
            match fault {
                Fault::Connection => {
                    ledger::note_error(tx, NAME, &format!("needs reconnect: Slack says {code}"), now).await?;
                }
                Fault::Channel => {
                    let text = format!("Slack says {code} about the channel {}", effect.target);
                    ledger::note_error(tx, NAME, &text, now).await?;
                }
                Fault::Content => {}
            }
            Ok(None)
        }
        Outcome::Limited(pause) => {
            ledger::block_rate(tx, claimed.credentials.pause_key(), later(now, *pause)?).await?;
            put_back(tx, effect, "429", (*pause).min(LONGEST_DELAY), now).await
        }
        Outcome::NotNow(code) => put_back(tx, effect, code, backoff(app, effect.attempts), now).await,
        Outcome::Unknown(reason) => {
            tracing::error!(effect_id = %effect.id, reason, "the message may have been posted; it is not sent again");
            ledger::unknown(tx, effect, reason, now).await?;
            Ok(None)
        }
    }
}

async fn put_back(
    tx: &Tx,
    effect: &Effect,
    error: &str,
    delay: Duration,
    now: Timestamp,
) -> Result<Option<Duration>, Failure> {
    if effect.attempts >= MOST_ATTEMPTS {
        tracing::error!(effect_id = %effect.id, error, attempts = effect.attempts, "given up");
        ledger::fail(tx, effect, error, now).await?;
        ledger::note_error(tx, NAME, &format!("gave up after {} attempts: {error}", effect.attempts), now).await?;
        return Ok(None);
    }
    Ok(ledger::postpone(tx, effect, later(now, delay)?, Some(error)).await?.then_some(delay))
}

/// 2, 4, 8 … 900 seconds, of which a random half is left out, so that many do not come back at once.
fn backoff(app: &App, attempts: i32) -> Duration {
    let full = Duration::from_secs(1 << attempts.clamp(1, 10)).min(LONGEST_DELAY);
    let random = u64::try_from(app.new_id().as_u128() & 0xffff).unwrap_or_default();
    full / 2 + full.mul_f64(random as f64 / 131_072.0)
}

fn later(now: Timestamp, wait: Duration) -> Result<Timestamp, Failure> {
    now.checked_add(wait).map_err(Failure::internal)
}

/// Back on the queue. When the queue does not take it, the relay finds the effect overdue.
async fn send_again(app: &App, due: &EffectDue, delay: Duration) {
    let body = match serde_json::to_string(due) {
        Ok(body) => body,
        Err(error) => return tracing::error!(reason = %error, "a message that is no JSON"),
    };
    // Rounded up: coming a little late is better than coming in vain.
    let seconds = delay.as_millis().div_ceil(1000).min(900);
    if let Err(failure) = app.sender().send(QUEUE, body, i32::try_from(seconds).unwrap_or(900)).await {
        tracing::warn!(effect_id = %due.effect_id, reason = %failure, "left to the relay");
    }
}
