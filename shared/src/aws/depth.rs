//! How much stands on the queues, for `/health`.
//!
//! Figures of SQS are approximate and up to a minute old.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use tokio::sync::OnceCell;

use crate::config::queue_url;
use crate::failure::Failure;

/// What stands on one queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages that a consumer may take now.
    pub waiting: i64,
    /// Messages that a consumer has taken and not finished.
    pub in_flight: i64,
    /// Messages that wait for their moment.
    pub delayed: i64,
}

/// Asks SQS about one queue.
///
/// # Errors
/// `Internal` when this function was not told where the queues are; `Unavailable` when SQS does not answer.
pub async fn of(queue: &str) -> Result<Depth, Failure> {
    let url = queue_url(queue).map_err(Failure::internal)?;
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
        .map_err(|error| Failure::unavailable(format!("queue {queue}: {}", DisplayErrorContext(&error))))?;
    let figure = |attribute: Attribute| {
        let text = answer.attributes().and_then(|attributes| attributes.get(&attribute));
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    Ok(Depth {
        waiting: figure(Attribute::ApproximateNumberOfMessages),
        in_flight: figure(Attribute::ApproximateNumberOfMessagesNotVisible),
        delayed: figure(Attribute::ApproximateNumberOfMessagesDelayed),
    })
}
