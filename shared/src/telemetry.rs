//! JSON logs, the spans they stand in, and embedded metrics (CloudWatch EMF).
//!
//! Every line of an invocation carries, in `span`, the function, the request id and, once they are known, the tenant and the route;
//! within the steps of a flow also what the step is about (an effect, a lead, how many events) and, as `step`, which one it is. Nothing
//! here or elsewhere logs a body, a name or an address.

mod figures;
mod lines;
pub mod metrics;

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tracing::field::{Empty, display};
use tracing::{Instrument as _, Span, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::domain::ids::TenantId;
use crate::environment::optional;
use crate::failure::Failure;
use figures::Figures;
use lines::Lines;

/// Installs the JSON subscriber once per process.
pub fn start() {
    // A second call (a test harness in the same process) keeps the first subscriber.
    let _already = subscriber(&optional("LOG_LEVEL").unwrap_or_default(), std::io::stdout).try_init();
}

fn subscriber<W>(filter: &str, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let everything_from_info = || Targets::new().with_default(LevelFilter::INFO);
    let filter = match filter {
        "" => everything_from_info(),
        filter => filter.parse().unwrap_or_else(|_| everything_from_info()),
    };
    let lines = tracing_subscriber::fmt::layer().fmt_fields(JsonFields::new()).event_format(Lines).with_writer(writer);
    tracing_subscriber::registry().with(lines).with(filter)
}

/// What belongs to one invocation, wherever its work has got to.
struct Invocation {
    span: Span,
    figures: RefCell<Figures>,
}

tokio::task_local! {
    static INVOCATION: Invocation;
}

/// Does the work of one invocation: its lines stand in one span, and its figures are written at its end, in one line.
pub async fn invocation<T>(request_id: &str, now: Timestamp, work: impl Future<Output = T>) -> T {
    // At the highest level, as all spans, so that no `LOG_LEVEL` takes from an error where it happened.
    let span =
        tracing::error_span!(lines::INVOCATION, function = function_name(), request_id, tenant = Empty, route = Empty);
    let all = Invocation { span: span.clone(), figures: RefCell::default() };
    let whole = async {
        let done = work.await;
        INVOCATION.with(|invocation| invocation.figures.borrow().write(now));
        done
    };
    INVOCATION.scope(all, whole.instrument(span)).await
}

/// From here on the lines of this invocation name the tenant.
pub fn of_tenant(tenant: TenantId) {
    say("tenant", &tenant.to_string());
}

/// From here on they are about no single tenant (any more).
pub fn of_no_tenant() {
    say("tenant", "");
}

/// From here on they name the route, and the figures of this invocation are the route's too.
pub fn of_route(route: &'static str) {
    say("route", route);
    figures(|figures| figures.of_route(route));
}

/// From here on the figures of this invocation that are kept by partner are this one's: a function works for one.
pub fn of_partner(partner: &'static str) {
    figures(|figures| figures.of_partner(partner));
}

/// On the invocation's own span: the present one may be a step's, which has other fields. Outside of an invocation nobody reads it.
fn say(field: &'static str, text: &str) {
    let _outside = INVOCATION.try_with(|invocation| {
        invocation.span.record(field, display(text));
    });
}

fn figures(change: impl FnOnce(&mut Figures)) {
    let _outside = INVOCATION.try_with(|invocation| change(&mut invocation.figures.borrow_mut()));
}

/// Does one step of a flow in its span, and says there what failed: further up nobody can tell any more which step it was, and about
/// what. Who is to act on it, and whether it is tried again, is said further up. What others hold for the moment is no more than a
/// delay, and what is refused is the sender's affair.
///
/// # Errors
/// As the step fails.
pub fn step<'a, T: Send + 'a>(
    span: Span,
    work: impl Future<Output = Result<T, Failure>> + Send + 'a,
) -> BoxFuture<'a, Result<T, Failure>> {
    // Boxed with the work within: the compiler follows futures within futures only so far, and an `async fn` is as deep as what it
    // is given.
    async move {
        let outcome = work.instrument(span.clone()).await;
        if let Err(failure) = &outcome {
            span.in_scope(|| match failure {
                Failure::Internal(_) | Failure::Unsure(_) => tracing::warn!(reason = %failure, "a step failed"),
                Failure::Unavailable { .. } if !failure.is_busy() => tracing::warn!(reason = %failure, "a step failed"),
                _ => tracing::debug!(code = failure.code(), reason = %failure, "a step ended early"),
            });
        }
        outcome
    }
    .boxed()
}

/// The one of a set that has no other: a line about one lead names it, a line about many says how many.
pub fn only<T>(set: &[T]) -> Option<&T> {
    set.first().filter(|_| set.len() == 1)
}

/// What is left of an invocation's time. One that does not say it, as a tool on a laptop may, has half a minute.
pub fn time_left(context: &lambda_runtime::Context) -> Duration {
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    if left.is_zero() { Duration::from_secs(30) } else { left }
}

/// This function's name, as Lambda gives it.
pub fn function_name() -> String {
    optional("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "local".to_owned())
}

/// The area this function belongs to, with the installation's prefix as in its name: functions of one area log to one place.
fn area() -> String {
    let group = optional("AWS_LAMBDA_LOG_GROUP_NAME").unwrap_or_else(|| "local".to_owned());
    group.rsplit('/').next().unwrap_or_default().to_owned()
}

/// A function that cannot work says why, and which variable is to blame, before it takes any request.
pub(crate) fn refuse_start(error: &dyn std::fmt::Display) -> ExitCode {
    tracing::error!(function = function_name(), reason = %error, "this function cannot start");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests;
