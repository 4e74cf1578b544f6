//! Messages that a consumer could not do, as rows of the inbox: those that were given up after many tries, and those that cannot succeed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;
use tracing::error_span;
use uuid::Uuid;

use crate::app::App;
use crate::domain::hex;
use crate::domain::ids::TenantId;
use crate::failure::Failure;
use crate::messages::events::{Delivery, Inbound, Verdict};
use crate::messages::queues::{self, JOBS, QUEUES, Queue, REMINDERS, Replay};
use crate::store::auth;
use crate::store::inbox::Parked;
use crate::telemetry::step;

/// Why a message is here that nothing need be wrong with. Rows with this reason are sent again by the machine.
const GAVE_UP: &str = "gave_up";

/// A message that its consumer could not do.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The SQS id.
    pub id: &'a str,
    /// The row that was sent again with it: what becomes of it is written there.
    pub sent_again: Option<Uuid>,
    /// The name of the queue it failed on, or of what could not be called, with the installation's prefix; empty when nobody says.
    pub failed_on: &'a str,
    pub body: &'a str,
}

/// The row of a message that came over a dead-letter queue: it may succeed when it is sent again.
///
/// # Errors
/// When the database has to be asked and does not answer.
pub async fn given_up(app: &App, letter: Letter<'_>, now: Timestamp) -> Result<Parked, Failure> {
    let queue = source_queue(letter.failed_on, &Said::of(letter.body));
    let detail = match queue {
        Some(Queue { keeps, replay: Replay::Needless(why), .. }) => format!("{keeps} {why}"),
        Some(Queue { name, keeps, replay: Replay::Again }) => format!(
            "{keeps} Processing this message of the queue {name} failed each time. It is sent again by itself a few times; should it still be here after a day, find the reason in the log of its consumer, then replay it."
        ),
        None => format!("This message failed on `{}`, which this release does not know.", letter.failed_on),
    };
    let queue = queue.map(|queue| queue.name);
    row(app, letter, queue, GAVE_UP, detail, now).await
}

/// The row of a message that cannot succeed as it is.
///
/// # Errors
/// When the database has to be asked and does not answer.
pub async fn refused(
    app: &App,
    letter: Letter<'_>,
    queue: &'static str,
    failure: &Failure,
    now: Timestamp,
) -> Result<Parked, Failure> {
    row(app, letter, Some(queue), failure.code(), failure.to_string(), now).await
}

/// The original body, and whose it is as far as that can be found out.
async fn row(
    app: &App,
    letter: Letter<'_>,
    queue: Option<&'static str>,
    reason: &str,
    detail: String,
    now: Timestamp,
) -> Result<Parked, Failure> {
    let said = Said::of(letter.body);
    let span = error_span!("dead_letter", message_id = letter.id, failed_on = letter.failed_on, why = reason);
    let tenant = match said.tenant_id {
        Some(tenant) => Some(tenant),
        None => match Inbound::read(letter.body) {
            Ok(inbound) => step(span, tenant_of(app, &inbound)).await?,
            Err(_) => None,
        },
    };
    Ok(Parked {
        // SQS gives every message a UUID and keeps it when the message moves to its dead-letter queue.
        id: letter.sent_again.or_else(|| letter.id.parse().ok()).unwrap_or_else(|| app.new_id()),
        tenant: tenant.map(Uuid::from),
        kind: "dead_letter",
        source: said.source.as_deref().or(queue).unwrap_or("unknown").to_owned(),
        queue,
        reason: reason.to_owned(),
        detail,
        body: letter.body.to_owned(),
        headers: json!({}),
        received_at: said.received_at.unwrap_or(now),
    })
}

/// What a message says of itself. What else is in it need not be readable: it may be the reason why it was given up.
#[derive(Default)]
struct Said {
    tenant_id: Option<TenantId>,
    source: Option<String>,
    /// When what it is about was received: rows then sort by that.
    received_at: Option<Timestamp>,
    kind: Option<String>,
    /// It is what a schedule calls a job with, or what Lambda tells of a job that failed each time.
    is_job: bool,
}

impl Said {
    fn of(body: &str) -> Self {
        let members = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(body).unwrap_or_default();
        let member = |name: &str| members.get(name).map_or("null", |raw| raw.get());
        Self {
            tenant_id: serde_json::from_str(member("tenant_id")).unwrap_or_default(),
            source: serde_json::from_str(member("source")).unwrap_or_default(),
            received_at: serde_json::from_str(member("received_at")).unwrap_or_default(),
            kind: serde_json::from_str(member("kind")).unwrap_or_default(),
            is_job: members.contains_key("scheduled_for") || member("requestContext").contains("\"functionArn\""),
        }
    }
}

/// `events` for `events` and `staging-events`: an installation may put a prefix before its queues. What names none of them is known by
/// its body: a schedule puts the reminder among the dead letters that it cannot put on its queue.
fn source_queue(failed_on: &str, said: &Said) -> Option<&'static Queue> {
    let is = |name: &str| failed_on == name || failed_on.strip_suffix(name).is_some_and(|prefix| prefix.ends_with('-'));
    QUEUES.iter().find(|queue| queue.has_consumer() && is(queue.name)).or_else(|| match said.kind.as_deref() {
        Some("task_due") => queues::find(REMINDERS),
        _ if said.is_job => queues::find(JOBS),
        _ => None,
    })
}

/// Whose message on the queue `events` this is, looked up where the message does not say it. For keeping dead letters.
async fn tenant_of(app: &App, message: &Inbound) -> Result<Option<TenantId>, Failure> {
    match message {
        Inbound::Events(events) => Ok(Some(events.tenant_id)),
        Inbound::Recalculate(recalculate) => Ok(Some(recalculate.tenant_id)),
        Inbound::UnprovenEvents(unproven) => {
            let Some(hash) = hex::decode_hash(&unproven.key_hash) else {
                return Ok(None);
            };
            let key = auth::find_api_key(app.database(), &unproven.source, &hash, unproven.received_at).await?;
            Ok(key.map(|key| key.tenant))
        }
        Inbound::Delivery(Delivery { verdict: Verdict::Proven { tenant_id }, .. }) => Ok(Some(*tenant_id)),
        Inbound::Delivery(Delivery { verdict: Verdict::Rejected { tenant_id, .. }, .. }) => Ok(*tenant_id),
        Inbound::Delivery(delivery) => {
            let Some(hash) = delivery.token_hash.as_deref().and_then(hex::decode_hash) else {
                return Ok(None);
            };
            let found =
                auth::find_webhook_source(app.database(), &delivery.source, &hash, delivery.received_at).await?;
            Ok(found.map(|source| source.tenant))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_says_whose_it_is_whatever_else_is_in_it() {
        let body = r#"{"tenant_id":"0197f5a8-0000-7000-8000-000000000001","source":"portal","received_at":"2026-11-20T15:08:21Z",
                       "receipts":[{"event":{"n":1e400,"t":"\ud83d"}}]}"#;
        let said = Said::of(body);
        assert!(said.tenant_id.is_some() && said.source.as_deref() == Some("portal") && said.received_at.is_some());
        let said = Said::of(r#"{"tenant_id":7,"source":"portal"}"#);
        assert!(said.tenant_id.is_none() && said.source.is_some());
        assert!(Said::of("[1]").source.is_none() && Said::of("no").source.is_none());
    }

    #[test]
    fn queues_may_have_a_prefix() {
        for (name, expected) in [
            ("events", Some("events")),
            ("staging-slack", Some("slack")),
            ("a-b-routing", Some("routing")),
            ("reevents", None),
            ("score-decay", None),
            ("", None),
        ] {
            assert_eq!(source_queue(name, &Said::default()).map(|queue| queue.name), expected, "{name}");
        }
    }

    #[test]
    fn what_names_no_queue_is_known_by_its_body() {
        for (body, expected) in [
            (json!({"kind": "task_due", "task_id": 1}), Some("reminders")),
            (json!({"scheduled_for": "2026-12-01T08:00:00Z"}), Some("jobs")),
            (
                json!({"requestContext": {"functionArn": "arn:aws:lambda:eu-central-1:1:function:score-decay"}}),
                Some("jobs"),
            ),
            (json!({"kind": "effect"}), None),
            (json!(null), None),
        ] {
            assert_eq!(
                source_queue("score-decay", &Said::of(&body.to_string())).map(|queue| queue.name),
                expected,
                "{body}"
            );
        }
        let failed = source_queue("events", &Said::of("{\"kind\":\"task_due\"}")).map(|queue| queue.name);
        assert_eq!(failed, Some("events"), "where it failed counts first");
    }
}
