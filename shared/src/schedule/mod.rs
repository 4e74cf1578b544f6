//! The entry point of scheduled jobs and of functions that a deployment invokes directly.
//!
//! A job may run twice, late, or while another run is still working: it holds a lease, and every step is safe to repeat. Time is
//! an argument: the schedule passes the moment it fired for; without one the job takes the present.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use crate::app::App;
use crate::config::DatabaseConfig;
use crate::contract::{Contract, Kind};
use crate::failure::Failure;
use crate::store::jobs;
use crate::telemetry::{self, refuse_start};
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// How much longer than its invocation a lease lasts: one that was killed at its deadline may have a statement on the way.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// Works on an input until a deadline, at which Lambda kills it.
type Invocation = Arc<dyn Fn(App, Value, Timestamp) -> BoxFuture<'static, Result<Value, Failure>> + Send + Sync>;

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
    let invocation: Invocation = Arc::new(move |app: App, input: Value, deadline: Timestamp| {
        let handle = Arc::clone(&handle);
        Box::pin(async move {
            let now = app.now();
            let moment = input["scheduled_for"].as_str().and_then(|text| text.parse().ok()).unwrap_or(now);
            let holder = app.new_id();
            if !jobs::take_lease(app.database(), name, holder, now, lease_end(now, deadline)).await? {
                tracing::info!(job = name, "another run is working");
                return Ok(json!({"skipped": "another run is working"}));
            }
            let outcome = handle(app.clone(), moment).await;
            // The lease ends by itself; what the job did is what counts.
            if let Err(failure) = jobs::give_lease_back(app.database(), name, holder).await {
                tracing::warn!(job = name, reason = %failure, "could not give the lease back; it ends with its time");
            }
            serde_json::to_value(outcome?).map_err(Failure::internal)
        })
    });
    run(App::from_env(), invocation, Kind::Schedule)
}

/// A little after the deadline, so that no second run begins while this one may still write, and the next one is not kept out when
/// this one is killed.
fn lease_end(now: Timestamp, deadline: Timestamp) -> Timestamp {
    deadline.max(now) + MARGIN
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
    app: impl FnOnce() -> Result<App, crate::environment::ConfigError>,
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
    let invocation: Invocation = Arc::new(move |app: App, input: Value, _deadline| {
        let handle = Arc::clone(&handle);
        Box::pin(async move {
            let mut faults = Vec::new();
            match crate::http::value::<I>(&input, &mut faults) {
                Some(input) if faults.is_empty() => {
                    serde_json::to_value(handle(app, input).await?).map_err(Failure::internal)
                }
                _ => Err(Failure::Invalid(faults)),
            }
        })
    });
    run(app(), invocation, Kind::Direct)
}

/// What a job did is logged. What a deployment asked for is its own: there may be secrets in it that are shown once.
fn run(app: Result<App, crate::environment::ConfigError>, invocation: Invocation, kind: Kind) -> ExitCode {
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
        let (request_id, now) = (event.context.request_id.clone(), app.now());
        let work = async move {
            let started = Instant::now();
            let deadline = Timestamp::try_from(event.context.deadline()).unwrap_or_else(|_| app.now());
            let outcome = invocation(app, event.payload, deadline).await;
            let duration_ms = started.elapsed().as_secs_f64() * 1e3;
            match outcome {
                Ok(answer) => {
                    let shown = (kind == Kind::Schedule).then(|| answer.to_string());
                    tracing::info!(duration_ms, answer = shown, "done");
                    Ok::<Value, Error>(answer)
                }
                Err(failure) => {
                    tracing::error!(duration_ms, reason = %failure, "failed");
                    Err(Error::from(failure.to_string()))
                }
            }
        };
        async move { telemetry::invocation(&request_id, now, work).await }
    })));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse_start(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_shortly_after_its_invocation() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-22T10:00:00Z");
        assert_eq!(lease_end(now, at("2026-11-22T10:02:00Z")), at("2026-11-22T10:02:10Z"));
        assert_eq!(lease_end(now, at("1970-01-01T00:00:00Z")), at("2026-11-22T10:00:10Z"));
    }
}
