//! Many records changed at once, with a number of statements that does not depend on how many they are, and what is kept to undo it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use super::Tx;
use super::deals::{Deal, Passage};
use super::leads::{Lead, LeadStatus};
use super::sql::{params, section};
use super::tasks::Task;
use crate::domain::ids::{DealId, LeadId, MemberId, PipelineId, StageId, TaskId};
use crate::failure::Failure;

const SQL: &str = include_str!("bulk.sql");

/// What of a lead is changed together with others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadState {
    pub id: LeadId,
    pub owner_id: Option<MemberId>,
    pub tags: Vec<String>,
}

impl LeadState {
    /// As it is.
    pub fn of(lead: &Lead) -> Self {
        Self { id: lead.id, owner_id: lead.owner, tags: lead.tags.clone() }
    }
}

/// What of a deal is changed together with others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DealState {
    pub id: DealId,
    pub pipeline_id: PipelineId,
    pub stage_id: StageId,
    pub position: f64,
    pub status: String,
    pub closed_at: Option<Timestamp>,
    pub lost_reason: Option<String>,
    pub owner_id: Option<MemberId>,
    pub expected_close_on: Option<Date>,
}

impl DealState {
    /// As it is.
    pub fn of(deal: &Deal) -> Self {
        Self {
            id: deal.id,
            pipeline_id: deal.pipeline,
            stage_id: deal.stage,
            position: deal.position,
            status: deal.status.clone(),
            closed_at: deal.closed_at,
            lost_reason: deal.lost_reason.clone(),
            owner_id: deal.owner,
            expected_close_on: deal.expected_close_on,
        }
    }
}

/// What of a task is changed together with others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskState {
    pub id: TaskId,
    pub owner_id: Option<MemberId>,
    pub due_at: Option<Timestamp>,
    pub priority: String,
    pub status: String,
    pub completed_at: Option<Timestamp>,
    pub completed_by: Option<String>,
}

impl TaskState {
    /// As it is.
    pub fn of(task: &Task) -> Self {
        Self {
            id: task.id,
            owner_id: task.owner,
            due_at: task.due_at,
            priority: task.priority.clone(),
            status: task.status.clone(),
            completed_at: task.completed_at,
            completed_by: task.completed_by.clone(),
        }
    }
}

/// Locks leads until the end of the transaction, in the order of their ids.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_leads(tx: &Tx, ids: &[LeadId]) -> Result<(), Failure> {
    tx.query(const { section(SQL, "lock_leads") }, params![ids]).await?;
    Ok(())
}

/// Locks the leads of deals, and answers with their ids.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_leads_of_deals(tx: &Tx, deals: &[DealId]) -> Result<Vec<LeadId>, Failure> {
    let rows = tx.query(const { section(SQL, "lock_leads_of_deals") }, params![deals]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Gives locked leads these states.
///
/// # Errors
/// When the database does not answer.
pub async fn set_leads(tx: &Tx, states: &[LeadState], now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "set_leads") }, params![json!(states), now]).await?;
    Ok(())
}

/// Gives locked deals these states.
///
/// # Errors
/// When the database does not answer.
pub async fn set_deals(tx: &Tx, states: &[DealState], now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "set_deals") }, params![json!(states), now]).await?;
    Ok(())
}

/// Gives locked tasks these states.
///
/// # Errors
/// When the database does not answer.
pub async fn set_tasks(tx: &Tx, states: &[TaskState], now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "set_tasks") }, params![json!(states), now]).await?;
    Ok(())
}

/// Where the first deal of each of these stages stands; stages without deals are left out.
///
/// # Errors
/// When the database does not answer.
pub async fn tops(tx: &Tx, stages: &[StageId]) -> Result<BTreeMap<StageId, f64>, Failure> {
    let rows = tx.query(const { section(SQL, "tops") }, params![stages]).await?;
    Ok(rows.iter().map(|row| (row.get("stage_id"), row.get("position"))).collect())
}

/// Notes the ways of deals from stage to stage, all by the same person for the same reason.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_stage_history(tx: &Tx, passages: &[Passage<'_>], now: Timestamp) -> Result<(), Failure> {
    let Some(Passage { by, reason, .. }) = passages.first() else { return Ok(()) };
    let ids: Vec<Uuid> = passages.iter().map(|_| Uuid::now_v7()).collect();
    let deals: Vec<DealId> = passages.iter().map(|passage| passage.deal).collect();
    let (from, to): (Vec<Option<StageId>>, Vec<StageId>) =
        passages.iter().map(|passage| (passage.from, passage.to)).unzip();
    let list = params![tx.tenant(), now, by, reason, ids, deals, from, to];
    tx.execute(const { section(SQL, "insert_stage_history") }, list).await?;
    Ok(())
}

/// Those of these members who may own records.
///
/// # Errors
/// When the database does not answer.
pub async fn owners(tx: &Tx, members: &[MemberId]) -> Result<Vec<MemberId>, Failure> {
    let rows = tx.query(const { section(SQL, "owners") }, params![members]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What a lead was that followed its deal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Followed {
    pub id: LeadId,
    /// Afterwards: a lead with another one was changed since.
    pub version: i64,
    /// None in the pool.
    pub lifecycle: Option<String>,
}

impl Followed {
    /// A lead before and after it followed.
    pub fn of(before: &Lead, after: &Lead) -> Self {
        let pool = [LeadStatus::New, LeadStatus::Engaged, LeadStatus::Qualified];
        let lifecycle = (!pool.contains(&before.status)).then(|| before.status.as_str().to_owned());
        Self { id: before.id, version: after.version, lifecycle }
    }
}

/// Lets leads stand where their deals stand, of which these were moved. Where that leaves it open what a lead is, it becomes what it was
/// (`known`), if nobody changed it since.
///
/// # Errors
/// When the database does not answer.
pub async fn follow_leads(
    tx: &Tx,
    leads: &[LeadId],
    moved: &[DealId],
    known: &[Followed],
    now: Timestamp,
) -> Result<(), Failure> {
    let known = json!(known);
    let list = params![leads, moved, now, known];
    tx.execute(const { section(SQL, "follow_leads") }, list).await?;
    Ok(())
}

/// What undoes the change of one record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Undo<S> {
    /// Afterwards: a record with another one was changed since.
    pub version: i64,
    pub before: S,
    /// The lead that followed, with the first of its deals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<Followed>,
}

/// A change to be kept.
pub struct NewChange<'a> {
    pub id: Uuid,
    /// `lead`, `deal` or `task`.
    pub record: &'static str,
    pub token_hash: [u8; 32],
    /// Who did it.
    pub actor: &'a str,
    pub records: Value,
    pub expires_at: Timestamp,
}

/// Keeps what undoes a change.
///
/// # Errors
/// When the database does not answer.
pub async fn insert(tx: &Tx, new: &NewChange<'_>, now: Timestamp) -> Result<(), Failure> {
    let NewChange { id, record, token_hash, actor, records, expires_at } = new;
    let hash = &token_hash[..];
    let list = params![id, tx.tenant(), record, hash, actor, now, expires_at, records];
    tx.execute(const { section(SQL, "insert") }, list).await?;
    Ok(())
}

/// A change that can still be undone.
pub struct Change {
    pub id: Uuid,
    pub record: String,
    pub records: Value,
}

/// The change of a token, by this actor, locked until the end of the transaction; none that is over or undone.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(tx: &Tx, token_hash: &[u8; 32], actor: &str, now: Timestamp) -> Result<Option<Change>, Failure> {
    let hash = &token_hash[..];
    let row = tx.find(const { section(SQL, "lock") }, params![hash, actor, now]).await?;
    let change = |row: Row| Change { id: row.get("id"), record: row.get("record_type"), records: row.get("records") };
    Ok(row.map(change))
}

/// Notes that a change was undone.
///
/// # Errors
/// When the database does not answer.
pub async fn mark_undone(tx: &Tx, id: Uuid, now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "mark_undone") }, params![id, now]).await?;
    Ok(())
}
