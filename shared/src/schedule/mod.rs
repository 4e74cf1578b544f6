//! The entry point of scheduled jobs and of functions that a deployment invokes directly.
//!
//! A job may run twice, late, or while another run is still working: it holds a lease, and every step is safe to repeat. Time is
//! an argument: the schedule passes the moment it fired for; without one the job takes the present.

pub mod relay;
pub mod reminders;
pub mod wake_up;

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::app::App;
use crate::config::DatabaseConfig;
use crate::contract::{Contract, Kind};
use crate::failure::Failure;
use crate::http::refuse_start;
use crate::store::jobs;
use crate::telemetry;

/// Longer than any job may run (Lambda's own limit is 15 minutes).
const LEASE: SignedDuration = SignedDuration::from_mins(16);

type Invocation = Arc<dyn Fn(App, Value) -> BoxFuture<'static, Result<Value, Failure>> + Send + Sync>;

/// A scheduled job. `handle` gets the moment to work for and answers with what it did.
#[track_caller]
pub fn job<R, F, Fut>(name: &'static str, handle: F) -> ExitCode
where
    R: Serialize + Send,
    F: Fn(App, Timestamp) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Failure>> + Send + 'static,
{
    let source = std::panic::Location::caller().file();
    if crate::contract::asked() {
        return Contract::of(Kind::Schedule).print(source);
    }
    let handle = Arc::new(handle);
    let invocation: Invocation = Arc::new(move |app: App, input: Value| {
        let handle = Arc::clone(&handle);
        Box::pin(async move {
            let now = app.now();
            let moment = input["scheduled_for"].as_str().and_then(|text| text.parse().ok()).unwrap_or(now);
            let holder = app.new_id();
            if !jobs::take_lease(app.database(), name, holder, now, now + LEASE).await? {
                tracing::info!(job = name, "another run is working");
                return Ok(json!({"skipped": "another run is working"}));
            }
            let outcome = handle(app.clone(), moment).await;
            jobs::give_lease_back(app.database(), name, holder).await?;
            serde_json::to_value(outcome?).map_err(Failure::internal)
        })
    });
    run(App::from_env(), invocation)
}

/// A function that is invoked by a deployment or the developer tool, as the functions' role.
#[track_caller]
pub fn direct<I, R, F, Fut>(handle: F) -> ExitCode
where
    I: DeserializeOwned + JsonSchema + Send + 'static,
    R: Serialize,
    F: Fn(App, I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Failure>> + Send + 'static,
{
    let source = std::panic::Location::caller().file();
    start_direct(source, App::from_env, handle)
}

/// As [`direct`], as the owner of the database: only for migrations.
#[track_caller]
pub fn direct_as_owner<I, R, F, Fut>(handle: F) -> ExitCode
where
    I: DeserializeOwned + JsonSchema + Send + 'static,
    R: Serialize,
    F: Fn(App, I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Failure>> + Send + 'static,
{
    let source = std::panic::Location::caller().file();
    start_direct(source, || DatabaseConfig::owner_from_env().map(App::with_database), handle)
}

fn start_direct<I, R, F, Fut>(
    source: &str,
    app: impl FnOnce() -> Result<App, crate::config::ConfigError>,
    handle: F,
) -> ExitCode
where
    I: DeserializeOwned + JsonSchema + Send + 'static,
    R: Serialize,
    F: Fn(App, I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Failure>> + Send + 'static,
{
    if crate::contract::asked() {
        return Contract { input: crate::http::schema::<I>(), ..Contract::of(Kind::Direct) }.print(source);
    }
    let handle = Arc::new(handle);
    let invocation: Invocation = Arc::new(move |app: App, input: Value| {
        let handle = Arc::clone(&handle);
        Box::pin(async move {
            let input = serde_path_to_error::deserialize(input)
                .map_err(|error| Failure::invalid(error.path().to_string(), "invalid", error.inner().to_string()))?;
            serde_json::to_value(handle(app, input).await?).map_err(Failure::internal)
        })
    });
    run(app(), invocation)
}

fn run(app: Result<App, crate::config::ConfigError>, invocation: Invocation) -> ExitCode {
    telemetry::start();
    let app = match app {
        Ok(app) => app,
        Err(error) => return refuse_start(&error),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse_start(&error),
    };
    let outcome = runtime.block_on(lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let (app, invocation) = (app.clone(), Arc::clone(&invocation));
        async move {
            let started = Instant::now();
            let outcome = invocation(app, event.payload).await;
            let duration_ms = started.elapsed().as_secs_f64() * 1e3;
            match outcome {
                Ok(answer) => {
                    tracing::info!(request_id = event.context.request_id, duration_ms, answer = %answer, "done");
                    Ok::<Value, Error>(answer)
                }
                Err(failure) => {
                    tracing::error!(request_id = event.context.request_id, duration_ms, reason = %failure, "failed");
                    Err(Error::from(failure.to_string()))
                }
            }
        }
    })));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse_start(&error),
    }
}
