//! Routing: who could own a lead, and everything a decision writes, one statement per table whatever the number of leads.

use std::sync::Arc;

use futures_util::future::{try_join, try_join3};
use jiff::Timestamp;
use uuid::Uuid;

use super::Tx;
use super::sql::{Written, params, section};
use crate::domain::ids::{DealId, DecisionId, LeadId, MemberId, PipelineId, StageId, TaskId};
use crate::domain::routing::{Candidate, DecisionRecord};
use crate::domain::search;
use crate::failure::Failure;

const SQL: &str = include_str!("routing.sql");

/// A member of the team, locked for this transaction.
#[derive(Debug, Clone)]
pub struct LockedMember {
    pub id: MemberId,
    pub name: String,
    pub active: bool,
    pub capacity: u32,
    pub load: u32,
    pub last_assigned_at: Option<Timestamp>,
    pub slack_user_id: Option<String>,
    pub lead_of_team: bool,
    pub pipelines: Vec<PipelineId>,
}

impl LockedMember {
    /// As a candidate for a lead of this pipeline.
    pub fn candidate(&self, pipeline: PipelineId) -> Candidate {
        Candidate {
            member_id: self.id,
            name: self.name.clone(),
            active: self.active,
            serves_pipeline: self.pipelines.contains(&pipeline),
            load: self.load,
            capacity: self.capacity,
            last_assigned_at: self.last_assigned_at,
        }
    }
}

/// Locks the team, so that nobody is given more than they take.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_members(tx: &Tx) -> Result<Vec<LockedMember>, Failure> {
    // Sent together and run one after the other.
    let (_, rows) = try_join(
        tx.execute(const { section(SQL, "lock_members") }, params![]),
        tx.query(const { section(SQL, "list_members") }, params![]),
    )
    .await?;
    Ok(rows
        .iter()
        .map(|row| LockedMember {
            id: row.get("id"),
            name: row.get("name"),
            active: row.get("active"),
            capacity: u32::try_from(row.get::<_, i32>("capacity")).unwrap_or(0),
            load: u32::try_from(row.get::<_, i64>("load")).unwrap_or(u32::MAX),
            last_assigned_at: row.get("last_assigned_at"),
            slack_user_id: row.get("slack_user_id"),
            lead_of_team: row.get("lead_of_team"),
            pipelines: row.get("pipelines"),
        })
        .collect())
}

/// A pipeline as routing needs it.
#[derive(Debug, Clone)]
pub struct Target {
    pub id: PipelineId,
    pub name: String,
    pub expected_value_minor: i64,
    pub currency: String,
    pub slack_channel: Option<String>,
    pub first_stage: StageId,
}

/// Pipelines that deals can begin in.
///
/// # Errors
/// When the database does not answer.
pub async fn list_pipelines(tx: &Tx) -> Result<Vec<Target>, Failure> {
    let rows = tx.query(const { section(SQL, "list_pipelines") }, params![]).await?;
    Ok(rows
        .iter()
        .map(|row| Target {
            id: row.get("id"),
            name: row.get("name"),
            expected_value_minor: row.get("expected_value_minor"),
            currency: row.get("currency"),
            slack_channel: row.get("slack_channel"),
            first_stage: row.get("first_stage_id"),
        })
        .collect())
}

/// A lead that was placed into a pipeline, with its new deal.
#[derive(Debug, Clone)]
pub struct Placement {
    pub lead: LeadId,
    pub deal: DealId,
    pub deal_name: String,
    pub history: Uuid,
    pub target: Target,
    pub owner: Option<MemberId>,
}

/// Opens the deals of placements, notes their first stage, and binds the leads to them.
///
/// # Errors
/// When the database does not answer.
pub async fn place(tx: &Tx, placements: &[Placement], origin: &str, by: &str, now: Timestamp) -> Result<(), Failure> {
    if placements.is_empty() {
        return Ok(());
    }
    let deals: Vec<DealId> = placements.iter().map(|placement| placement.deal).collect();
    let names: Vec<&str> = placements.iter().map(|placement| placement.deal_name.as_str()).collect();
    let texts: Vec<String> = names.iter().map(|name| search::text(&[*name], "")).collect();
    let leads: Vec<LeadId> = placements.iter().map(|placement| placement.lead).collect();
    let pipelines: Vec<PipelineId> = placements.iter().map(|placement| placement.target.id).collect();
    let stages: Vec<StageId> = placements.iter().map(|placement| placement.target.first_stage).collect();
    let owners: Vec<Option<MemberId>> = placements.iter().map(|placement| placement.owner).collect();
    let values: Vec<i64> = placements.iter().map(|placement| placement.target.expected_value_minor).collect();
    let currencies: Vec<&str> = placements.iter().map(|placement| placement.target.currency.as_str()).collect();
    let nth: Vec<i32> = (0..placements.len()).map(|n| i32::try_from(n).unwrap_or(i32::MAX)).collect();
    let history: Vec<Uuid> = placements.iter().map(|placement| placement.history).collect();
    let none: Vec<Option<StageId>> = vec![None; placements.len()];
    let tenant = tx.tenant();
    // Sent together and run one after the other.
    try_join3(
        tx.execute(
            const { section(SQL, "insert_deals") },
            params![
                tenant, deals, names, leads, pipelines, stages, owners, values, currencies, nth, origin, now, texts
            ],
        ),
        tx.execute(
            const { section(SQL, "insert_stage_history") },
            params![tenant, history, deals, none, stages, now, by],
        ),
        tx.execute(const { section(SQL, "place_leads") }, params![leads, pipelines, stages, deals, owners, now]),
    )
    .await?;
    Ok(())
}

/// Moves the open deal of a lead that a person puts into another pipeline, and the lead with it. False, with nothing written, when
/// the deal is not open (any more).
///
/// # Errors
/// When the database does not answer.
pub async fn move_placed(
    tx: &Tx,
    placement: &Placement,
    from: Option<StageId>,
    by: &str,
    now: Timestamp,
) -> Result<bool, Failure> {
    let Placement { lead, deal, history, target, owner, .. } = placement;
    let moved = tx
        .execute(const { section(SQL, "move_deal") }, params![deal, target.id, target.first_stage, owner, now])
        .await?;
    if moved == 0 {
        return Ok(false);
    }
    let (ids, deals, stages) = (vec![*history], vec![*deal], vec![target.first_stage]);
    tx.execute(
        const { section(SQL, "insert_stage_history") },
        params![tx.tenant(), ids, deals, vec![from], stages, now, by],
    )
    .await?;
    let (pipeline, stage) = (vec![Some(target.id)], vec![Some(target.first_stage)]);
    tx.execute(
        const { section(SQL, "place_leads") },
        params![vec![*lead], pipeline, stage, vec![Some(*deal)], vec![*owner], now],
    )
    .await?;
    Ok(true)
}

/// Gives the open deal of a lead that is put where it is, and the lead with it, its owner; it stays in its stage. False, with nothing
/// written, when the deal is not open (any more).
///
/// # Errors
/// When the database does not answer.
pub async fn keep_placed(tx: &Tx, placement: &Placement, stage: StageId, now: Timestamp) -> Result<bool, Failure> {
    let Placement { lead, deal, target, owner, .. } = placement;
    if tx.execute(const { section(SQL, "keep_deal") }, params![deal, owner, now]).await? == 0 {
        return Ok(false);
    }
    let (pipeline, stage) = (vec![Some(target.id)], vec![Some(stage)]);
    tx.execute(
        const { section(SQL, "place_leads") },
        params![vec![*lead], pipeline, stage, vec![Some(*deal)], vec![*owner], now],
    )
    .await?;
    Ok(true)
}

/// Puts a lead, whose deal has ended, back to the pool.
///
/// # Errors
/// When the database does not answer.
pub async fn return_to_pool(tx: &Tx, lead: LeadId, now: Timestamp) -> Result<(), Failure> {
    let none = (vec![None::<PipelineId>], vec![None::<StageId>], vec![None::<DealId>], vec![None::<MemberId>]);
    tx.execute(const { section(SQL, "place_leads") }, params![vec![lead], none.0, none.1, none.2, none.3, now]).await?;
    Ok(())
}

/// A task made by the machine. `cause` makes it once.
#[derive(Debug, Clone)]
pub struct NewTask {
    pub id: TaskId,
    pub title: String,
    pub description: Option<String>,
    pub kind: &'static str,
    pub priority: &'static str,
    pub due_at: Timestamp,
    pub owner: Option<MemberId>,
    pub lead: LeadId,
    pub deal: Option<DealId>,
    pub cause: String,
}

/// Adds tasks that are not there yet.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_tasks(tx: &Tx, tasks: &[NewTask], now: Timestamp) -> Result<(), Failure> {
    if tasks.is_empty() {
        return Ok(());
    }
    let ids: Vec<TaskId> = tasks.iter().map(|task| task.id).collect();
    let titles: Vec<&str> = tasks.iter().map(|task| task.title.as_str()).collect();
    let descriptions: Vec<Option<&str>> = tasks.iter().map(|task| task.description.as_deref()).collect();
    let kinds: Vec<&str> = tasks.iter().map(|task| task.kind).collect();
    let priorities: Vec<&str> = tasks.iter().map(|task| task.priority).collect();
    let due: Vec<Timestamp> = tasks.iter().map(|task| task.due_at).collect();
    let owners: Vec<Option<MemberId>> = tasks.iter().map(|task| task.owner).collect();
    let leads: Vec<LeadId> = tasks.iter().map(|task| task.lead).collect();
    let deals: Vec<Option<DealId>> = tasks.iter().map(|task| task.deal).collect();
    let causes: Vec<&str> = tasks.iter().map(|task| task.cause.as_str()).collect();
    tx.execute(
        const { section(SQL, "insert_tasks") },
        params![tx.tenant(), ids, titles, descriptions, kinds, priorities, due, owners, leads, deals, causes, now],
    )
    .await?;
    Ok(())
}

/// Cancels tasks that no longer need doing, where they are still open.
///
/// # Errors
/// When the database does not answer.
pub async fn cancel_tasks(tx: &Tx, tasks: &[TaskId], now: Timestamp) -> Result<(), Failure> {
    if tasks.is_empty() {
        return Ok(());
    }
    tx.execute(const { section(SQL, "cancel_tasks") }, params![tasks, now]).await?;
    Ok(())
}

/// Cancels the open tasks that decisions about a lead have made.
///
/// # Errors
/// When the database does not answer.
pub async fn cancel_tasks_of_lead(tx: &Tx, lead: LeadId, now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "cancel_tasks_of_lead") }, params![lead, now]).await?;
    Ok(())
}

/// A lead in conflict, the task that asks a person to decide, and the intent that is ahead.
#[derive(Debug, Clone)]
pub struct Asked {
    pub lead: LeadId,
    pub task: TaskId,
    pub winner: String,
}

/// Remembers on leads what a person was asked.
///
/// # Errors
/// When the database does not answer.
pub async fn mark_conflicts(tx: &Tx, asked: &[Asked], now: Timestamp) -> Result<(), Failure> {
    if asked.is_empty() {
        return Ok(());
    }
    let leads: Vec<LeadId> = asked.iter().map(|one| one.lead).collect();
    let tasks: Vec<TaskId> = asked.iter().map(|one| one.task).collect();
    let winners: Vec<&str> = asked.iter().map(|one| one.winner.as_str()).collect();
    tx.execute(const { section(SQL, "mark_conflicts") }, params![leads, tasks, winners, now]).await?;
    Ok(())
}

/// Their conflict has ended: nobody needs to answer any more, and the next one is another question.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_questions(tx: &Tx, leads: &[LeadId], now: Timestamp) -> Result<(), Failure> {
    if leads.is_empty() {
        return Ok(());
    }
    tx.execute(const { section(SQL, "forget_questions") }, params![leads, now]).await?;
    Ok(())
}

/// A decision to be appended.
#[derive(Debug, Clone)]
pub struct Decision {
    pub id: DecisionId,
    pub lead: LeadId,
    pub deal: Option<DealId>,
    pub record: Arc<DecisionRecord>,
}

/// Appends decisions. "Not routed yet" is none: it follows from the lead's present standing whenever somebody asks.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_decisions(tx: &Tx, decisions: &[Decision], by: &str, now: Timestamp) -> Result<(), Failure> {
    if decisions.is_empty() {
        return Ok(());
    }
    let ids: Vec<DecisionId> = decisions.iter().map(|decision| decision.id).collect();
    let leads: Vec<LeadId> = decisions.iter().map(|decision| decision.lead).collect();
    let outcomes: Vec<&str> = decisions.iter().map(|decision| decision.record.outcome.kind.as_str()).collect();
    let pipelines: Vec<Option<PipelineId>> =
        decisions.iter().map(|decision| decision.record.outcome.pipeline_id).collect();
    let owners: Vec<Option<MemberId>> = decisions.iter().map(|decision| decision.record.outcome.owner_id).collect();
    let deals: Vec<Option<DealId>> = decisions.iter().map(|decision| decision.deal).collect();
    let versions: Vec<i32> = decisions.iter().map(|decision| decision.record.inputs.rule_set_version).collect();
    let records: Vec<Written<&DecisionRecord>> = decisions.iter().map(|decision| Written(&*decision.record)).collect();
    tx.execute(
        const { section(SQL, "insert_decisions") },
        params![tx.tenant(), ids, leads, outcomes, pipelines, owners, deals, versions, by, now, records],
    )
    .await?;
    Ok(())
}

/// Notes when members were last given a lead.
///
/// # Errors
/// When the database does not answer.
pub async fn note_assignments(tx: &Tx, assignments: &[(MemberId, Timestamp)]) -> Result<(), Failure> {
    if assignments.is_empty() {
        return Ok(());
    }
    let members: Vec<MemberId> = assignments.iter().map(|(member, _)| *member).collect();
    let moments: Vec<Timestamp> = assignments.iter().map(|(_, at)| *at).collect();
    tx.execute(const { section(SQL, "note_assignments") }, params![members, moments]).await?;
    Ok(())
}

/// Unrouted leads with enough points that have been here since before a moment, in the order of ids.
///
/// # Errors
/// When the database does not answer.
pub async fn list_discovery_due(
    tx: &Tx,
    min_score: i32,
    since: Timestamp,
    after: LeadId,
    limit: i64,
) -> Result<Vec<LeadId>, Failure> {
    let rows = tx
        .query(const { section(SQL, "list_discovery_due") }, params![tx.tenant(), min_score, since, after, limit])
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Unrouted leads that reach the thresholds, or are in conflict, and were evaluated before a moment without a decision since, in the
/// order of ids. Confidence in tenths of a percent.
///
/// # Errors
/// When the database does not answer.
pub async fn list_undecided(
    tx: &Tx,
    min_score: i32,
    min_confidence: i32,
    before: Timestamp,
    after: LeadId,
    limit: i64,
) -> Result<Vec<LeadId>, Failure> {
    let rows = tx
        .query(
            const { section(SQL, "list_undecided") },
            params![tx.tenant(), min_score, min_confidence, before, after, limit],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
