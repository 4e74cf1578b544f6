//! Pipelines and their stages.

use jiff::Timestamp;
use tokio_postgres::Row;

use super::Tx;
use super::sql::{params, section, statements};
use super::window::Window;
use crate::domain::ids::{DealId, PipelineId, StageId};
use crate::failure::Failure;

const SQL: &str = statements!(include_str!("pipelines.sql"));

/// A pipeline without its stages.
#[derive(Debug, Clone)]
pub struct Pipeline {
    pub id: PipelineId,
    pub slug: String,
    pub name: String,
    pub intent: Option<String>,
    pub expected_value_minor: i64,
    pub currency: String,
    pub position: i32,
    pub slack_channel: Option<String>,
    pub archived_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A stage of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    pub id: StageId,
    pub pipeline: PipelineId,
    pub position: i32,
    pub name: String,
    pub color: String,
    pub icon: String,
    /// Per cent.
    pub probability: i32,
    pub won: bool,
    pub lost: bool,
    pub version: i64,
}

/// What stands in one stage in one currency.
#[derive(Debug, Clone)]
pub struct StageSum {
    pub stage: StageId,
    pub currency: String,
    pub deals: i64,
    pub value_minor: i64,
    /// Value times probability, rounded once per stage.
    pub weighted_minor: i64,
}

fn pipeline(row: &Row) -> Pipeline {
    Pipeline {
        id: row.get("id"),
        slug: row.get("slug"),
        name: row.get("name"),
        intent: row.get("intent"),
        expected_value_minor: row.get("expected_value_minor"),
        currency: row.get("currency"),
        position: row.get("position"),
        slack_channel: row.get("slack_channel"),
        archived_at: row.get("archived_at"),
        version: row.get("version"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
    }
}

fn stage(row: &Row) -> Stage {
    Stage {
        id: row.get("id"),
        pipeline: row.get("pipeline_id"),
        position: row.get("position"),
        name: row.get("name"),
        color: row.get("color"),
        icon: row.get("icon"),
        probability: row.get("probability"),
        won: row.get("won"),
        lost: row.get("lost"),
        version: row.get("version"),
    }
}

/// A part of the pipelines in their order, archived ones only on request.
///
/// # Errors
/// When the database does not answer.
pub async fn list(tx: &Tx, archived: bool, window: Window) -> Result<Vec<Pipeline>, Failure> {
    let rows = tx.query(const { section(SQL, "list") }, params![archived, window.limit, window.offset]).await?;
    Ok(rows.iter().map(pipeline).collect())
}

/// How many pipelines [`list`] goes through.
///
/// # Errors
/// When the database does not answer.
pub async fn count(tx: &Tx, archived: bool) -> Result<i64, Failure> {
    let row = tx.find(const { section(SQL, "count") }, params![archived]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// One pipeline, archived or not.
///
/// # Errors
/// `NotFound` when this tenant has no such pipeline.
pub async fn get(tx: &Tx, id: PipelineId) -> Result<Pipeline, Failure> {
    let row = tx.find(const { section(SQL, "find") }, params![id]).await?;
    row.as_ref().map(pipeline).ok_or_else(|| Failure::not_found("pipeline"))
}

/// The stages of pipelines, in order within each.
///
/// # Errors
/// When the database does not answer.
pub async fn list_stages(tx: &Tx, pipelines: &[PipelineId]) -> Result<Vec<Stage>, Failure> {
    let rows = tx.query(const { section(SQL, "list_stages") }, params![pipelines]).await?;
    Ok(rows.iter().map(stage).collect())
}

/// What stands in the stages of a pipeline; empty stages are not among them.
///
/// # Errors
/// When the database does not answer.
pub async fn stage_sums(tx: &Tx, id: PipelineId) -> Result<Vec<StageSum>, Failure> {
    let rows = tx.query(const { section(SQL, "stage_sums") }, params![id]).await?;
    Ok(rows
        .iter()
        .map(|row| StageSum {
            stage: row.get("stage_id"),
            currency: row.get("currency"),
            deals: row.get("deals"),
            value_minor: row.get("value_minor"),
            weighted_minor: row.get("weighted_minor"),
        })
        .collect())
}

/// One stage, of whatever pipeline.
///
/// # Errors
/// When the database does not answer.
pub async fn find_stage(tx: &Tx, id: StageId) -> Result<Option<Stage>, Failure> {
    let row = tx.find(const { section(SQL, "find_stage") }, params![id]).await?;
    Ok(row.as_ref().map(stage))
}

/// The stage in which deals of a pipeline begin.
///
/// # Errors
/// When the database does not answer.
pub async fn first_stage(tx: &Tx, pipeline: PipelineId) -> Result<Option<Stage>, Failure> {
    let row = tx.find(const { section(SQL, "first_stage") }, params![pipeline]).await?;
    Ok(row.as_ref().map(stage))
}

/// The stage of a deal's pipeline that closes it as `won` or `lost`.
///
/// # Errors
/// When the database does not answer.
pub async fn closing_stage(tx: &Tx, id: DealId, outcome: &str) -> Result<Option<Stage>, Failure> {
    let row = tx.find(const { section(SQL, "closing_stage") }, params![id, outcome]).await?;
    Ok(row.as_ref().map(stage))
}

/// A stage, locked until the end of the transaction for a move into it; none when this tenant has no such stage. Moves into one stage take
/// turns, and deals that the machine puts into it go on undisturbed.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_stage_for_move(tx: &Tx, id: StageId) -> Result<Option<Stage>, Failure> {
    let row = tx.find(const { section(SQL, "lock_stage_for_move") }, params![id]).await?;
    Ok(row.as_ref().map(stage))
}

/// The same for several stages, in the order of their ids: those that exist.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_stages_for_move(tx: &Tx, ids: &[StageId]) -> Result<Vec<Stage>, Failure> {
    let rows = tx.query(const { section(SQL, "lock_stages_for_move") }, params![ids]).await?;
    Ok(rows.iter().map(stage).collect())
}

/// The stages in which deals of these pipelines end, `won` or `lost`: at most one of each pipeline.
///
/// # Errors
/// When the database does not answer.
pub async fn closing_stages(tx: &Tx, deals: &[DealId], outcome: &str) -> Result<Vec<StageId>, Failure> {
    let rows = tx.query(const { section(SQL, "closing_stages") }, params![deals, outcome]).await?;
    Ok(rows.iter().map(|row| row.get("id")).collect())
}

/// A stage, locked until the end of the transaction: no deal is moved into it meanwhile.
///
/// # Errors
/// `NotFound` when this tenant has no such stage.
pub async fn lock_stage(tx: &Tx, id: StageId) -> Result<Stage, Failure> {
    let row = tx.find(const { section(SQL, "lock_stage") }, params![id]).await?;
    row.as_ref().map(stage).ok_or_else(|| Failure::not_found("stage"))
}

/// Whether deals stand in a stage, open or closed.
///
/// # Errors
/// When the database does not answer.
pub async fn has_deals(tx: &Tx, id: StageId) -> Result<bool, Failure> {
    Ok(tx.find(const { section(SQL, "has_deals") }, params![id]).await?.is_some_and(|row| row.get(0)))
}

/// Replaces what is said about a locked stage.
///
/// # Errors
/// When the database does not answer.
pub async fn update_stage(tx: &Tx, to: &Stage) -> Result<Stage, Failure> {
    let values = params![to.id, to.name, to.color, to.icon, to.probability, to.won, to.lost];
    let row = tx.find(const { section(SQL, "update_stage") }, values).await?;
    row.as_ref().map(stage).ok_or_else(|| Failure::internal("a locked stage is gone"))
}
