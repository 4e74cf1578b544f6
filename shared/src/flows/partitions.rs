//! Keeps the months of `events` apart: makes those that are coming, and gives those that stand in the default partition one of their
//! own, while events go on being read and written.
//!
//! Whatever needs a lock that others wait for is limited as a whole, the waiting for it included, and tried again when it did not get
//! it: so nobody waits longer than that limit, however long the transactions in front of it are.

use std::time::{Duration, Instant};

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::app::App;
use crate::failure::Failure;
use crate::store::partitions::{self as store, Place};
use crate::store::Tx;

/// What others may have to wait because of one step; with the commit behind it they wait for a tenth of a second at most.
const LONGEST_LOCK: Duration = Duration::from_millis(80);

/// For steps that nobody waits for: an empty table is made for each month, the old default partition is thrown away.
const ALONE: Duration = Duration::from_secs(60);

/// Rows copied in one transaction. They are locked meanwhile.
const ROWS: i32 = 200;

/// How often a step is tried that could not get its lock in time.
const TRIES: u32 = 60;

/// The pause before such a step is tried again, so that those who wait get their turn.
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
/// `Unavailable` when the time is over before all rows were copied, or a lock could not be had for a long time: the next run goes on.
pub async fn keep(app: &App, from: Date, months: i32, until: Instant) -> Result<Kept, Failure> {
    let mut kept = Kept::default();
    // What a run before has left behind.
    step(app, ALONE, store::drop_drained).await?;
    // An empty default partition costs nothing to look through when a month is attached beside it.
    if step(app, ALONE, store::stage).await? {
        patiently(app, store::mirror).await?;
        kept.moved = copy(app, until).await?;
        kept.made = patiently(app, store::swap).await?;
        step(app, ALONE, store::drop_drained).await?;
    }
    for month in 0..months {
        let month = from.first_of_month().checked_add(month.months()).map_err(Failure::internal)?;
        kept.made.extend(patiently(app, async |tx| store::ensure_month(tx, month).await).await?);
    }
    Ok(kept)
}

/// Copies everything that was there when the mirror began.
async fn copy(app: &App, until: Instant) -> Result<i64, Failure> {
    let (mut after, mut rows) = (Place::START, 0);
    loop {
        if Instant::now() > until {
            return Err(Failure::busy("no time left to copy the default partition; the next run goes on"));
        }
        match patiently(app, async |tx| store::copy(tx, after, ROWS).await).await? {
            Some((last, copied)) => {
                after = last;
                rows += i64::from(copied);
            }
            None => return Ok(rows),
        }
    }
}

/// A step that others may have to wait for.
async fn patiently<T>(app: &App, work: impl AsyncFn(&Tx) -> Result<T, Failure>) -> Result<T, Failure> {
    let mut tries = 1;
    loop {
        match step(app, LONGEST_LOCK, &work).await {
            Err(failure) if failure.is_busy() && tries < TRIES => {
                tracing::debug!(reason = %failure, tries, "others were in front; again");
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

async fn step<T>(app: &App, limit: Duration, work: impl AsyncFn(&Tx) -> Result<T, Failure>) -> Result<T, Failure> {
    let tx = app.database().begin_without_tenant().await?;
    let outcome = async {
        store::limit(&tx, limit).await?;
        work(&tx).await
    };
    match outcome.await {
        Ok(done) => tx.commit().await.map(|_| done),
        Err(failure) => {
            tx.rollback().await;
            Err(failure)
        }
    }
}
