//! The second transaction: what became of a claimed effect.

use std::time::Duration;

use jiff::Timestamp;

use super::claim::{Claimed, DOUBT};
use super::connection::{self, Problem};
use super::{Became, Ended, LONGEST_DELAY, Rest, backoff, by_queue, later, promise};
use crate::app::App;
use crate::failure::Failure;
use crate::integrations::partner::{CallOutcome, FaultDomain, Partner, Sight};
use crate::messages::EffectDue;
use crate::store::effects_work::{self as ledger, EffectError};
use crate::store::{Tx, partners};

/// After so many attempts (most of a day when the partner is unreachable) nobody waits for it any more.
const MOST_ATTEMPTS: i32 = 100;

/// Writing down what a partner answered is worth more than one try: without it the effect stays unknown.
const WRITE_TRIES: u64 = 3;

/// A partner indexes late: only when it says twice, this far apart, that there is none, there is none.
const APART: Duration = Duration::from_secs(60);

/// Writes down what became of a claimed effect.
///
/// # Errors
/// When the database does not answer for a while; the effect is unknown then as soon as its lease has ended.
pub(super) async fn settle(
    app: &App,
    partner: &dyn Partner,
    due: &EffectDue,
    claimed: &Claimed,
    ended: &Ended,
) -> Result<Rest, Failure> {
    let mut tries = 1;
    loop {
        match record(app, partner, due, claimed, ended).await {
            Err(failure) if failure.is_temporary() && tries < WRITE_TRIES => {
                tracing::warn!(effect_id = %due.effect_id, reason = %failure, "could not write the result; trying again");
                tokio::time::sleep(Duration::from_millis(300 * tries)).await;
                tries += 1;
            }
            outcome => return outcome,
        }
    }
}

async fn record(
    app: &App,
    partner: &dyn Partner,
    due: &EffectDue,
    claimed: &Claimed,
    ended: &Ended,
) -> Result<Rest, Failure> {
    let write = async |tx: Tx| match ended {
        Ended::Called(outcome) => called(app, &tx, partner, claimed, outcome).await,
        Ended::Looked(sight) => looked(app, &tx, partner, claimed, sight).await,
    };
    app.transact(due.tenant_id, write).await
}

async fn called(
    app: &App,
    tx: &Tx,
    partner: &dyn Partner,
    claimed: &Claimed,
    outcome: &CallOutcome,
) -> Result<Rest, Failure> {
    let (now, effect) = (app.now(), &claimed.effect);
    match outcome {
        CallOutcome::Done(answer) => done(tx, partner, claimed, answer, now).await,
        CallOutcome::Refused { code, words, fault } => {
            tracing::warn!(effect_id = %effect.id, code, fault = fault.as_str(), "the partner refuses");
            if *fault == FaultDomain::Connection {
                return key_refused(app, tx, partner, claimed, code, words.as_deref(), now).await;
            }
            let reason = EffectError { code, words: words.as_deref(), fault: Some(fault.as_str()) };
            if *fault == FaultDomain::Target {
                let text = format!("{} says {code} about {}", partner.title(), effect.target);
                partners::note_error(tx, partner.name(), &text, now).await?;
            }
            give_up(tx, claimed, reason, now).await
        }
        CallOutcome::Limited(pause) => {
            let again = put_back(tx, partner, claimed, "429", *pause, None, now).await?;
            // Until then the budget stands still; after as long as a message can be delayed it is asked again.
            ledger::pause_calls(tx, &claimed.link.pause_key(), later(now, *pause)?).await?;
            Ok(again)
        }
        CallOutcome::NotNow { code, at_least } => {
            let wait = backoff(app, effect.attempts).max(at_least.unwrap_or_default());
            put_back(tx, partner, claimed, code, wait, *at_least, now).await
        }
        CallOutcome::Unknown(reason) => {
            let ask = claimed.link.can_look_up(&claimed.call);
            tracing::error!(effect_id = %effect.id, reason, ask, "it may have been done; it is not done again before that is known");
            let look_at = if ask { Some(later(now, DOUBT)?) } else { None };
            Ok(match ledger::unknown(tx, effect, reason, look_at, now).await? {
                true => Rest { became: Some(Became::Unknown), again: look_at },
                false => Rest::default(),
            })
        }
    }
}

async fn done(
    tx: &Tx,
    partner: &dyn Partner,
    claimed: &Claimed,
    answer: &serde_json::Value,
    now: Timestamp,
) -> Result<Rest, Failure> {
    let id = [claimed.effect.id];
    if !ledger::finish(tx, &claimed.effect, answer, now).await? {
        return Ok(Rest::default());
    }
    let (freed, ()) = tokio::try_join!(
        biased;
        ledger::release(tx, &id, now),
        partners::note_success(tx, partner.name(), now),
    )?;
    promise(tx, &freed, now).await?;
    Ok(Rest::became(Became::Done))
}

/// Final, for it and for whatever needs it.
async fn give_up(tx: &Tx, claimed: &Claimed, reason: EffectError<'_>, now: Timestamp) -> Result<Rest, Failure> {
    if !ledger::fail(tx, &claimed.effect, reason, now).await? {
        return Ok(Rest::default());
    }
    ledger::fail_needing(tx, &[claimed.effect.id], now).await?;
    Ok(Rest::became(Became::Failed))
}

/// Held back until the integration works again; when it was mended meanwhile, the effect comes again at once.
async fn key_refused(
    app: &App,
    tx: &Tx,
    partner: &dyn Partner,
    claimed: &Claimed,
    code: &str,
    words: Option<&str>,
    now: Timestamp,
) -> Result<Rest, Failure> {
    let problem = Problem::Refused(words.unwrap_or(code));
    if connection::down(app, tx, partner, &claimed.connection, problem, now).await? {
        ledger::hold(tx, &claimed.effect, Some(EffectError { code, words, fault: None })).await?;
        return Ok(Rest::became(Became::Held));
    }
    put_back(tx, partner, claimed, code, backoff(app, claimed.effect.attempts), None, now).await
}

async fn put_back(
    tx: &Tx,
    partner: &dyn Partner,
    claimed: &Claimed,
    error: &str,
    wait: Duration,
    at_least: Option<Duration>,
    now: Timestamp,
) -> Result<Rest, Failure> {
    let effect = &claimed.effect;
    if effect.attempts >= MOST_ATTEMPTS {
        tracing::error!(effect_id = %effect.id, error, attempts = effect.attempts, "given up");
        let text = format!("gave up after {} attempts: {error}", effect.attempts);
        partners::note_error(tx, partner.name(), &text, now).await?;
        return give_up(tx, claimed, EffectError { code: error, words: None, fault: None }, now).await;
    }
    let at = by_queue(now, wait.min(LONGEST_DELAY))?;
    let not_before = at_least.map(|at_least| later(now, at_least)).transpose()?;
    Ok(match ledger::postpone(tx, effect, at, Some(error), not_before).await? {
        true => Rest::waits(at),
        false => Rest::default(),
    })
}

async fn looked(app: &App, tx: &Tx, partner: &dyn Partner, claimed: &Claimed, sight: &Sight) -> Result<Rest, Failure> {
    let (now, effect) = (app.now(), &claimed.effect);
    let again = async |wait: Duration, absent_at: Option<Timestamp>| {
        let at = later(now, wait)?;
        let written = ledger::look_again(tx, effect, Some(at), absent_at).await?;
        Ok(Rest { became: None, again: written.then_some(at) })
    };
    match sight {
        Sight::Found(answer) => done(tx, partner, claimed, answer, now).await,
        Sight::CannotAsk => ledger::look_again(tx, effect, None, None).await.map(|_| Rest::default()),
        Sight::Absent => match effect.absent_at {
            Some(first) if later(first, APART)? <= now => {
                tracing::info!(effect_id = %effect.id, "the partner has none; it is done again");
                Ok(match ledger::not_done(tx, effect, now).await? {
                    true => Rest::waits(now),
                    false => Rest::default(),
                })
            }
            Some(first) => {
                let left = later(first, APART)?.duration_since(now);
                again(Duration::try_from(left).unwrap_or(APART), None).await
            }
            None => again(APART, Some(now)).await,
        },
        Sight::Unanswered(CallOutcome::Limited(pause)) => {
            let at = again(*pause, None).await?;
            ledger::pause_calls(tx, &claimed.link.pause_key(), later(now, *pause)?).await?;
            Ok(at)
        }
        Sight::Unanswered(CallOutcome::Refused { code, words, fault: FaultDomain::Connection }) => {
            let problem = Problem::Refused(words.as_deref().unwrap_or(code));
            connection::down(app, tx, partner, &claimed.connection, problem, now).await?;
            again(LONGEST_DELAY, None).await
        }
        Sight::Unanswered(outcome) => {
            tracing::warn!(effect_id = %effect.id, ?outcome, "the partner does not say whether it was done");
            let at_least = match outcome {
                CallOutcome::NotNow { at_least, .. } => at_least.unwrap_or_default(),
                _ => Duration::ZERO,
            };
            again(LONGEST_DELAY.max(at_least), None).await
        }
    }
}
