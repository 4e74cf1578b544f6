//! How much stands on the queues, for `/health`.
//!
//! Figures of SQS are approximate and up to a minute old.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use futures_util::future::try_join;
use tokio::sync::OnceCell;

use crate::config::{dead_letters_url, queue_url};
use crate::failure::Failure;
use crate::messages::queues::Queue;

/// What stands on one queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages that a consumer may take now.
    pub waiting: i64,
    /// Messages that a consumer has taken and not finished.
    pub in_flight: i64,
    /// Messages that wait for their moment.
    pub delayed: i64,
    /// Messages that failed too often.
    pub dead_letters: i64,
}

/// Asks SQS about one queue and its dead letters.
///
/// # Errors
/// `Internal` when this function was not given the queue's address; `Unavailable` when SQS does not answer.
pub async fn of(queue: &Queue) -> Result<Depth, Failure> {
    let dead_letters = dead_letters_url(queue.name).map_err(Failure::internal)?;
    let url = match queue.has_consumer() {
        true => Some(queue_url(queue.name).map_err(Failure::internal)?),
        false => None,
    };
    let main = async {
        match url {
            Some(url) => count(queue.name, &url).await,
            None => Ok(Depth::default()),
        }
    };
    let (main, dead) = try_join(main, count(queue.name, &dead_letters)).await?;
    Ok(Depth { dead_letters: dead.waiting + dead.in_flight + dead.delayed, ..main })
}

async fn count(name: &str, url: &str) -> Result<Depth, Failure> {
    static CLIENT: OnceCell<Client> = OnceCell::const_new();
    let client = CLIENT.get_or_init(|| async { Client::new(crate::config::aws()) }).await;
    let answer = client
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(Attribute::ApproximateNumberOfMessages)
        .attribute_names(Attribute::ApproximateNumberOfMessagesNotVisible)
        .attribute_names(Attribute::ApproximateNumberOfMessagesDelayed)
        .send()
        .await
        .map_err(|error| Failure::unavailable(format!("queue {name}: {}", DisplayErrorContext(&error))))?;
    let figure = |attribute: Attribute| {
        let text = answer.attributes().and_then(|attributes| attributes.get(&attribute));
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    Ok(Depth {
        waiting: figure(Attribute::ApproximateNumberOfMessages),
        in_flight: figure(Attribute::ApproximateNumberOfMessagesNotVisible),
        delayed: figure(Attribute::ApproximateNumberOfMessagesDelayed),
        dead_letters: 0,
    })
}
