//! A deal gets a new standing: deal, stage history and lead change together.

use jiff::Timestamp;

use crate::app::App;
use crate::failure::Failure;
use crate::store::Tx;
use crate::store::deals::{self, Deal, Move, Passage};

/// Gives a deal that is locked with its lead a new standing, in this transaction. Entering another stage is noted, with who did it and
/// why, and the lead follows.
///
/// # Errors
/// When the database does not answer.
pub async fn stand(
    app: &App,
    tx: &Tx,
    before: &Deal,
    to: &Move,
    (by, reason): (&str, Option<&str>),
    now: Timestamp,
) -> Result<Deal, Failure> {
    let after = deals::apply_move(tx, before.id, to, now).await?;
    let moved = to.stage != before.stage;
    if moved {
        let passage = Passage { deal: before.id, from: Some(before.stage), to: to.stage, by, reason };
        deals::insert_stage_history(tx, app.new_id(), &passage, now).await?;
    }
    if let Some(lead) = after.lead
        && (moved || after.status != before.status)
    {
        deals::follow_lead(tx, lead, &after, now).await?;
    }
    Ok(after)
}
