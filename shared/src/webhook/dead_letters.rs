//! Messages that were given up, as rows of the inbox.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::sender;
use crate::app::App;
use crate::domain::ids::TenantId;
use crate::failure::Failure;
use crate::messages::events::Inbound;
use crate::queue::RawMessage;
use crate::store::inbox::Parked;

/// Queues whose dead letters are kept. `jobs` is where the scheduler leaves what it could not hand over.
const QUEUES: [&str; 5] = ["events", "routing", "slack", "reminders", "jobs"];

/// The row of a dead letter: the original body, and whose it is as far as that can be found out.
///
/// # Errors
/// When the database has to be asked and does not answer.
pub async fn row(app: &App, message: &RawMessage, now: Timestamp) -> Result<Parked, Failure> {
    let body: Value = serde_json::from_str(&message.body).unwrap_or_default();
    let tenant = match body["tenant_id"].as_str().and_then(|id| id.parse().ok()) {
        Some(tenant) => Some(TenantId(tenant)),
        None => match Inbound::read(message) {
            Ok(inbound) => sender::tenant_of(app, &inbound).await?,
            Err(_) => None,
        },
    };
    let queue = source_queue(&message.queue);
    Ok(Parked {
        // SQS gives every message a UUID and keeps it when the message moves to its dead-letter queue.
        id: message.id.parse().unwrap_or_else(|_| app.new_id()),
        tenant: tenant.map(Uuid::from),
        kind: "dead_letter",
        source: body["source"].as_str().or(queue).unwrap_or("unknown").to_owned(),
        queue,
        reason: "gave_up".to_owned(),
        detail: match queue {
            Some("jobs") => "The scheduler could not start a job. The job's next run makes up for it.".to_owned(),
            Some(queue) => format!(
                "Processing this message of the queue {queue} failed each time. Find the reason in the log of its consumer, then replay it."
            ),
            None => format!("This message came from {}, which this release does not know.", message.queue),
        },
        body: message.body.clone(),
        headers: json!({}),
        received_at: received_at(&body).unwrap_or(now),
    })
}

/// When what the message is about was received, if it says so: rows then sort by that.
fn received_at(body: &Value) -> Option<Timestamp> {
    body["received_at"].as_str()?.parse().ok()
}

/// `events` for `events-dlq`, with whatever prefix an installation gives its queues.
pub(super) fn source_queue(dead_letters: &str) -> Option<&'static str> {
    let source = dead_letters.strip_suffix("-dlq")?;
    QUEUES
        .into_iter()
        .find(|queue| source == *queue || source.strip_suffix(queue).is_some_and(|prefix| prefix.ends_with('-')))
}
