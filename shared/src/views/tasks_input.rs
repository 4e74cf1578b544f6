//! What people send to make or change a task, and what is wrong with it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::input::{moment, no_contacts, not_null, text};
use super::patch::Patch;
use super::tasks::{TaskKind, TaskPriority, TaskStatus};
use crate::domain::faults::Fault;
use crate::domain::ids::{DealId, LeadId, MemberId};
use crate::failure::Failure;
use crate::store::tasks::TaskFacts;

const MAX_TITLE: usize = 200;
const MAX_DESCRIPTION: usize = 5000;

/// Something a person wants to be done.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    #[schemars(length(min = 1, max = 200))]
    pub title: String,
    #[schemars(length(max = 5000))]
    pub description: Option<String>,
    /// `todo` unless given. `decide_pipeline` and `assign_owner` are the machine's.
    pub kind: Option<TaskKind>,
    /// `normal` unless given.
    pub priority: Option<TaskPriority>,
    /// Its owner is reminded then.
    pub due_at: Option<Timestamp>,
    pub owner_id: Option<MemberId>,
    /// The deal's lead unless given.
    pub lead_id: Option<LeadId>,
    pub deal_id: Option<DealId>,
    /// Contacts are not kept yet: refused.
    pub contact_id: Option<Uuid>,
}

/// A change of a task: absent keeps, null clears.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TaskPatch {
    pub title: Patch<String>,
    pub description: Patch<String>,
    /// `decide_pipeline` and `assign_owner` are the machine's.
    pub kind: Patch<TaskKind>,
    pub priority: Patch<TaskPriority>,
    /// Its owner is reminded then, also when they were reminded before.
    pub due_at: Patch<Timestamp>,
    pub owner_id: Patch<MemberId>,
    pub lead_id: Patch<LeadId>,
    pub deal_id: Patch<DealId>,
    /// Contacts are not kept yet: refused.
    pub contact_id: Patch<Uuid>,
    /// `open` takes up again what was done or cancelled.
    pub status: Patch<TaskStatus>,
}

impl NewTask {
    /// What is said about the task.
    ///
    /// # Errors
    /// `Invalid` with every fault.
    pub fn check(self) -> Result<TaskFacts, Failure> {
        fn set<T>(value: Option<T>) -> Patch<T> {
            value.map_or(Patch::Keep, Patch::Set)
        }
        let patch = TaskPatch {
            title: Patch::Set(self.title),
            description: set(self.description),
            kind: set(self.kind),
            priority: set(self.priority),
            due_at: set(self.due_at),
            owner_id: set(self.owner_id),
            lead_id: set(self.lead_id),
            deal_id: set(self.deal_id),
            contact_id: set(self.contact_id),
            status: Patch::Keep,
        };
        patch.check(TaskFacts {
            title: String::new(),
            description: None,
            kind: TaskKind::Todo.as_str().to_owned(),
            priority: TaskPriority::Normal.as_str().to_owned(),
            due_at: None,
            owner: None,
            lead: None,
            deal: None,
            status: TaskStatus::Open.as_str().to_owned(),
        })
    }
}

impl TaskPatch {
    /// The facts after the change.
    ///
    /// # Errors
    /// `Invalid` with every fault.
    pub fn check(self, before: TaskFacts) -> Result<TaskFacts, Failure> {
        let mut faults = Vec::new();
        if let Patch::Set(_) = self.contact_id {
            no_contacts("/contact_id", &mut faults);
        }
        let kind = word("/kind", self.kind.map(TaskKind::as_str), &before.kind, &mut faults);
        if kind != before.kind && ["decide_pipeline", "assign_owner"].contains(&kind.as_str()) {
            let detail = "Routing makes tasks of this kind. Choose follow_up, call, email, meeting or todo.";
            faults.push(Fault::new("/kind", "not_allowed", detail));
        }
        let facts = TaskFacts {
            title: match self.title {
                Patch::Set(title) => text("/title", &title, MAX_TITLE, &mut faults).unwrap_or_default(),
                Patch::Clear => {
                    not_null("/title", &mut faults);
                    String::new()
                }
                Patch::Keep => before.title,
            },
            description: match self.description {
                Patch::Set(description) => text("/description", &description, MAX_DESCRIPTION, &mut faults),
                other => other.apply(before.description),
            },
            kind,
            priority: word("/priority", self.priority.map(TaskPriority::as_str), &before.priority, &mut faults),
            due_at: match self.due_at {
                Patch::Set(due_at) => moment("/due_at", due_at, &mut faults).map(to_the_microsecond),
                other => other.apply(before.due_at),
            },
            owner: self.owner_id.apply(before.owner),
            lead: self.lead_id.apply(before.lead),
            deal: self.deal_id.apply(before.deal),
            status: word("/status", self.status.map(TaskStatus::as_str), &before.status, &mut faults),
        };
        if faults.is_empty() { Ok(facts) } else { Err(Failure::Invalid(faults)) }
    }
}

/// A word that every task has.
fn word(pointer: &str, value: Patch<&'static str>, before: &str, faults: &mut Vec<Fault>) -> String {
    match value {
        Patch::Set(word) => word.to_owned(),
        Patch::Keep => before.to_owned(),
        Patch::Clear => {
            not_null(pointer, faults);
            before.to_owned()
        }
    }
}

/// As Postgres keeps it, so that the same moment sent again is no change.
fn to_the_microsecond(moment: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(moment.as_microsecond()).unwrap_or(moment)
}
