//! JSON logs and embedded metrics (CloudWatch EMF).
//!
//! Every line carries the function and the request id; nothing here or elsewhere logs a body, a name or an address.

use std::io::Write as _;

use jiff::Timestamp;
use tracing_subscriber::EnvFilter;

use crate::environment::optional;

/// Installs the JSON subscriber once per process.
pub fn start() {
    let filter = EnvFilter::try_new(optional("LOG_LEVEL").unwrap_or_else(|| "info".to_owned()))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    // A second call (a test harness in the same process) keeps the first subscriber.
    let _already = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .without_time()
        .with_env_filter(filter)
        .try_init();
}

/// This function's name, as Lambda gives it.
pub fn function_name() -> String {
    optional("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "local".to_owned())
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
