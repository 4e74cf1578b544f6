//! Puts messages on SQS queues.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, MessageAttributeValue, SendMessageBatchRequestEntry,
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::config::queue_url;
use crate::failure::Failure;
use crate::store::Promise;

/// SQS takes ten messages and 1 MiB a call; we stay below with room for its own overhead.
const ENTRIES: usize = 10;
const BYTES: usize = 900 * 1024;

/// The largest body one message may have, in bytes.
pub const MAX_BODY: usize = BYTES;

/// The attribute in which every message names its queue. It stays with the message among the dead letters of all queues, where SQS
/// says the same, but not every stand-in does.
pub const QUEUE: &str = "queue";

/// The attribute in which a message carries the row of the inbox that was sent again with it. It stays with the message as well.
pub const SENT_AGAIN: &str = "sent_again";

/// A body, and the row of the inbox it comes from.
struct Outgoing {
    body: String,
    sent_again: Option<Uuid>,
}

/// The queues of this installation. The client is made on first use.
#[derive(Default)]
pub struct Sender {
    client: OnceCell<Client>,
}

impl Sender {
    async fn client(&self) -> &Client {
        self.client.get_or_init(|| async { Client::new(crate::config::aws()) }).await
    }

    /// Sends one message, after `delay_seconds` (0 to 900).
    ///
    /// # Errors
    /// `Unavailable` when the queue does not take it; the message then is not on the queue.
    pub async fn send(&self, queue: &str, body: String, delay_seconds: i32) -> Result<(), Failure> {
        let url = queue_url(queue).map_err(Failure::internal)?;
        self.client()
            .await
            .send_message()
            .queue_url(url)
            .message_body(body)
            .set_message_attributes(Some(attributes(queue, None)))
            .delay_seconds(delay_seconds)
            .send()
            .await
            .map_err(|error| Failure::unavailable(format!("queue {queue}: {}", DisplayErrorContext(&error))))?;
        Ok(())
    }

    /// Sends many bodies to one queue in as few calls as their sizes allow. Answers with one verdict per body, in order.
    ///
    /// # Errors
    /// Only when this function has no such queue.
    pub async fn send_many(&self, queue: &str, bodies: Vec<String>) -> Result<Vec<bool>, Failure> {
        self.send_out(queue, bodies.into_iter().map(|body| Outgoing { body, sent_again: None }).collect(), None).await
    }

    /// Sends rows of the inbox again, letter for letter, as many as it gets done until a moment; each message says whose row it is.
    /// Answers with one verdict per row, in order.
    ///
    /// # Errors
    /// Only when this function has no such queue.
    pub async fn send_again(
        &self,
        queue: &str,
        rows: Vec<(Uuid, String)>,
        until: Instant,
    ) -> Result<Vec<bool>, Failure> {
        let outgoing = rows.into_iter().map(|(id, body)| Outgoing { body, sent_again: Some(id) }).collect();
        self.send_out(queue, outgoing, Some(until)).await
    }

    /// Until a moment, when there is one: what is not sent by then is not sent.
    async fn send_out(
        &self,
        queue: &str,
        messages: Vec<Outgoing>,
        until: Option<Instant>,
    ) -> Result<Vec<bool>, Failure> {
        let url = queue_url(queue).map_err(Failure::internal)?;
        let count = messages.len();
        let mut verdicts = Vec::with_capacity(count);
        for chunk in chunks(messages) {
            let sending = self.send_chunk(queue, &url, chunk);
            let taken = match until {
                Some(until) => tokio::time::timeout_at(until.into(), sending).await.ok().flatten(),
                None => sending.await,
            };
            match taken {
                Some(taken) => verdicts.extend(taken),
                // Each further call would wait as long for the same.
                None => break,
            }
        }
        verdicts.resize(count, false);
        Ok(verdicts)
    }

    /// One verdict per message; none when the queue does not answer.
    async fn send_chunk(&self, queue: &str, url: &str, messages: Vec<Outgoing>) -> Option<Vec<bool>> {
        let count = messages.len();
        let mut call = self.client().await.send_message_batch().queue_url(url);
        for (n, Outgoing { body, sent_again }) in messages.into_iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(n.to_string()).message_body(body);
            match entry.set_message_attributes(Some(attributes(queue, sent_again))).build() {
                Ok(entry) => call = call.entries(entry),
                Err(error) => tracing::error!(reason = %error, "a message that SQS does not take"),
            }
        }
        let mut verdicts = vec![false; count];
        match call.send().await {
            Ok(answer) => {
                for done in answer.successful() {
                    if let Some(verdict) = done.id().parse().ok().and_then(|n: usize| verdicts.get_mut(n)) {
                        *verdict = true;
                    }
                }
                if !answer.failed().is_empty() {
                    tracing::warn!(count = answer.failed().len(), "the queue refused messages");
                }
            }
            Err(error) => {
                tracing::warn!(reason = %DisplayErrorContext(&error), "the queue is not reachable");
                return None;
            }
        }
        Some(verdicts)
    }

    /// Lets messages that are in flight come back after their delays in seconds (at most 43,200), ten in a call. Best effort: what
    /// fails comes back when the queue's visibility timeout ends.
    pub async fn come_back(&self, queue_url: &str, messages: &[(&str, i32)]) {
        for chunk in messages.chunks(ENTRIES) {
            let mut call = self.client().await.change_message_visibility_batch().queue_url(queue_url);
            for (n, (receipt, delay)) in chunk.iter().enumerate() {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(n.to_string())
                    .receipt_handle(*receipt)
                    .visibility_timeout(*delay)
                    .build();
                match entry {
                    Ok(entry) => call = call.entries(entry),
                    Err(error) => tracing::warn!(reason = %error, "a receipt that SQS does not take"),
                }
            }
            match call.send().await {
                Ok(answer) => {
                    for refused in answer.failed() {
                        tracing::warn!(
                            reason = refused.code(),
                            "not put off; it comes back when its visibility timeout ends"
                        );
                    }
                }
                Err(error) => {
                    tracing::warn!(reason = %DisplayErrorContext(&error), "the messages come back when their visibility timeout ends");
                    return;
                }
            }
        }
    }

    /// Hands promised messages over, as many as it gets done within a time. Answers with the ids of those that are on their queue now;
    /// a call that was on its way at the end of the time may have put some more there.
    pub async fn send_all(&self, promises: &[Promise], within: Duration) -> Vec<Uuid> {
        let until = Instant::now() + within;
        let mut sent = Vec::new();
        let mut queues: Vec<&'static str> = promises.iter().map(|promise| promise.queue).collect();
        queues.sort_unstable();
        queues.dedup();
        for queue in queues {
            let of_queue: Vec<&Promise> = promises.iter().filter(|promise| promise.queue == queue).collect();
            let outgoing = |promise: &&Promise| Outgoing { body: promise.body.clone(), sent_again: None };
            match self.send_out(queue, of_queue.iter().map(outgoing).collect(), Some(until)).await {
                Ok(verdicts) => {
                    sent.extend(of_queue.iter().zip(verdicts).filter(|(_, ok)| *ok).map(|(promise, _)| promise.id));
                }
                Err(failure) => tracing::error!(reason = %failure, queue, "left to the relay"),
            }
        }
        sent
    }
}

/// What a message says about itself beside its body.
fn attributes(queue: &str, sent_again: Option<Uuid>) -> HashMap<String, MessageAttributeValue> {
    let said = [(QUEUE, Some(queue.to_owned())), (SENT_AGAIN, sent_again.map(|row| row.to_string()))];
    let attribute = |(name, text): (&str, Option<String>)| {
        let value = MessageAttributeValue::builder().data_type("String").string_value(text?).build().ok()?;
        Some((name.to_owned(), value))
    };
    said.into_iter().filter_map(attribute).collect()
}

/// Groups of at most ten bodies and 900 KiB; a single larger body is a group of its own and SQS will say no.
fn chunks(messages: Vec<Outgoing>) -> Vec<Vec<Outgoing>> {
    let mut groups: Vec<Vec<Outgoing>> = Vec::new();
    let mut size = 0;
    for message in messages {
        match groups.last_mut() {
            Some(group) if group.len() < ENTRIES && size + message.body.len() <= BYTES => {
                size += message.body.len();
                group.push(message);
            }
            _ => {
                size = message.body.len();
                groups.push(vec![message]);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_respect_count_and_size() {
        let messages =
            |body: String, count| (0..count).map(|_| Outgoing { body: body.clone(), sent_again: None }).collect();
        let many = chunks(messages("x".to_owned(), 25));
        assert_eq!(many.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
        let large = chunks(messages("x".repeat(500 * 1024), 3));
        assert_eq!(large.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1]);
    }
}
