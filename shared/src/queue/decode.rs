//! SQS events, read tolerantly: each record alone.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::aws::queues::{QUEUE, SENT_AGAIN};
use crate::domain::ids::TenantId;
use crate::failure::Failure;
use crate::messages::decode;

/// One message as SQS delivered it.
#[derive(Debug, Clone)]
pub struct RawMessage {
    /// The SQS id: only for the answer about this delivery. What a message means is identified inside its body.
    pub id: String,
    pub body: String,
    /// 1 at the first delivery.
    pub attempt: u32,
    /// The queue's name, from its ARN.
    pub queue: String,
    /// Of a dead letter: the name of the queue it failed on, of whatever could not be called, or nothing when nobody says.
    pub failed_on: String,
    /// The queue's address, made of its ARN: a consumer is not told its own.
    pub queue_url: String,
    /// Handle of this delivery.
    pub receipt: String,
    /// The row of the inbox that was sent again with this message.
    pub sent_again: Option<Uuid>,
}

impl RawMessage {
    /// Whose message it says it is; for the log only.
    pub fn tenant(&self) -> Option<TenantId> {
        #[derive(Deserialize)]
        struct Named {
            tenant_id: TenantId,
        }
        serde_json::from_str::<Named>(&self.body).ok().map(|named| named.tenant_id)
    }

    /// The body as a typed message.
    ///
    /// # Errors
    /// `Invalid` with the place of the fault: the message is parked, since it will not decode tomorrow either.
    pub fn decode<M: DeserializeOwned>(&self) -> Result<M, Failure> {
        decode(&self.body)
    }
}

/// What messages say, for flows, which know nothing of queues.
pub fn bodies(messages: &[RawMessage]) -> Vec<&str> {
    messages.iter().map(|message| message.body.as_str()).collect()
}

/// The messages of an SQS event, in order.
pub fn messages(mut event: Value) -> Vec<RawMessage> {
    let Some(Value::Array(records)) = event.get_mut("Records").map(Value::take) else { return Vec::new() };
    records
        .into_iter()
        .map(|mut record| {
            let text = |value: &mut Value| match value.take() {
                Value::String(text) => text,
                _ => String::new(),
            };
            let attempt = record["attributes"]["ApproximateReceiveCount"].as_str().and_then(|count| count.parse().ok());
            let arn: Vec<&str> = record["eventSourceARN"].as_str().unwrap_or_default().split(':').collect();
            let (queue, queue_url) = match arn.as_slice() {
                [_, _, _, region, account, queue] => {
                    ((*queue).to_owned(), format!("https://sqs.{region}.amazonaws.com/{account}/{queue}"))
                }
                _ => (String::new(), String::new()),
            };
            RawMessage {
                queue,
                failed_on: failed_on(&record),
                queue_url,
                sent_again: record["messageAttributes"][SENT_AGAIN]["stringValue"]
                    .as_str()
                    .and_then(|id| id.parse().ok()),
                receipt: text(&mut record["receiptHandle"]),
                attempt: attempt.unwrap_or(1),
                id: text(&mut record["messageId"]),
                body: text(&mut record["body"]),
            }
        })
        .collect()
}

/// SQS says it of what it moved; our own messages carry it, since stand-ins do not; and EventBridge Scheduler names its target.
fn failed_on(record: &Value) -> String {
    let attribute = |name: &str| record["messageAttributes"][name]["stringValue"].as_str();
    let said = record["attributes"]["DeadLetterQueueSourceArn"].as_str();
    let said = said.or_else(|| attribute(QUEUE)).or_else(|| attribute("TARGET_ARN")).unwrap_or_default();
    said.rsplit(':').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_bad_record_does_not_spoil_the_others() {
        let event = json!({"Records": [
            {"messageId": "a", "body": "{\"x\":1}", "attributes": {"ApproximateReceiveCount": "3"}, "eventSourceARN": "arn:aws:sqs:eu-central-1:1:jobs"},
            {"messageId": "b", "body": "not json"},
            {"messageId": "c"}
        ]});
        let found = messages(event);
        assert_eq!(found.len(), 3);
        assert_eq!((found[0].attempt, found[0].queue.as_str()), (3, "jobs"));
        assert!(found[0].decode::<Value>().is_ok());
        assert!(found[1].decode::<Value>().is_err());
        assert!(found[2].decode::<Value>().is_err());
    }

    #[test]
    fn a_dead_letter_says_where_it_failed() {
        let arn = "arn:aws:sqs:eu-central-1:1:staging-events";
        let named = |name: &str, value: &str| json!({ name: {"stringValue": value, "dataType": "String"} });
        for (record, expected) in [
            (
                json!({"attributes": {"DeadLetterQueueSourceArn": arn}, "messageAttributes": named("queue", "slack")}),
                "staging-events",
            ),
            (json!({"messageAttributes": named("queue", "slack")}), "slack"),
            (json!({"messageAttributes": named("TARGET_ARN", "arn:aws:sqs:eu-central-1:1:reminders")}), "reminders"),
            (
                json!({"messageAttributes": named("TARGET_ARN", "arn:aws:lambda:eu-central-1:1:function:score-decay")}),
                "score-decay",
            ),
            (json!({"attributes": {"SentTimestamp": "1"}}), ""),
        ] {
            assert_eq!(messages(json!({"Records": [record]}))[0].failed_on, expected);
        }
    }

    #[test]
    fn an_event_without_records_is_empty() {
        assert!(messages(json!({})).is_empty());
    }
}
