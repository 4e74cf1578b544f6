//! How a line of the log looks: the event's own fields, and in `span` those of every span around it, so that a query for a tenant, a
//! request or an effect finds its lines whatever step wrote them.

use std::fmt;

use serde_json::{Map, Value};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields as _, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// The name of the span around everything of an invocation.
pub(super) const INVOCATION: &str = "invocation";

/// One JSON object a line. Without a time: CloudWatch notes its own.
pub(super) struct Lines;

impl<S> FormatEvent<S, JsonFields> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = String::new();
        context.format_fields(Writer::new(&mut fields), event)?;
        write!(line, "{{\"level\":\"{}\"", event.metadata().level())?;
        // The fields are an object of their own: its members go on here.
        if let Some(members) = fields.strip_prefix('{').filter(|members| *members != "}") {
            write!(line, ",{}", members.strip_suffix('}').unwrap_or(members))?;
        }
        let mut around = Map::new();
        let mut steps: Vec<&str> = Vec::new();
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            match span.name() {
                // What stands further out says the same in the runtime's own words.
                INVOCATION => (around, steps) = (Map::new(), Vec::new()),
                name => steps.push(name),
            }
            if let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>() {
                around.extend(serde_json::from_str::<Map<String, Value>>(fields).unwrap_or_default());
            }
        }
        if !steps.is_empty() {
            around.insert("step".to_owned(), steps.join("/").into());
        }
        if !around.is_empty() {
            write!(line, ",\"span\":{}", Value::Object(around))?;
        }
        writeln!(line, "}}")
    }
}
