//! The first transaction: what is to be done about an effect now, and the claim that keeps others from doing it too.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::connection::{self, Problem};
use super::{Became, PATIENCE, Rest, by_queue, later};
use crate::app::App;
use crate::config;
use crate::failure::Failure;
use crate::integrations::partner::{Access, Call, Link, Partner};
use crate::integrations::secret_context;
use crate::messages::EffectDue;
use crate::store::Tx;
use crate::store::effects::Priority;
use crate::store::effects_work::{self as ledger, Ahead, Effect, EffectError, Status, Taken};
use crate::store::partners::{self, Integration};

/// Longer than a function with a claim can live, so that an ended lease means a dead function.
const LEASE: SignedDuration = SignedDuration::from_secs(90);

/// Between a look and the call after it, however slow the budget is: the lease must outlast it.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A partner is asked about an effect this long after it became unknown.
pub(super) const DOUBT: Duration = Duration::from_secs(120);

/// While the integration is down, an unknown effect is looked at again after this time.
const DOWN: SignedDuration = SignedDuration::from_hours(1);

/// What a claimed effect is claimed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Perform,
    /// It may be there already: what is found is taken.
    LookAndPerform,
    /// It is unknown.
    Look,
}

/// An effect that is ours.
pub(super) struct Claimed {
    pub(super) effect: Effect,
    pub(super) call: Call,
    pub(super) link: Box<dyn Link>,
    /// As it was when this was claimed: an answer to an old key says nothing about a new one.
    pub(super) connection: Integration,
    pub(super) step: Step,
    /// Until the moment the call was taken for.
    pub(super) wait: Duration,
    /// Between a look and the call after it, which the budget takes so long to have.
    pub(super) pause: Duration,
}

/// What the first transaction decided.
pub(super) enum Decision {
    /// Nothing is done now: it is not to be done any more, another worker is at it, or it rests.
    Rest(Rest),
    Go(Box<Claimed>),
}

/// There is nothing to do: done already, given up, held back, or another worker is at it.
const NOTHING: Decision = Decision::Rest(Rest { became: None, again: None });

/// Claims an effect, or finds out that there is nothing to do now.
pub(super) async fn claim(app: &App, partner: &dyn Partner, due: &EffectDue) -> Result<Decision, Failure> {
    app.transact(due.tenant_id, async |tx| decide(app, &tx, partner, due).await).await
}

async fn decide(app: &App, tx: &Tx, partner: &dyn Partner, due: &EffectDue) -> Result<Decision, Failure> {
    let now = app.now();
    // Sent together and run one after the other: the lock comes before what is read under it.
    let (effect, connection, ahead) = tokio::try_join!(
        biased;
        ledger::lock(tx, due, now),
        partners::find(tx, partner.name()),
        ledger::ahead(tx, due.effect_id, now),
    )?;
    let Some(effect) = effect else { return Ok(NOTHING) };
    if effect.partner != partner.name() {
        let detail = format!("The effect is a {}, which {} does not do.", effect.kind, partner.title());
        return Err(Failure::conflict("wrong_queue", detail));
    }
    match effect.status {
        Status::Done | Status::Failed | Status::Cancelled | Status::Waiting => return Ok(NOTHING),
        Status::Sending if effect.lease_until.is_some_and(|until| until > now) => return Ok(NOTHING),
        // Whoever comes finds out that the lease has ended: once, since the status says so afterwards.
        Status::Sending => {}
        // Another message was sent for its moment. One more that goes on would send one more, and each delivery of that another.
        Status::Pending | Status::Unknown if !effect.due => return Ok(NOTHING),
        Status::Pending => {
            if let Some(at) = effect.not_before {
                return put_off(tx, &effect, span(now, at), now).await;
            }
        }
        Status::Unknown => {
            if let Some(at) = effect.look_at.filter(|at| *at > now) {
                // Another moment, so that of several deliveries of this message one goes on.
                let at = later(at, Duration::from_micros(1))?;
                ledger::claim_look(tx, effect.id, at).await?;
                return Ok(Decision::Rest(Rest::again(at)));
            }
        }
    }
    let Some(connection) = connection else {
        return without_connection(tx, partner, &effect, now).await;
    };
    let link = match connect(app, tx, partner, &connection) {
        Ok(link) if !connection.down => link,
        problem => return no_way_in(app, tx, partner, &effect, &connection, problem.err(), now).await,
    };
    let call = Call {
        id: effect.id,
        kind: effect.kind.clone(),
        target: effect.target.clone(),
        payload: effect.payload.clone(),
        needed: effect.needed.clone(),
    };
    match effect.status {
        Status::Sending => ended_while_sending(tx, &effect, link.can_look_up(&call), now).await,
        Status::Unknown => look(tx, effect, call, link, connection, now).await,
        _ => perform(tx, effect, call, link, connection, ahead, now).await,
    }
}

/// The tenant's way in, or a sentence for the person who can mend it.
fn connect(app: &App, tx: &Tx, partner: &dyn Partner, connection: &Integration) -> Result<Box<dyn Link>, String> {
    let Some(sealed) = &connection.secret else {
        return Err(format!("{} is connected without credentials; connect it again", partner.title()));
    };
    let context = secret_context(tx.tenant(), partner.name());
    let secret =
        app.sealer().and_then(|sealer| sealer.open(&context, sealed)).map_err(|failure| failure.to_string())?;
    let http = app.http().map_err(|failure| failure.to_string())?;
    let base_url = config::stand_in(partner.base_url_variable());
    partner.connect(Access { settings: &connection.settings, secret: &secret, http, base_url })
}

async fn without_connection(
    tx: &Tx,
    partner: &dyn Partner,
    effect: &Effect,
    now: Timestamp,
) -> Result<Decision, Failure> {
    let words = format!("{} is not connected; connect it to get this done", partner.title());
    match effect.status {
        // Whether it was done cannot be found out without a connection.
        Status::Unknown => ledger::claim_look(tx, effect.id, now + DOWN).await?,
        Status::Sending => {
            ledger::unknown(tx, effect, "the worker ended while sending", None, now).await?;
            return Ok(Decision::Rest(Rest::became(Became::Unknown)));
        }
        _ => {
            let reason = EffectError { code: "not_connected", words: Some(&words), fault: Some("connection") };
            ledger::fail(tx, effect, reason, now).await?;
            ledger::fail_needing(tx, &[effect.id], now).await?;
            return Ok(Decision::Rest(Rest::became(Became::Failed)));
        }
    }
    Ok(NOTHING)
}

/// The integration is down, or is found to be: what is to be done waits for it.
async fn no_way_in(
    app: &App,
    tx: &Tx,
    partner: &dyn Partner,
    effect: &Effect,
    connection: &Integration,
    problem: Option<String>,
    now: Timestamp,
) -> Result<Decision, Failure> {
    if let Some(problem) = &problem {
        connection::down(app, tx, partner, connection, Problem::Unusable(problem), now).await?;
    }
    match effect.status {
        Status::Unknown => ledger::claim_look(tx, effect.id, now + DOWN).await?,
        Status::Sending => {
            // Whether the partner can be asked shows when there is a way in again.
            ledger::unknown(tx, effect, "the worker ended while sending", Some(now + DOWN), now).await?;
            return Ok(Decision::Rest(Rest::became(Became::Unknown)));
        }
        _ => {
            let reason = problem.as_deref().map(|words| EffectError {
                code: "unusable_credentials",
                words: Some(words),
                fault: None,
            });
            ledger::hold(tx, effect, reason).await?;
            return Ok(Decision::Rest(Rest::became(Became::Held)));
        }
    }
    Ok(NOTHING)
}

async fn ended_while_sending(tx: &Tx, effect: &Effect, can_look_up: bool, now: Timestamp) -> Result<Decision, Failure> {
    tracing::error!(effect_id = %effect.id, can_look_up, "a worker ended while sending; it may have been done");
    let look_at = if can_look_up { Some(later(now, DOUBT)?) } else { None };
    ledger::unknown(tx, effect, "the worker ended while sending; look whether it was done", look_at, now).await?;
    Ok(Decision::Rest(Rest { became: Some(Became::Unknown), again: look_at }))
}

async fn look(
    tx: &Tx,
    effect: Effect,
    call: Call,
    link: Box<dyn Link>,
    connection: Integration,
    now: Timestamp,
) -> Result<Decision, Failure> {
    let mut wait = Duration::ZERO;
    if link.can_look_up(&call) {
        match ledger::take_calls(tx, &link.budgets(&call), 1, effect.priority, PATIENCE, now).await? {
            Taken::After(time) => wait = time,
            Taken::Not(time) => {
                let at = by_queue(now, time)?;
                ledger::claim_look(tx, effect.id, at).await?;
                return Ok(Decision::Rest(Rest::again(at)));
            }
        }
    }
    ledger::claim_look(tx, effect.id, now + LEASE).await?;
    Ok(Decision::Go(Box::new(Claimed {
        effect,
        call,
        link,
        connection,
        step: Step::Look,
        wait,
        pause: Duration::ZERO,
    })))
}

async fn perform(
    tx: &Tx,
    mut effect: Effect,
    call: Call,
    link: Box<dyn Link>,
    connection: Integration,
    ahead: Ahead,
    now: Timestamp,
) -> Result<Decision, Failure> {
    let budgets = link.budgets(&call);
    let per_second = budgets.first().map_or(1.0, |budget| budget.per_second);
    if let Some(moves_at) = ahead.moves_at {
        if ahead.slower && effect.priority == Priority::User {
            ledger::hurry(tx, effect.id).await?;
        }
        // What should have moved already has lost its message: it is looked at after twice, four times, eight times as long.
        let until_it_moves = span(now.min(moves_at), now.max(moves_at));
        let turn = until_it_moves + Duration::from_secs_f64(f64::from(ahead.effects) / per_second);
        return put_off(tx, &effect, turn, now).await;
    }
    let step = match link.can_look_up(&call) && (effect.attempts > 0 || link.looks_first(&call)) {
        true => Step::LookAndPerform,
        false => Step::Perform,
    };
    let calls = if step == Step::LookAndPerform { 2 } else { 1 };
    match ledger::take_calls(tx, &budgets, calls, effect.priority, PATIENCE, now).await? {
        Taken::After(wait) => {
            effect.attempts = ledger::claim(tx, effect.id, now + LEASE).await?;
            let slowest = budgets.iter().map(|budget| budget.per_second).fold(f64::INFINITY, f64::min);
            let pause = Duration::try_from_secs_f64(1.0 / slowest).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
            Ok(Decision::Go(Box::new(Claimed { effect, call, link, connection, step, wait, pause })))
        }
        Taken::Not(wait) => {
            // Behind the older ones that wait for the same budget.
            let target = link.waits_per_target().then_some(effect.target.as_str());
            let before = ledger::waiting_before(tx, &effect, target).await?;
            let turn = Duration::from_secs_f64(before as f64 / per_second);
            put_off(tx, &effect, wait + turn, now).await
        }
    }
}

async fn put_off(tx: &Tx, effect: &Effect, wait: Duration, now: Timestamp) -> Result<Decision, Failure> {
    let at = by_queue(now, wait.min(super::LONGEST_DELAY))?;
    ledger::postpone(tx, effect, at, None, None).await?;
    Ok(Decision::Rest(Rest::waits(at)))
}

fn span(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
