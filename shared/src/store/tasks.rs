//! Tasks: lists, and the changes people make.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Tx;
use super::choice::{Between, Choice};
use super::sql::{Param, params, section, statements};
use super::team;
use super::window::Window;
use crate::domain::ids::{DealId, LeadId, MemberId, TaskId};
use crate::failure::{Failure, Fault};

const SQL: &str = statements!(include_str!("tasks.sql"));

/// Something a member has to do.
#[derive(Debug, Clone)]
pub struct Task {
    pub id: TaskId,
    pub title: String,
    pub description: Option<String>,
    pub kind: String,
    pub priority: String,
    pub due_at: Option<Timestamp>,
    pub owner: Option<MemberId>,
    pub lead: Option<LeadId>,
    pub deal: Option<DealId>,
    pub contact: Option<Uuid>,
    /// `open`, `done`, `cancelled`.
    pub status: String,
    pub completed_at: Option<Timestamp>,
    pub completed_by: Option<String>,
    pub reminded_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
    /// What people call its lead.
    pub lead_name: Option<String>,
    pub deal_name: Option<String>,
    pub owner_name: Option<String>,
}

fn task(row: &Row) -> Task {
    Task {
        id: row.get("id"),
        title: row.get("title"),
        description: row.get("description"),
        kind: row.get("kind"),
        priority: row.get("priority"),
        due_at: row.get("due_at"),
        owner: row.get("owner_id"),
        lead: row.get("lead_id"),
        deal: row.get("deal_id"),
        contact: row.get("contact_id"),
        status: row.get("status"),
        completed_at: row.get("completed_at"),
        completed_by: row.get("completed_by"),
        reminded_at: row.get("reminded_at"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        version: row.get("version"),
        lead_name: row.get("lead_name"),
        deal_name: row.get("deal_name"),
        owner_name: row.get("owner_name"),
    }
}

/// Which tasks a list shows. What is absent does not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub owner: Choice<MemberId>,
    pub status: Choice<String>,
    pub kind: Choice<String>,
    pub priority: Choice<String>,
    pub lead: Choice<LeadId>,
    pub deal: Choice<DealId>,
    pub due: Between<Timestamp>,
    pub created: Between<Timestamp>,
    pub completed: Between<Timestamp>,
    /// Only these.
    pub ids: Option<Vec<TaskId>>,
}

impl Filter {
    /// For `{filter}`.
    fn params(&self) -> Vec<Param<'_>> {
        let mut list = Vec::with_capacity(24);
        self.owner.push(&mut list);
        for texts in [&self.status, &self.kind, &self.priority] {
            texts.push(&mut list);
        }
        self.lead.push(&mut list);
        self.deal.push(&mut list);
        list.extend_from_slice(params![self.due.from, self.due.before, self.due.empty]);
        list.extend_from_slice(params![self.created.from, self.created.before]);
        list.extend_from_slice(params![self.completed.from, self.completed.before, self.completed.empty, self.ids]);
        list
    }
}

/// The ids and versions of the tasks that pass the filter, in their order: all of them, or none where there are more than `most`.
///
/// # Errors
/// When the database does not answer.
pub async fn ids(tx: &Tx, filter: &Filter, most: i64) -> Result<Option<Vec<(TaskId, i64)>>, Failure> {
    let up_to = most + 1;
    let mut list = filter.params();
    list.extend_from_slice(params![up_to]);
    let rows = tx.query(const { section(SQL, "ids") }, &list).await?;
    let ids: Vec<(TaskId, i64)> = rows.iter().map(|row| (row.get("id"), row.get("version"))).collect();
    Ok(i64::try_from(ids.len()).is_ok_and(|found| found <= most).then_some(ids))
}

/// A part of the tasks that pass the filter, by `due_at` or `created_at`; tasks without a due date come last in both directions.
///
/// # Errors
/// When the database does not answer.
pub async fn list(tx: &Tx, filter: &Filter, window: Window) -> Result<Vec<Task>, Failure> {
    let mut tasks = Vec::new();
    let keep = |task| {
        tasks.push(task);
        Ok(())
    };
    each(tx, filter, window, keep).await?;
    Ok(tasks)
}

/// Hands over the same one by one, as one statement sees them at one moment.
///
/// # Errors
/// When the database does not answer, and the first failure of `take`.
pub async fn each(
    tx: &Tx,
    filter: &Filter,
    window: Window,
    mut take: impl FnMut(Task) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut list = filter.params();
    list.extend_from_slice(params![window.order, window.limit, window.offset]);
    tx.query_map(const { section(SQL, "list") }, &list, |row| take(task(row))).await?;
    Ok(())
}

/// How many tasks pass the filter.
///
/// # Errors
/// When the database does not answer.
pub async fn count(tx: &Tx, filter: &Filter) -> Result<i64, Failure> {
    let row = tx.find(const { section(SQL, "count") }, &filter.params()).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// One task, locked until the end of the transaction.
///
/// # Errors
/// `NotFound` when this tenant has no such task.
pub async fn lock(tx: &Tx, id: TaskId) -> Result<Task, Failure> {
    let row = tx.find(const { section(SQL, "lock") }, params![id]).await?;
    row.as_ref().map(task).ok_or_else(|| Failure::not_found("task"))
}

/// Several tasks, locked until the end of the transaction in the order of their ids: those that exist.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_many(tx: &Tx, ids: &[TaskId]) -> Result<Vec<Task>, Failure> {
    let rows = tx.query(const { section(SQL, "lock_many") }, params![ids]).await?;
    Ok(rows.iter().map(task).collect())
}

/// Marks a locked task as done.
///
/// # Errors
/// When the database does not answer.
pub async fn complete(tx: &Tx, id: TaskId, by: &str, now: Timestamp) -> Result<Task, Failure> {
    let row = tx.find(const { section(SQL, "complete") }, params![id, now, by]).await?;
    row.as_ref().map(task).ok_or_else(|| Failure::internal("a locked task is gone"))
}

/// One task.
///
/// # Errors
/// `NotFound` when this tenant has no such task.
pub async fn get(tx: &Tx, id: TaskId) -> Result<Task, Failure> {
    let row = tx.find(const { section(SQL, "find") }, params![id]).await?;
    row.as_ref().map(task).ok_or_else(|| Failure::not_found("task"))
}

/// The tasks of leads, and those named.
///
/// # Errors
/// When the database does not answer.
pub async fn list_of_leads(tx: &Tx, leads: &[LeadId], ids: &[TaskId]) -> Result<Vec<Task>, Failure> {
    let rows = tx.query(const { section(SQL, "list_of_leads") }, params![leads, ids]).await?;
    Ok(rows.iter().map(task).collect())
}

/// What people say about a task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskFacts {
    pub title: String,
    pub description: Option<String>,
    pub kind: String,
    pub priority: String,
    pub due_at: Option<Timestamp>,
    pub owner: Option<MemberId>,
    pub lead: Option<LeadId>,
    pub deal: Option<DealId>,
    /// `open`, `done`, `cancelled`.
    pub status: String,
}

impl TaskFacts {
    /// As a task has them.
    pub fn of(task: &Task) -> Self {
        Self {
            title: task.title.clone(),
            description: task.description.clone(),
            kind: task.kind.clone(),
            priority: task.priority.clone(),
            due_at: task.due_at,
            owner: task.owner,
            lead: task.lead,
            deal: task.deal,
            status: task.status.clone(),
        }
    }
}

const NO_LEAD: &str = "There is no such lead.";
const NO_DEAL: &str = "There is no such deal.";

/// What a task is to be linked with; only what is new must exist.
#[derive(Debug, Clone, Copy, Default)]
pub struct Links {
    pub owner: Option<MemberId>,
    pub lead: Option<LeadId>,
    pub deal: Option<DealId>,
}

/// Passes when all of them exist in this tenant. Answers with the lead of the deal.
///
/// # Errors
/// `Invalid` naming what does not exist, with pointers into the body.
pub async fn check_links(tx: &Tx, links: Links) -> Result<Option<LeadId>, Failure> {
    let Links { owner, lead, deal } = links;
    let Some(row) = tx.find(const { section(SQL, "find_links") }, params![owner, lead, deal]).await? else {
        return Ok(None);
    };
    let mut faults = Vec::new();
    if !row.get::<_, bool>("owner") {
        faults.push(team::not_an_owner());
    }
    for (column, pointer, detail) in [("lead", "/lead_id", NO_LEAD), ("deal", "/deal_id", NO_DEAL)] {
        if !row.get::<_, bool>(column) {
            faults.push(Fault::new(pointer, "unknown_value", detail));
        }
    }
    if faults.is_empty() { Ok(row.get("lead_of_deal")) } else { Err(Failure::Invalid(faults)) }
}

/// A lead or deal that was there when the links were checked, and was deleted since.
fn named(error: tokio_postgres::Error) -> Failure {
    match error.as_db_error().and_then(|db| db.constraint()) {
        Some("tasks_lead_fkey") => Failure::invalid("/lead_id", "unknown_value", NO_LEAD),
        Some("tasks_deal_fkey") => Failure::invalid("/deal_id", "unknown_value", NO_DEAL),
        _ => error.into(),
    }
}

/// Adds a task.
///
/// # Errors
/// `Invalid` when its lead or deal is deleted at this moment.
pub async fn insert(tx: &Tx, id: TaskId, facts: &TaskFacts, now: Timestamp) -> Result<Task, Failure> {
    let row = tx
        .find(
            const { section(SQL, "insert") },
            params![
                id,
                tx.tenant(),
                facts.title,
                facts.description,
                facts.kind,
                facts.priority,
                facts.due_at,
                facts.owner,
                facts.lead,
                facts.deal,
                now,
            ],
        )
        .await
        .map_err(named)?;
    row.as_ref().map(task).ok_or_else(|| Failure::internal("the new task is not there"))
}

/// Replaces what people say about a locked task. One that becomes done now was completed by `by`.
///
/// # Errors
/// `Invalid` when its lead or deal is deleted at this moment.
pub async fn update(tx: &Tx, before: &Task, facts: &TaskFacts, by: &str, now: Timestamp) -> Result<Task, Failure> {
    let (completed_at, completed_by) = match facts.status.as_str() {
        "done" if before.status == "done" => (before.completed_at, before.completed_by.as_deref()),
        "done" => (Some(now), Some(by)),
        _ => (None, None),
    };
    let row = tx
        .find(
            const { section(SQL, "update") },
            params![
                before.id,
                facts.title,
                facts.description,
                facts.kind,
                facts.priority,
                facts.due_at,
                facts.owner,
                facts.lead,
                facts.deal,
                facts.status,
                completed_at,
                completed_by,
                now,
            ],
        )
        .await
        .map_err(named)?;
    row.as_ref().map(task).ok_or_else(|| Failure::internal("a locked task is gone"))
}
