//! Keeps the months of `events` apart: makes those that are coming, and gives those that stand in the default partition one of their
//! own, while events go on being read and written.
//!
//! Whatever needs a lock that others wait for is limited as a whole, the waiting for it included, and tried again when it did not get
//! it: so nobody waits longer than that limit, however long the transactions in front of it are.

use std::time::{Duration, Instant};

use futures_util::future::join3;
use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::app::App;
use crate::failure::Failure;
use crate::store::Tx;
use crate::store::partitions::{self as store, Place};

/// What others may have to wait because of one step; with the commit behind it they wait for a tenth of a second at most.
const LONGEST_LOCK: Duration = Duration::from_millis(80);

/// For steps that nobody waits for: empty tables are made, the old default partition is thrown away.
const ALONE: Duration = Duration::from_secs(60);

/// Rows copied in one transaction. They are locked meanwhile.
const ROWS: i32 = 200;

/// The pause before a step is tried again that could not get its lock in time, so that those who wait get their turn.
const PAUSE: Duration = Duration::from_millis(250);

/// What was done.
#[derive(Debug, Default)]
pub struct Kept {
    /// Names of the partitions that are new.
    pub made: Vec<String>,
    /// Events that stand in their month's partition now, and no longer in the default one.
    pub moved: i64,
}

/// Drains the default partition, then makes sure of `months` months from `from` on.
///
/// # Errors
/// `Unavailable` when the time is over before all rows were copied, or a lock could not be had until then: the next run goes on.
pub async fn keep(app: &App, from: Date, months: i32, until: Instant) -> Result<Kept, Failure> {
    let mut kept = Kept::default();
    // What a run before has left behind.
    step(app, ALONE, |tx| async move { store::drop_drained(&tx).await }).await?;
    // An empty default partition costs nothing to look through when a month is attached beside it.
    if step(app, ALONE, |tx| async move { store::stage(&tx).await }).await? {
        patiently(app, until, |tx| async move { store::mirror(&tx).await }).await?;
        kept.moved = copy(app, until).await?;
        kept.made = patiently(app, until, |tx| async move { store::swap(&tx).await }).await?;
        step(app, ALONE, |tx| async move { store::drop_drained(&tx).await }).await?;
    }
    for month in 0..months {
        let month = from.first_of_month().checked_add(month.months()).map_err(Failure::internal)?;
        // To make a table with all its indexes may take longer than anybody should wait.
        step(app, ALONE, |tx| async move { store::prepare_month(&tx, month).await }).await?;
        kept.made.extend(patiently(app, until, |tx| async move { store::ensure_month(&tx, month).await }).await?);
    }
    Ok(kept)
}

/// Copies everything that was there when the mirror began.
async fn copy(app: &App, until: Instant) -> Result<i64, Failure> {
    let (mut after, mut rows) = (Place::START, 0);
    let next = |after| patiently(app, until, move |tx| async move { store::copy(&tx, after, ROWS).await });
    while let Some((last, copied)) = next(after).await? {
        after = last;
        rows += i64::from(copied);
        if Instant::now() > until {
            return Err(Failure::busy("no time left to copy the default partition; the next run goes on"));
        }
    }
    Ok(rows)
}

/// A step that others may have to wait for.
async fn patiently<T, F>(app: &App, until: Instant, work: impl Fn(Tx) -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    loop {
        match step(app, LONGEST_LOCK, &work).await {
            Err(failure) if failure.is_busy() && Instant::now() < until => {
                tracing::debug!(reason = %failure, "others were in front; again");
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

/// One statement in a transaction of its own. The limit, the statement and the commit are sent together: a lock does not last while
/// an answer is on its way here and the commit on its way back.
async fn step<T, F>(app: &App, limit: Duration, work: impl Fn(Tx) -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let tx = app.database().begin_without_tenant().await?;
    let (limited, done, committed) = join3(store::limit(&tx, limit), work(tx.clone()), tx.commit()).await;
    limited?;
    // Of a statement that failed, the commit behind it has made an end.
    let done = done?;
    committed?;
    Ok(done)
}
