//! What concerns a member, as it is shown.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::ids::{LeadId, MemberId};
use crate::store::notifications::Notification;

/// Why something concerns a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NotificationKind {
    /// It is theirs now.
    Assigned,
    /// Their task was to be done by now.
    Overdue,
    /// Something to be done outside about a lead of theirs was refused, or nobody knows whether it was done.
    Failed,
}

/// A kind of record that members own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OwnedType {
    Lead,
    Deal,
    Task,
}

/// Something a member should know of; told once for what caused it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotificationView {
    pub id: Uuid,
    #[schemars(with = "NotificationKind")]
    pub kind: String,
    /// The first of what it is about; a lead before its deal, and that before its task.
    #[schemars(with = "OwnedType")]
    pub record_type: String,
    pub record_id: Uuid,
    /// Null: it is gone.
    pub record_name: Option<String>,
    /// The lead that this is, or that it is about.
    pub lead_id: Option<LeadId>,
    /// How many of each it is about: what was given away at once is told at once.
    pub leads: i32,
    pub deals: i32,
    pub tasks: i32,
    /// Null: the machine, or an API key.
    pub actor_id: Option<MemberId>,
    pub actor_name: Option<String>,
    /// What was said when it failed.
    pub error: Option<String>,
    pub created_at: Timestamp,
    /// Null: not read yet.
    pub read_at: Option<Timestamp>,
}

impl From<Notification> for NotificationView {
    fn from(one: Notification) -> Self {
        Self {
            id: one.id,
            kind: one.kind,
            record_type: one.record_type,
            record_id: one.record,
            record_name: one.record_name,
            lead_id: one.lead,
            leads: one.leads,
            deals: one.deals,
            tasks: one.tasks,
            actor_id: one.actor,
            actor_name: one.actor_name,
            error: one.error,
            created_at: one.created_at,
            read_at: one.read_at,
        }
    }
}
