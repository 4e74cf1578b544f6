//! The entry point of queue consumers. A consumer sees one typed message, or, on the hot path, all messages of a batch; it never
//! sees SQS. Each message is decoded alone, so that one bad body does not fail its neighbours.
//!
//! | outcome | what happens |
//! |---|---|
//! | `Ok` | done, deleted |
//! | temporary failure | comes back after the partner's delay or a growing one with jitter; after half a day of tries it is a dead letter |
//! | permanent failure, undecodable body | parked in the inbox with the reason, deleted |
//!
//! The first part of a batch that finds the database away leaves the others for later without trying them, and what has not come to
//! its end shortly before the invocation would be killed comes again as well: so an outage costs each message one receive a try.

mod decode;
mod effects;
mod retry;

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tracing::Instrument as _;

pub use decode::{RawMessage, bodies, messages};
pub use effects::do_effects;

use crate::app::App;
use crate::contract::{Contract, Kind};
use crate::failure::Failure;
use crate::flows::batch::{Deadline, Gate};
use crate::flows::inbox::dead_letters::{self, Letter};
use crate::store::inbox;
use crate::telemetry::metrics::{BATCH_DURATION, MESSAGES_AGAIN, MESSAGES_DONE, MESSAGES_PARKED};
use crate::telemetry::{self, refuse_start};

/// What a batch that does not end is given up before its invocation is killed: its messages have to be put off yet.
const RESERVE: Duration = Duration::from_secs(3);

/// Of that, what is left for putting them off when parking does not end.
const RESERVE_AFTER_PARKING: Duration = Duration::from_millis(1_500);

/// What became of each message of a batch, in order.
pub type Outcomes = Vec<Result<(), Failure>>;

type Batch = Arc<dyn Fn(App, Arc<[RawMessage]>, Deadline) -> BoxFuture<'static, Outcomes> + Send + Sync>;

/// A consumer of single messages.
#[track_caller]
pub fn consume<M, F, Fut>(queue: &'static str, handle: F) -> ExitCode
where
    M: DeserializeOwned + Send + 'static,
    F: Fn(App, M) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let source = std::panic::Location::caller().file();
    let handle = Arc::new(handle);
    let batch: Batch = Arc::new(move |app, messages, deadline| {
        let handle = Arc::clone(&handle);
        Box::pin(async move {
            let mut outcomes = Vec::with_capacity(messages.len());
            let mut gate = Gate::new(deadline);
            for message in messages.iter() {
                about(message);
                let span = tracing::error_span!("message", message_id = message.id, attempt = message.attempt);
                let one = async { handle(app.clone(), message.decode::<M>()?).await };
                outcomes.push(gate.through(one.instrument(span)).await);
            }
            outcomes
        })
    });
    run(queue, batch, false, source)
}

/// A consumer of whole batches, for the hot path: it decides about each message itself, and stops in good time before the deadline.
#[track_caller]
pub fn consume_batch<F, Fut>(queue: &'static str, handle: F) -> ExitCode
where
    F: Fn(App, Arc<[RawMessage]>, Deadline) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcomes> + Send + 'static,
{
    let source = std::panic::Location::caller().file();
    run(queue, Arc::new(move |app, messages, deadline| Box::pin(handle(app, messages, deadline))), true, source)
}

fn run(queue: &'static str, batch: Batch, hot: bool, source: &str) -> ExitCode {
    if crate::contract::asked() {
        return Contract { queue: Some(queue), ..Contract::of(Kind::Queue) }.print(source);
    }
    telemetry::start();
    let app = match App::from_env() {
        Ok(app) => app,
        Err(error) => return refuse_start(&error),
    };
    if hot {
        app.database().keep_statements();
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse_start(&error),
    };
    let outcome = runtime.block_on(lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let (app, batch) = (app.clone(), Arc::clone(&batch));
        async move {
            let request_id = event.context.request_id.clone();
            let answered = answer(queue, &app, &batch, event);
            Ok::<Value, Error>(telemetry::invocation(&request_id, app.now(), answered).await)
        }
    })));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse_start(&error),
    }
}

async fn answer(queue: &'static str, app: &App, batch: &Batch, event: LambdaEvent<Value>) -> Value {
    let started = Instant::now();
    let deadline = Deadline::at(started + telemetry::time_left(&event.context));
    let records: Arc<[RawMessage]> = messages(event.payload).into();
    let outcomes = in_time(app, batch, &records, deadline).await;
    let mut counts = Counts::default();
    let (mut again, mut refused) = (Vec::new(), Vec::new());
    for (record, outcome) in records.iter().zip(&outcomes) {
        match outcome {
            Ok(()) => counts.done += 1,
            Err(failure) if failure.is_temporary() => again.push((record, failure)),
            Err(failure) => refused.push((record, failure)),
        }
    }
    let parking = tokio::time::timeout(deadline.left(RESERVE_AFTER_PARKING), park(queue, app, &refused)).await;
    let unparked = parking.unwrap_or_else(|_| Some(Failure::unavailable("the inbox did not answer in time")));
    counts.parked = if unparked.is_some() { 0 } else { refused.len() };
    if let Some(failure) = &unparked {
        again.extend(refused.iter().map(|(record, _)| (*record, failure)));
    }
    let mut delays = Vec::with_capacity(again.len());
    for (record, failure) in &again {
        about(record);
        tracing::warn!(message_id = record.id, attempt = record.attempt, reason = %failure, "comes again");
        delays.push((*record, retry::delay(failure, record.attempt, app.new_id())));
    }
    telemetry::of_no_tenant();
    retry::later(app, &delays).await;
    counts.again = again.len();
    counts.report(queue, started);
    let failures: Vec<Value> = again.iter().map(|(record, _)| json!({"itemIdentifier": record.id})).collect();
    json!({"batchItemFailures": failures})
}

/// One outcome per message. A batch that does not come to its end, because a database neither answers nor refuses, is given up while
/// there is time to put its messages off; what was committed by then is found done at the next try.
async fn in_time(app: &App, batch: &Batch, records: &Arc<[RawMessage]>, deadline: Deadline) -> Outcomes {
    let work = batch(app.clone(), Arc::clone(records), deadline);
    let mut outcomes = match tokio::time::timeout(deadline.left(RESERVE), work).await {
        Ok(outcomes) => outcomes,
        Err(_) => {
            app.database().discard().await;
            Vec::new()
        }
    };
    let unfinished = || Err(Failure::unavailable("the batch did not come to its end in the time of its invocation"));
    outcomes.resize_with(records.len(), unfinished);
    outcomes
}

/// Keeps what cannot succeed, with the reason. Why it could not be kept, when it could not: then it comes again.
async fn park(queue: &'static str, app: &App, refused: &[(&RawMessage, &Failure)]) -> Option<Failure> {
    let mut rows = Vec::with_capacity(refused.len());
    for (record, failure) in refused {
        about(record);
        tracing::warn!(message_id = record.id, code = failure.code(), "parked in the inbox");
        match dead_letters::refused(app, letter(record), queue, failure, app.now()).await {
            Ok(row) => rows.push(row),
            Err(failure) => return Some(failure),
        }
    }
    inbox::park(app.database(), &rows).await.err()
}

/// What a message is to the keeper of dead letters.
pub fn letter(record: &RawMessage) -> Letter<'_> {
    Letter { id: &record.id, sent_again: record.sent_again, failed_on: &record.failed_on, body: &record.body }
}

/// What became of a batch's messages.
#[derive(Default)]
struct Counts {
    done: usize,
    again: usize,
    parked: usize,
}

impl Counts {
    fn report(self, queue: &'static str, started: Instant) {
        let took = started.elapsed();
        let Self { done, again, parked } = self;
        let duration_ms = took.as_secs_f64() * 1e3;
        tracing::info!(queue, done, again, parked, duration_ms, "worked through a batch");
        MESSAGES_DONE.count_of(done);
        MESSAGES_AGAIN.count_of(again);
        MESSAGES_PARKED.count_of(parked);
        BATCH_DURATION.took(took);
    }
}

/// The lines that follow are about this message.
fn about(record: &RawMessage) {
    match record.tenant() {
        Some(tenant) => telemetry::of_tenant(tenant),
        None => telemetry::of_no_tenant(),
    }
}
