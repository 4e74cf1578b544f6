//! Tasks.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::ids::{DealId, LeadId, MemberId, TaskId};
use crate::store::tasks::Task;

/// Declares an enum of words, the same in JSON and in the database.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident => $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// As in JSON and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

words! {
    /// How a task stands.
    TaskStatus {
        Open => "open",
        Done => "done",
        Cancelled => "cancelled",
    }
}

words! {
    /// What is to be done.
    TaskKind {
        /// Get in touch with a lead that was just routed.
        FollowUp => "follow_up",
        /// Choose between two intents.
        DecidePipeline => "decide_pipeline",
        /// Find somebody for a deal that nobody was free for.
        AssignOwner => "assign_owner",
        Call => "call",
        Email => "email",
        Meeting => "meeting",
        Todo => "todo",
    }
}

words! {
    /// How much it matters.
    TaskPriority {
        Low => "low",
        Normal => "normal",
        High => "high",
    }
}

/// A task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TaskView {
    pub id: TaskId,
    pub title: String,
    pub description: Option<String>,
    #[schemars(with = "TaskKind")]
    pub kind: String,
    #[schemars(with = "TaskPriority")]
    pub priority: String,
    pub due_at: Option<Timestamp>,
    pub owner_id: Option<MemberId>,
    pub lead_id: Option<LeadId>,
    pub deal_id: Option<DealId>,
    pub contact_id: Option<Uuid>,
    #[schemars(with = "TaskStatus")]
    pub status: String,
    pub completed_at: Option<Timestamp>,
    /// Who completed it: the `sub` of a token or the id of an API key.
    pub completed_by: Option<String>,
    /// When its owner was reminded.
    pub reminded_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
    /// What its lead is called: the name, else the company, else the e-mail address.
    pub lead_name: Option<String>,
    pub deal_name: Option<String>,
    pub owner_name: Option<String>,
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            title: task.title,
            description: task.description,
            kind: task.kind,
            priority: task.priority,
            due_at: task.due_at,
            owner_id: task.owner,
            lead_id: task.lead,
            deal_id: task.deal,
            contact_id: task.contact,
            status: task.status,
            completed_at: task.completed_at,
            completed_by: task.completed_by,
            reminded_at: task.reminded_at,
            created_at: task.created_at,
            updated_at: task.updated_at,
            version: task.version,
            lead_name: task.lead_name,
            deal_name: task.deal_name,
            owner_name: task.owner_name,
        }
    }
}
