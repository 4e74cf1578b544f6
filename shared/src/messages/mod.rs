//! JSON that travels on queues. A message has a stable `kind`; consumers of an older release ignore fields they do not know.

pub mod events;
pub mod queues;
pub mod tenants;

use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::domain::ids::{EffectId, LeadId, MemberId, TaskId, TenantId};
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
    /// The moment that its row waited for when it was sent. It goes on only while the row waits for that moment: of all messages about
    /// one effect one goes on, and each that does is followed by at most one. The release before names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
}

/// On `reminders`: a task is due. The consumer reads the task again: it may be done, or due later by now.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename = "task_due")]
pub struct TaskDue {
    pub tenant_id: TenantId,
    pub task_id: TaskId,
    pub due_at: Timestamp,
}

/// On `mails`: somebody is to get a link with which they set a password.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename = "account_mail")]
pub struct AccountMail {
    /// The same at every delivery, so that nobody gets it twice.
    pub request_id: Uuid,
    pub asked_at: Timestamp,
    pub recipient: Recipient,
}

/// Who gets it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// A member who is invited.
    Member { member_id: MemberId },
    /// Whoever has an account with this e-mail address, in the tenant that is named or in any.
    Address { email: String, tenant: Option<String> },
}

/// What stands in JSON as an object. serde would take the items of a list for the fields of a struct, in the order in which they stand
/// in our source.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

/// Reads a struct from an object only. For fields: `#[serde(deserialize_with = "object")]`.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Members<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(members))
        }
    }
    deserializer.deserialize_map(Members(PhantomData))
}

/// As [`object`], for a list of structs.
pub(crate) fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Object(one)| one).collect())
}

/// The typed message in a body.
///
/// # Errors
/// `Invalid` with the place of the fault: the message is parked, since it will not decode tomorrow either.
pub fn decode<M: DeserializeOwned>(body: &str) -> Result<M, Failure> {
    // Watching the path costs as much again as reading, so it is watched only where there is a fault to be named.
    if let Ok(Object(message)) = serde_json::from_str(body) {
        return Ok(message);
    }
    let mut reader = serde_json::Deserializer::from_str(body);
    let (path, reason) = match serde_path_to_error::deserialize::<_, Object<M>>(&mut reader) {
        Ok(_) => (String::new(), "something follows the message".to_owned()),
        Err(error) => (error.path().to_string(), error.inner().to_string()),
    };
    let detail = format!("The message does not have the expected shape: {reason}");
    Err(Failure::invalid(path, "undecodable", detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::events::Inbound;

    #[test]
    fn a_list_is_no_message() {
        let id = "0197f5a8-0000-7000-8000-000000000001";
        assert!(decode::<EffectDue>(&format!(r#"{{"kind":"effect","tenant_id":"{id}","effect_id":"{id}"}}"#)).is_ok());
        assert!(decode::<EffectDue>(&format!(r#"["{id}","{id}"]"#)).is_err());
        let events = |receipt: &str| {
            let head = format!(r#""kind":"events","tenant_id":"{id}","received_at":"2026-11-20T15:08:21Z""#);
            Inbound::read(&format!(r#"{{{head},"source":null,"receipts":[{receipt}]}}"#))
        };
        assert!(events(&format!(r#"{{"id":"{id}","event":{{"n":1e400,"t":"\ud83d"}}}}"#)).is_ok());
        assert!(events(&format!(r#"["{id}",{{}}]"#)).is_err());
        let delivery = |verdict: &str| {
            let head =
                format!(r#""kind":"delivery","id":"{id}","source":"website","received_at":"2026-11-20T15:08:21Z""#);
            Inbound::read(&format!(r#"{{{head},"token_hash":null,"headers":{{}},"body":"","verdict":{verdict}}}"#))
        };
        assert!(delivery(&format!(r#"{{"is":"proven","tenant_id":"{id}"}}"#)).is_ok());
        assert!(delivery(&format!(r#"["proven","{id}"]"#)).is_err());
    }
}
