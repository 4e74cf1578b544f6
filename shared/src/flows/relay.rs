//! What is left over when a function ends between its commit and the hand-over, and what was given up while something was away: found
//! again and sent.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tracing::error_span;
use uuid::Uuid;

use crate::app::App;
use crate::aws::queues::MAX_BODY;
use crate::failure::Failure;
use crate::messages::queues;
use crate::store::{Tx, inbox, outbox};
use crate::telemetry::step;

/// Younger rows are being handed over by the function that wrote them.
const GRACE: SignedDuration = SignedDuration::from_secs(30);

/// Rows in one transaction: some ten calls to SQS long.
const CHUNK: i32 = 100;

/// The rows of a chunk are locked while it is sent, by a transaction that hears nothing meanwhile.
const SENDING: Duration = Duration::from_secs(10);

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
    let chunk = app.transact_across(async |tx| {
        let promises = outbox::claim(&tx, queue, due_before, CHUNK).await?;
        let sent = app.sender().send_all(&promises, SENDING).await;
        if !sent.is_empty() {
            outbox::delete_claimed(&tx, &sent).await?;
        }
        Ok(sent.len())
    });
    step(error_span!("hand_over", queue), chunk).await
}

/// Dead letters sent again in one run: they come beside what comes in now, and must not crowd it out.
const GIVEN_UP: i32 = 200;

/// The most bytes of them: the function has 256 MB.
const GIVEN_UP_BYTES: i32 = 16 * 1024 * 1024;

/// Sends dead letters again that were given up although nothing need be wrong with them: that this runs says that the database is back.
/// Answers with how many. One that is given up again is the same row again, and rests for longer each time.
///
/// # Errors
/// When the database does not answer. A queue that does not is no error: its rows stay.
pub async fn send_given_up(app: &App, moment: Timestamp) -> Result<usize, Failure> {
    let claimed = app.transact_across(async |tx| send_claimed(app, &tx, moment).await);
    step(error_span!("send_given_up"), claimed).await
}

/// The rows stay locked until they are noted, so that a second relay takes others.
async fn send_claimed(app: &App, tx: &Tx, moment: Timestamp) -> Result<usize, Failure> {
    let body_bytes = i32::try_from(MAX_BODY).unwrap_or(i32::MAX);
    let queues: Vec<&str> = queues::consumed().map(|queue| queue.name).collect();
    let rows = inbox::claim_given_up(tx, &queues, moment, GIVEN_UP, body_bytes, GIVEN_UP_BYTES).await?;
    let mut by_queue: BTreeMap<String, Vec<(Uuid, String)>> = BTreeMap::new();
    for row in rows {
        by_queue.entry(row.queue).or_default().push((row.id, row.body));
    }
    let mut sent = Vec::new();
    let until = Instant::now() + SENDING;
    for (queue, rows) in by_queue {
        let ids: Vec<Uuid> = rows.iter().map(|(id, _)| *id).collect();
        let verdicts = app.sender().send_again(&queue, rows, until).await?;
        sent.extend(ids.into_iter().zip(verdicts).filter(|(_, taken)| *taken).map(|(id, _)| id));
    }
    if !sent.is_empty() {
        inbox::note_sent_again(tx, &sent, moment).await?;
    }
    Ok(sent.len())
}
