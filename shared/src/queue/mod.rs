//! The entry point of queue consumers. A consumer sees one typed message, or, on the hot path, all messages of a batch; it never
//! sees SQS. Each message is decoded alone, so that one bad body does not fail its neighbours.
//!
//! | outcome | what happens |
//! |---|---|
//! | `Ok` | done, deleted |
//! | temporary failure | comes back after the partner's delay or a growing one with jitter; after the last try it is a dead letter |
//! | permanent failure, undecodable body | parked in the inbox with the reason, deleted |

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
use uuid::Uuid;

pub use decode::{RawMessage, bodies, messages};
pub use effects::do_effects;

use crate::app::App;
use crate::contract::{Contract, Kind};
use crate::failure::Failure;
use crate::store::inbox::{self, Parked};
use crate::telemetry::{self, refuse_start};

/// A function stops taking messages when less than this is left of its time.
const RESERVE: Duration = Duration::from_secs(5);

/// One typed message.
pub struct Delivery<M> {
    pub message: M,
    /// 1 at the first delivery.
    pub attempt: u32,
}

/// What became of each message of a batch, in order.
pub type Outcomes = Vec<Result<(), Failure>>;

type Batch = Arc<dyn Fn(App, Arc<[RawMessage]>, Instant) -> BoxFuture<'static, Outcomes> + Send + Sync>;

/// A consumer of single messages.
#[track_caller]
pub fn consume<M, F, Fut>(queue: &'static str, handle: F) -> ExitCode
where
    M: DeserializeOwned + Send + 'static,
    F: Fn(App, Delivery<M>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let source = std::panic::Location::caller().file();
    let handle = Arc::new(handle);
    let batch: Batch = Arc::new(move |app, messages, deadline| {
        let handle = Arc::clone(&handle);
        Box::pin(async move {
            let mut outcomes = Vec::with_capacity(messages.len());
            for message in messages.iter() {
                if Instant::now() + RESERVE > deadline {
                    outcomes.push(Err(Failure::unavailable("no time left for this message; it comes again")));
                    continue;
                }
                about(message);
                outcomes.push(match message.decode::<M>() {
                    Ok(decoded) => handle(app.clone(), Delivery { message: decoded, attempt: message.attempt }).await,
                    Err(failure) => Err(failure),
                });
            }
            outcomes
        })
    });
    run(queue, batch, false, source)
}

/// A consumer of whole batches, for the hot path: it decides about each message itself.
#[track_caller]
pub fn consume_batch<F, Fut>(queue: &'static str, handle: F) -> ExitCode
where
    F: Fn(App, Arc<[RawMessage]>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcomes> + Send + 'static,
{
    let source = std::panic::Location::caller().file();
    run(queue, Arc::new(move |app, messages, _deadline| Box::pin(handle(app, messages))), true, source)
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
        let span = telemetry::invocation(&event.context.request_id);
        async move { Ok::<Value, Error>(answer(queue, &app, &batch, event).await) }.instrument(span)
    })));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse_start(&error),
    }
}

async fn answer(queue: &'static str, app: &App, batch: &Batch, event: LambdaEvent<Value>) -> Value {
    let started = Instant::now();
    let deadline = started + event.context.deadline().duration_since(std::time::SystemTime::now()).unwrap_or(RESERVE);
    let records: Arc<[RawMessage]> = messages(event.payload).into();
    let count = records.len();
    let outcomes = batch(app.clone(), Arc::clone(&records), deadline).await;
    let mut failed = Vec::new();
    let mut again = Vec::new();
    let mut parked = Vec::new();
    for (n, record) in records.iter().enumerate() {
        match outcomes.get(n) {
            Some(Ok(())) => {}
            Some(Err(failure)) if failure.is_temporary() => {
                about(record);
                tracing::warn!(message_id = record.id, attempt = record.attempt, reason = %failure, "comes again");
                again.push((record, retry::delay(failure, record.attempt, app.new_id())));
                failed.push(record.id.clone());
            }
            Some(Err(failure)) => parked.push((record, failure)),
            None => failed.push(record.id.clone()),
        }
    }
    telemetry::of_no_tenant();
    retry::later(app, &again).await;
    if !parked.is_empty() {
        let rows: Vec<Parked> = parked.iter().map(|(record, failure)| park(queue, record, failure, app)).collect();
        if let Err(failure) = inbox::park(app.database(), &rows).await {
            tracing::warn!(reason = %failure, "could not park; the messages come again");
            failed.extend(parked.iter().map(|(record, _)| record.id.clone()));
        }
    }
    tracing::info!(
        request_id = event.context.request_id,
        queue,
        messages = count,
        failed = failed.len(),
        parked = parked.len(),
        duration_ms = started.elapsed().as_secs_f64() * 1e3,
        "worked through a batch"
    );
    let failures: Vec<Value> = failed.into_iter().map(|id| json!({"itemIdentifier": id})).collect();
    json!({"batchItemFailures": failures})
}

/// The lines that follow are about this message.
fn about(record: &RawMessage) {
    match record.tenant() {
        Some(tenant) => telemetry::of_tenant(tenant),
        None => telemetry::of_no_tenant(),
    }
}

fn park(queue: &'static str, record: &RawMessage, failure: &Failure, app: &App) -> Parked {
    about(record);
    tracing::warn!(message_id = record.id, code = failure.code(), "parked in the inbox");
    let body: Value = serde_json::from_str(&record.body).unwrap_or_default();
    Parked {
        id: record.id.parse().unwrap_or_else(|_| Uuid::now_v7()),
        tenant: body["tenant_id"].as_str().and_then(|id| id.parse().ok()),
        kind: "dead_letter",
        source: body["source"].as_str().unwrap_or(queue).to_owned(),
        queue: Some(queue),
        reason: failure.code().to_owned(),
        detail: failure.to_string(),
        body: record.body.clone(),
        headers: json!({}),
        received_at: app.now(),
    }
}
