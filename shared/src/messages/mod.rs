//! JSON that travels on queues. A message has a stable `kind`; consumers of an older release ignore fields they do not know.

pub mod events;
pub mod queues;
pub mod tenants;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{EffectId, LeadId, TaskId, TenantId};
use crate::failure::Failure;

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

/// The typed message in a body.
///
/// # Errors
/// `Invalid` with the place of the fault: the message is parked, since it will not decode tomorrow either.
pub fn decode<M: DeserializeOwned>(body: &str) -> Result<M, Failure> {
    // Watching the path costs as much again as reading, so it is watched only where there is a fault to be named.
    if let Ok(message) = serde_json::from_str(body) {
        return Ok(message);
    }
    let mut reader = serde_json::Deserializer::from_str(body);
    let (path, reason) = match serde_path_to_error::deserialize::<_, M>(&mut reader) {
        Ok(_) => (String::new(), "something follows the message".to_owned()),
        Err(error) => (error.path().to_string(), error.inner().to_string()),
    };
    let detail = format!("The message does not have the expected shape: {reason}");
    Err(Failure::invalid(path, "undecodable", detail))
}
