//! What is left over when a function ends between its commit and the hand-over: found again and sent.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::failure::Failure;
use crate::messages::queues;
use crate::store::outbox;

/// Younger rows are being handed over by the function that wrote them.
const GRACE: SignedDuration = SignedDuration::from_secs(30);

/// Rows in one transaction: some ten calls to SQS long.
const CHUNK: i32 = 100;

/// Well below the function's time limit; the next run goes on.
const ENOUGH: Duration = Duration::from_secs(100);

/// Sends what stands in the outbox for longer than 30 seconds, queue by queue and chunk by chunk, so that one queue that takes
/// nothing does not keep the others waiting. Answers with how many were sent.
///
/// # Errors
/// When the database does not answer. A queue that does not is no error: its rows stay.
pub async fn hand_over(app: &App, moment: Timestamp) -> Result<usize, Failure> {
    let started = Instant::now();
    let mut total = 0;
    for queue in queues::consumed() {
        while started.elapsed() < ENOUGH {
            let sent = hand_over_chunk(app, queue.name, moment - GRACE).await?;
            if sent == 0 {
                break;
            }
            total += sent;
        }
    }
    Ok(total)
}

/// The rows stay locked until they are deleted, so that a second relay takes others.
async fn hand_over_chunk(app: &App, queue: &'static str, due_before: Timestamp) -> Result<usize, Failure> {
    let tx = app.database().begin_without_tenant().await?;
    let sent = async {
        let promises = outbox::claim(&tx, queue, due_before, CHUNK).await?;
        let sent = app.sender().send_all(&promises).await;
        if !sent.is_empty() {
            outbox::delete_claimed(&tx, &sent).await?;
        }
        Ok(sent.len())
    }
    .await;
    match sent {
        Ok(sent) => tx.commit().await.map(|_| sent),
        Err(failure) => {
            tx.rollback().await;
            Err(failure)
        }
    }
}
