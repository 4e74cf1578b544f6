//! JSON that travels on queues. A message has a stable `kind`; consumers of an older release ignore fields they do not know.

pub mod events;
pub mod tenants;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{EffectId, LeadId, TaskId, TenantId};

/// On `routing`: these leads may be ready to be routed. The router reads them again, so a stale message does no harm.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename = "leads_changed")]
pub struct LeadsChanged {
    pub tenant_id: TenantId,
    pub lead_ids: Vec<LeadId>,
}

/// On a partner's queue: this row of the effects ledger is due.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename = "effect")]
pub struct EffectDue {
    pub tenant_id: TenantId,
    pub effect_id: EffectId,
}

/// On `reminders`: a task is due. The consumer reads the task again: it may be done, or due later by now.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename = "task_due")]
pub struct TaskDue {
    pub tenant_id: TenantId,
    pub task_id: TaskId,
    pub due_at: Timestamp,
}
