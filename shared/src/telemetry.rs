//! JSON logs and embedded metrics (CloudWatch EMF).
//!
//! Every line of an invocation carries the function, the request id and, once it is known, the tenant, in `span`; nothing here or
//! elsewhere logs a body, a name or an address.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tracing::field::Empty;
use tracing::{Span, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::domain::ids::TenantId;
use crate::environment::optional;

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
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .without_time()
        .with_writer(writer);
    tracing_subscriber::registry().with(lines).with(filter)
}

/// The span of one invocation, which stands on each of its lines. At the highest level, so that no `LOG_LEVEL` takes it away.
pub fn invocation(request_id: &str) -> Span {
    tracing::error_span!("invocation", function = function_name(), request_id, tenant = Empty)
}

/// From here on the lines of this invocation name the tenant.
pub fn of_tenant(tenant: TenantId) {
    Span::current().record("tenant", tracing::field::display(tenant));
}

/// From here on they are about no single tenant (any more).
pub fn of_no_tenant() {
    Span::current().record("tenant", "");
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

/// A function that cannot work says why, and which variable is to blame, before it takes any request.
pub(crate) fn refuse_start(error: &dyn std::fmt::Display) -> ExitCode {
    tracing::error!(function = function_name(), reason = %error, "this function cannot start");
    ExitCode::FAILURE
}

/// A figure and its CloudWatch unit (`Count`, `Milliseconds`, `Bytes`).
pub struct Metric {
    pub name: &'static str,
    pub unit: &'static str,
    pub value: f64,
}

/// Writes one embedded-metrics line; CloudWatch makes metrics of it without a call.
pub fn metrics(now: Timestamp, figures: &[Metric]) {
    let function = function_name();
    let definitions: Vec<_> =
        figures.iter().map(|metric| serde_json::json!({"Name": metric.name, "Unit": metric.unit})).collect();
    let mut line = serde_json::json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{"Namespace": "Lotse", "Dimensions": [["function"]], "Metrics": definitions}]
        },
        "function": function,
    });
    for metric in figures {
        line[metric.name] = metric.value.into();
    }
    // A full or closed log must not fail the work it reports on.
    let _unwritten = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use uuid::Uuid;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[track_caller]
    fn check(filter: &str) {
        let lines = Lines::default();
        let writer = lines.clone();
        let tenant = TenantId(Uuid::from_u128(7));
        tracing::subscriber::with_default(subscriber(filter, move || writer.clone()), || {
            // As the runtime's own span stands around ours.
            let _outer = tracing::error_span!("Lambda runtime invoke", requestId = "r-1").entered();
            let _inner = invocation("r-1").entered();
            tracing::error!("before");
            of_tenant(tenant);
            tracing::error!("within");
            of_no_tenant();
            tracing::error!("after");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let tenants: Vec<_> = lines.iter().map(|line| line["span"]["tenant"].as_str()).collect();
        assert_eq!(tenants, [None, Some(tenant.to_string().as_str()), Some("")]);
        for line in &lines {
            assert_eq!(line["span"]["request_id"], "r-1");
            assert_eq!(line["span"]["function"], function_name());
        }
    }

    #[test]
    fn every_line_says_where_it_comes_from_at_every_level() {
        check("");
        check("error");
        check("this is=no(filter");
    }
}
