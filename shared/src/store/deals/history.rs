//! The stages a deal stood in.

use jiff::Timestamp;
use uuid::Uuid;

use super::super::Tx;
use super::super::sql::{params, section};
use super::super::window::Window;
use super::SQL;
use crate::domain::ids::{DealId, PipelineId, StageId};
use crate::failure::Failure;

/// One stay of a deal in a stage.
#[derive(Debug, Clone)]
pub struct Stay {
    pub id: Uuid,
    pub stage: StageId,
    /// None like the others: the stage was deleted.
    pub stage_name: Option<String>,
    pub color: Option<String>,
    pub pipeline: Option<PipelineId>,
    pub pipeline_name: Option<String>,
    pub entered_at: Timestamp,
    /// None: it stands there.
    pub left_at: Option<Timestamp>,
    /// The deal is open and stands there: the stay goes on.
    pub running: bool,
    /// None when the beginning was not noted.
    pub moved_by: Option<String>,
    pub moved_by_name: Option<String>,
    pub reason: Option<String>,
}

/// The statement behind [`list_history`].
pub const LIST_HISTORY: &str = const { section(SQL, "list_history") };

/// The stages a deal stood in, the present one first.
///
/// # Errors
/// When the database does not answer.
pub async fn list_history(tx: &Tx, deal: DealId, window: Window) -> Result<Vec<Stay>, Failure> {
    let rows = tx.query(LIST_HISTORY, params![deal, window.limit, window.offset]).await?;
    let read = |row: &tokio_postgres::Row| Stay {
        id: row.get("id"),
        stage: row.get("stage_id"),
        stage_name: row.get("stage_name"),
        color: row.get("color"),
        pipeline: row.get("pipeline_id"),
        pipeline_name: row.get("pipeline_name"),
        entered_at: row.get("entered_at"),
        left_at: row.get("left_at"),
        running: row.get("running"),
        moved_by: row.get("moved_by"),
        moved_by_name: row.get("moved_by_name"),
        reason: row.get("reason"),
    };
    Ok(rows.iter().map(read).collect())
}

/// How many stays a deal has.
///
/// # Errors
/// When the database does not answer.
pub async fn count_history(tx: &Tx, deal: DealId) -> Result<i64, Failure> {
    let row = tx.find(const { section(SQL, "count_history") }, params![deal]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}
