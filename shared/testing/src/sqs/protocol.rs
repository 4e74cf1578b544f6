//! SQS's JSON protocol (AWS JSON 1.0): the operations the functions use, with SQS's limits and error names.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};

use super::queues::{Message, Queues};
use crate::keys::hex;

/// Most bytes of a message with its attributes, and of a batch.
pub const SIZE_LIMIT: usize = 1_048_576;
/// Most entries of a batch.
pub const BATCH_LIMIT: usize = 10;

/// An error by SQS's name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: String,
}

fn refuse<T>(code: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { code, message: message.into() })
}

/// What a caller needs to be allowed for one operation: the action, and the ARN it is done to.
pub(super) fn needed(queues: &Queues, operation: &str, input: &Value) -> Vec<(String, String)> {
    let named =
        input["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).or_else(|| input["QueueName"].as_str());
    let queue = named.and_then(|name| queues.get(name)).map_or_else(|| "*".to_owned(), |queue| queue.arn.clone());
    // Of batches IAM knows nothing: they are so many single ones.
    let action = operation.strip_suffix("Batch").unwrap_or(operation);
    vec![(format!("sqs:{action}"), queue)]
}

/// One call. `base` is the address queue URLs begin with; `fail_entries` is how many entries of a batch to refuse.
pub(super) fn call(
    queues: &mut Queues,
    base: &str,
    fail_entries: &mut usize,
    operation: &str,
    input: &Value,
) -> Result<Value, Refusal> {
    if operation == "GetQueueUrl" {
        let name = text(input, "QueueName")?;
        return match queues.get(name) {
            Some(_) => Ok(json!({ "QueueUrl": url(base, name) })),
            None => refuse("QueueDoesNotExist", format!("there is no queue {name}")),
        };
    }
    if operation == "ListQueues" {
        return Ok(json!({ "QueueUrls": queues.names().map(|name| url(base, name)).collect::<Vec<_>>() }));
    }
    let queue = text(input, "QueueUrl")?.rsplit('/').next().unwrap_or_default().to_owned();
    let Some(known) = queues.get(&queue) else {
        return refuse("QueueDoesNotExist", format!("there is no queue {queue}"));
    };
    match operation {
        "GetQueueAttributes" => {
            let depth = queues.depth(&queue);
            Ok(json!({ "Attributes": {
                "QueueArn": known.arn,
                "VisibilityTimeout": known.spec.visibility_timeout.as_secs().to_string(),
                "ApproximateNumberOfMessages": depth.visible.to_string(),
                "ApproximateNumberOfMessagesNotVisible": depth.hidden.to_string(),
                "ApproximateNumberOfMessagesDelayed": "0",
            } }))
        }
        "SendMessage" => {
            let message = send(queues, &queue, input)?;
            Ok(sent(&message))
        }
        "SendMessageBatch" => send_batch(queues, &queue, fail_entries, input),
        "ReceiveMessage" => {
            let most = input["MaxNumberOfMessages"].as_u64().unwrap_or(1);
            if !(1..=10).contains(&most) {
                return refuse("InvalidParameterValue", "MaxNumberOfMessages must be 1 to 10");
            }
            let visibility = input["VisibilityTimeout"].as_u64().map(Duration::from_secs);
            let messages = queues.receive(&queue, most as usize, visibility);
            Ok(json!({ "Messages": messages.iter().map(received).collect::<Vec<_>>() }))
        }
        "DeleteMessage" => {
            // Deleting twice is fine with SQS, so the verdict does not matter.
            queues.delete(&queue, text(input, "ReceiptHandle")?);
            Ok(json!({}))
        }
        "ChangeMessageVisibility" => {
            change_visibility(queues, &queue, input)?;
            Ok(json!({}))
        }
        "DeleteMessageBatch" => batch(input, |entry| {
            queues.delete(&queue, text(entry, "ReceiptHandle")?);
            Ok(json!({}))
        }),
        "ChangeMessageVisibilityBatch" => batch(input, |entry| {
            change_visibility(queues, &queue, entry)?;
            Ok(json!({}))
        }),
        "PurgeQueue" => {
            queues.clear(&queue);
            Ok(json!({}))
        }
        other => refuse("UnsupportedOperation", format!("the test kit's SQS has no {other}")),
    }
}

fn send(queues: &mut Queues, queue: &str, input: &Value) -> Result<Message, Refusal> {
    let size = size(input);
    if size > SIZE_LIMIT {
        return refuse("InvalidParameterValue", format!("the message has {size} bytes; SQS takes {SIZE_LIMIT}"));
    }
    let body = text(input, "MessageBody")?;
    if body.is_empty() {
        return refuse("MissingParameter", "MessageBody is empty");
    }
    if let Some(bad) = body.chars().find(|c| !allowed(*c)) {
        return refuse("InvalidMessageContents", format!("the body has the character U+{:04X}", bad as u32));
    }
    let delay = input["DelaySeconds"].as_i64().unwrap_or(0);
    if !(0..=900).contains(&delay) {
        return refuse("InvalidParameterValue", format!("DelaySeconds is {delay}; SQS takes 0 to 900"));
    }
    let attributes = input["MessageAttributes"].as_object().cloned().unwrap_or_default();
    if attributes.len() > 10 {
        return refuse("InvalidParameterValue", "a message has at most 10 attributes");
    }
    let message = queues.send(queue, body, attributes, Duration::from_secs(delay.unsigned_abs()));
    message.map_or_else(|| refuse("QueueDoesNotExist", format!("there is no queue {queue}")), Ok)
}

fn send_batch(queues: &mut Queues, queue: &str, fail: &mut usize, input: &Value) -> Result<Value, Refusal> {
    let total: usize = input["Entries"].as_array().into_iter().flatten().map(size).sum();
    if total > SIZE_LIMIT {
        return refuse("BatchRequestTooLong", format!("the batch has {total} bytes; SQS takes {SIZE_LIMIT}"));
    }
    batch(input, |entry| {
        if *fail > 0 {
            *fail -= 1;
            return refuse("InternalError", "the test asked for this entry to fail");
        }
        Ok(sent(&send(queues, queue, entry)?))
    })
}

/// Runs a batch operation: one verdict per entry.
fn batch(input: &Value, mut run: impl FnMut(&Value) -> Result<Value, Refusal>) -> Result<Value, Refusal> {
    let entries = input["Entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if entries.is_empty() {
        return refuse("EmptyBatchRequest", "a batch needs at least one entry");
    }
    if entries.len() > BATCH_LIMIT {
        return refuse("TooManyEntriesInBatchRequest", format!("{} entries; SQS takes {BATCH_LIMIT}", entries.len()));
    }
    let mut ids = BTreeSet::new();
    for entry in entries {
        let id = text(entry, "Id")?;
        if id.is_empty() || id.len() > 80 || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            return refuse("InvalidBatchEntryId", format!("the entry id `{id}` is not allowed"));
        }
        if !ids.insert(id) {
            return refuse("BatchEntryIdsNotDistinct", format!("the entry id {id} stands twice"));
        }
    }
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        match run(entry) {
            Ok(mut verdict) => {
                verdict["Id"] = entry["Id"].clone();
                successful.push(verdict);
            }
            Err(Refusal { code, message }) => {
                let sender = code != "InternalError";
                failed.push(json!({ "Id": entry["Id"], "Code": code, "Message": message, "SenderFault": sender }));
            }
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

fn change_visibility(queues: &mut Queues, queue: &str, input: &Value) -> Result<(), Refusal> {
    let seconds = input["VisibilityTimeout"].as_i64().unwrap_or(-1);
    if !(0..=43_200).contains(&seconds) {
        return refuse("InvalidParameterValue", format!("VisibilityTimeout is {seconds}; SQS takes 0 to 43200"));
    }
    if queues.change_visibility(queue, text(input, "ReceiptHandle")?, Duration::from_secs(seconds.unsigned_abs())) {
        Ok(())
    } else {
        refuse("ReceiptHandleIsInvalid", "the receipt handle is of no message in flight")
    }
}

/// The address of a queue under the stand-in's address.
pub(super) fn url(base: &str, queue: &str) -> String {
    format!("{base}/000000000000/{queue}")
}

fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    input[name].as_str().map_or_else(|| refuse("MissingParameter", format!("{name} is missing")), Ok)
}

fn sent(message: &Message) -> Value {
    let mut answer = json!({ "MessageId": message.id, "MD5OfMessageBody": message.md5_of_body() });
    if !message.attributes.is_empty() {
        answer["MD5OfMessageAttributes"] = json!(md5_of_attributes(&message.attributes));
    }
    answer
}

fn received(message: &Message) -> Value {
    let mut answer = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "MD5OfBody": message.md5_of_body(),
        "Attributes": message.system_attributes(),
    });
    if !message.attributes.is_empty() {
        answer["MessageAttributes"] = json!(message.attributes);
        answer["MD5OfMessageAttributes"] = json!(md5_of_attributes(&message.attributes));
    }
    answer
}

/// Bytes that count against the limits: the body, and name, type and value of each attribute.
fn size(input: &Value) -> usize {
    let attributes = input["MessageAttributes"].as_object().into_iter().flatten();
    let attributes = attributes.map(|(name, value)| {
        let parts = ["DataType", "StringValue", "BinaryValue"];
        name.len() + parts.iter().filter_map(|part| value[part].as_str()).map(str::len).sum::<usize>()
    });
    input["MessageBody"].as_str().map_or(0, str::len) + attributes.sum::<usize>()
}

/// Characters XML 1.0 has, which are the ones SQS takes.
fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// Hexadecimal MD5 of the attributes as AWS defines it: sorted by name, each part with its length in four bytes, the value
/// after a byte for its kind of transport (1 text, 2 binary).
fn md5_of_attributes(attributes: &Map<String, Value>) -> String {
    let mut sorted: Vec<_> = attributes.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    let mut digest = Md5::new();
    for (name, value) in sorted {
        measured(&mut digest, name.as_bytes());
        measured(&mut digest, value["DataType"].as_str().unwrap_or_default().as_bytes());
        if let Some(binary) = value["BinaryValue"].as_str() {
            digest.update([2]);
            measured(&mut digest, &STANDARD.decode(binary).unwrap_or_default());
        } else {
            digest.update([1]);
            measured(&mut digest, value["StringValue"].as_str().unwrap_or_default().as_bytes());
        }
    }
    hex(&digest.finalize())
}

fn measured(digest: &mut Md5, bytes: &[u8]) {
    digest.update((bytes.len() as u32).to_be_bytes());
    digest.update(bytes);
}
