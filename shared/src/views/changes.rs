//! What has changed since somebody asked, and who is where.

use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::access::{Caller, Scope};
use crate::domain::ids::MemberId;
use crate::store::changes::{Change, Present};

/// Record types whose changes are told, with what one needs to be told of them.
const TOLD: [(&str, Scope); 7] = [
    ("lead", Scope::LeadsRead),
    ("deal", Scope::DealsRead),
    ("task", Scope::TasksRead),
    ("pipeline", Scope::PipelinesRead),
    ("stage", Scope::PipelinesRead),
    ("member", Scope::TeamRead),
    ("tenant", Scope::TeamRead),
];

/// The record types of whose changes this caller is told.
pub fn told(caller: &Caller) -> Vec<&'static str> {
    TOLD.iter().filter(|(_, scope)| caller.may(*scope)).map(|(name, _)| *name).collect()
}

/// A record that somebody looks at: `lead:<id>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub record_type: &'static str,
    pub record: Uuid,
}

impl FromStr for Place {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SENTENCE: &str = "Name a record as lead:, deal:, task:, contact: or company: and its id.";
        let (kind, id) = text.split_once(':').ok_or(SENTENCE)?;
        let known = ["lead", "deal", "task", "contact", "company"].into_iter().find(|known| *known == kind);
        let record = Uuid::try_parse(id).map_err(|_| SENTENCE)?;
        Ok(Self { record_type: known.ok_or(SENTENCE)?, record })
    }
}

/// One change of a record.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangeView {
    /// Of the change itself: what comes twice is the same.
    pub id: Uuid,
    /// `lead`, `deal`, `task`, `pipeline`, `stage`, `member`, or `tenant` for its settings.
    pub record_type: String,
    pub record_id: Uuid,
    /// `create`, `update`, `delete`, or a verb such as `move`.
    pub action: String,
    /// The record's version after it; null: it is gone.
    pub version: Option<i64>,
    pub at: Timestamp,
    /// `person`, `api_key`, or `machine`.
    pub actor_kind: String,
    /// The member who did it.
    pub member_id: Option<MemberId>,
    pub member_name: Option<String>,
}

impl From<Change> for ChangeView {
    fn from(change: Change) -> Self {
        Self {
            id: change.id,
            record_type: change.record_type,
            record_id: change.record,
            action: change.action,
            version: change.version,
            at: change.at,
            actor_kind: change.actor_kind,
            member_id: change.member,
            member_name: change.member_name,
        }
    }
}

/// A member who looks at a record.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PresentView {
    pub member_id: MemberId,
    pub name: String,
    pub seen_at: Timestamp,
}

impl From<Present> for PresentView {
    fn from(present: Present) -> Self {
        Self { member_id: present.member, name: present.name, seen_at: present.seen_at }
    }
}

/// What has changed since somebody asked.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangesView {
    /// Send it as `since` next time. It is a little in the past, because what was begun then may only now be done: so a change may come
    /// twice, with the same `id`.
    pub cursor: Timestamp,
    /// Newest first.
    pub changes: Vec<ChangeView>,
    /// There were more than are listed: read anew what is shown.
    pub more: bool,
    /// Who else has looked at the record of `on` in the last 30 seconds.
    pub present: Vec<PresentView>,
    /// How many notifications the caller has not read; 1,000 are that many or more.
    pub unread: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, Uuid)>) {
        let place = text.parse::<Place>().ok();
        assert_eq!(place.map(|place| (place.record_type, place.record)), expected, "{text}");
    }

    #[test]
    fn a_place_is_a_record() {
        let id = Uuid::from_u128(7);
        check(&format!("lead:{id}"), Some(("lead", id)));
        check(&format!("task:{id}"), Some(("task", id)));
        check(&format!("session:{id}"), None);
        check("lead:7", None);
        check("lead", None);
        check("", None);
    }
}
