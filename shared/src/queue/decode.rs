//! SQS events, read tolerantly: each record alone.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

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
    /// The queue's address, made of its ARN: a consumer is not told its own.
    pub queue_url: String,
    /// Handle of this delivery.
    pub receipt: String,
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
                queue_url,
                receipt: text(&mut record["receiptHandle"]),
                attempt: attempt.unwrap_or(1),
                id: text(&mut record["messageId"]),
                body: text(&mut record["body"]),
            }
        })
        .collect()
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
    fn an_event_without_records_is_empty() {
        assert!(messages(json!({})).is_empty());
    }
}
