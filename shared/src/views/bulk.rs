//! One change of many records: what people send, and what became of each record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::deals_input::CloseDeal;
use super::input::{day, moment};
use super::leads_input::checked_tags;
use super::patch::Patch;
use super::tasks::{TaskPriority, TaskStatus};
use crate::domain::ids::{MemberId, StageId};
use crate::failure::{Failure, Fault};
use crate::flows::bulk::{MOST, Refusal, Skipped};
use crate::store::bulk::LeadState;

/// The most tags of a lead.
const MOST_TAGS: usize = 50;

/// A change of many records: those named by `ids`, or all that pass `filter`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Bulk{C}")]
pub struct Bulk<C> {
    /// At most 500. For more, walk the list and send them in parts.
    #[schemars(length(min = 1, max = 500))]
    pub ids: Option<Vec<Uuid>>,
    /// The list's own query, as in its address: `status=new&filter[owner_id][in]=none`. What only says how the list is shown does not count.
    pub filter: Option<String>,
    /// With `filter`: how many records the caller saw. If there are others by now, nothing is changed.
    #[schemars(range(min = 0, max = 500))]
    pub expected: Option<i64>,
    /// The versions of records as the caller read them: what was changed since is left alone.
    #[serde(default)]
    pub versions: BTreeMap<Uuid, i64>,
    pub change: C,
}

/// Which records are meant.
#[derive(Debug, Clone)]
pub enum Meant {
    These(Vec<Uuid>),
    /// Those that pass the list's query, and how many there should be.
    Passing(String, i64),
}

impl<C> Bulk<C> {
    /// Which records are meant.
    ///
    /// # Errors
    /// `Invalid` unless it is said in one of the two ways.
    pub fn meant(&self, faults: &mut Vec<Fault>) -> Option<Meant> {
        let too_many =
            format!("At most {MOST} records are changed at once. Walk the list with `cursor` and send `ids` in parts.");
        match (&self.ids, &self.filter, self.expected) {
            (Some(ids), None, None) if ids.is_empty() => {
                faults.push(Fault::new("/ids", "empty", "Name at least one record."));
            }
            (Some(ids), None, None) if i64::try_from(ids.len()).unwrap_or(i64::MAX) > MOST => {
                faults.push(Fault::new("/ids", "too_many", too_many));
            }
            (Some(ids), None, None) => return Some(Meant::These(ids.clone())),
            (None, Some(_), Some(expected)) if expected > MOST => {
                faults.push(Fault::new("/expected", "too_many", too_many));
            }
            (None, Some(query), Some(expected)) => {
                return Some(Meant::Passing(query.trim_start_matches('?').to_owned(), expected));
            }
            (None, Some(_), None) => {
                faults.push(Fault::new("/expected", "required", "Say how many records you saw pass the filter."));
            }
            (Some(_), _, _) => {
                let detail = "Send either `ids`, or `filter` and `expected`.";
                faults.push(Fault::new("/ids", "not_allowed", detail));
            }
            (None, None, _) => {
                faults.push(Fault::new("/ids", "required", "Send `ids`, or `filter` and `expected`."));
            }
        }
        None
    }
}

/// Passes a change that says one thing.
fn one(sent: &[bool], fields: &str, faults: &mut Vec<Fault>) {
    if sent.iter().filter(|sent| **sent).count() != 1 {
        let detail = format!("Send one change at a time: one of {fields}.");
        faults.push(Fault::new("/change", "one_of", detail));
    }
}

/// With pointers into the change.
fn below(faults: Vec<Fault>, from: usize) -> Vec<Fault> {
    let moved = |(n, fault): (usize, Fault)| match n < from {
        true => fault,
        false => Fault { pointer: format!("/change{}", fault.pointer), ..fault },
    };
    faults.into_iter().enumerate().map(moved).collect()
}

fn finished<T>(value: T, faults: Vec<Fault>) -> Result<T, Failure> {
    if faults.is_empty() { Ok(value) } else { Err(Failure::Invalid(faults)) }
}

/// One of these, for every lead.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LeadBulkChange {
    /// Null: nobody.
    pub owner_id: Patch<MemberId>,
    pub add_tags: Option<Vec<String>>,
    pub remove_tags: Option<Vec<String>>,
}

impl LeadBulkChange {
    /// The change as it can be carried out.
    ///
    /// # Errors
    /// `Invalid` with everything that is wrong, `faults` first.
    pub fn check(&self, mut faults: Vec<Fault>) -> Result<Self, Failure> {
        one(
            &[self.owner_id.is_sent(), self.add_tags.is_some(), self.remove_tags.is_some()],
            "`owner_id`, `add_tags` and `remove_tags`",
            &mut faults,
        );
        let mut tags = |field: &str, tags: &Option<Vec<String>>| {
            let from = faults.len();
            let checked = tags.as_ref().map(|tags| checked_tags(tags, &mut faults));
            for fault in faults.iter_mut().skip(from) {
                fault.pointer = fault.pointer.replacen("/tags", &format!("/change/{field}"), 1);
            }
            checked
        };
        let (add_tags, remove_tags) = (tags("add_tags", &self.add_tags), tags("remove_tags", &self.remove_tags));
        finished(Self { owner_id: self.owner_id.clone(), add_tags, remove_tags }, faults)
    }

    /// What becomes of a lead.
    ///
    /// # Errors
    /// When it would have too many tags.
    pub fn apply(&self, mut lead: LeadState) -> Result<LeadState, Refusal> {
        lead.owner_id = self.owner_id.clone().apply(lead.owner_id);
        for tag in self.add_tags.iter().flatten() {
            if !lead.tags.contains(tag) {
                lead.tags.push(tag.clone());
            }
        }
        if self.add_tags.is_some() && lead.tags.len() > MOST_TAGS {
            return Err(Refusal::new("too_many", format!("A lead has at most {MOST_TAGS} tags.")));
        }
        lead.tags.retain(|tag| !self.remove_tags.iter().flatten().any(|removed| removed == tag));
        Ok(lead)
    }
}

/// One of these, for every deal.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DealBulkChange {
    /// Null: nobody.
    pub owner_id: Patch<MemberId>,
    pub expected_close_on: Patch<Date>,
    /// Move to this stage, to its top.
    pub stage_id: Option<StageId>,
    /// With `stage_id`: why, where that stage is lost.
    #[schemars(length(max = 500))]
    pub lost_reason: Option<String>,
    pub close: Option<CloseDeal>,
}

impl DealBulkChange {
    /// Passes a change that can be carried out.
    ///
    /// # Errors
    /// `Invalid` with everything that is wrong, `faults` first.
    pub fn check(&self, mut faults: Vec<Fault>) -> Result<(), Failure> {
        one(
            &[self.owner_id.is_sent(), self.expected_close_on.is_sent(), self.stage_id.is_some(), self.close.is_some()],
            "`owner_id`, `expected_close_on`, `stage_id` and `close`",
            &mut faults,
        );
        let from = faults.len();
        if let Patch::Set(date) = self.expected_close_on {
            let _ = day("/expected_close_on", date, &mut faults);
        }
        if self.lost_reason.as_ref().is_some_and(|reason| reason.chars().count() > 500) {
            faults.push(Fault::new("/lost_reason", "too_long", "Say it in at most 500 characters."));
        }
        if self.lost_reason.is_some() && self.stage_id.is_none() {
            faults.push(Fault::new("/lost_reason", "not_allowed", "Only a deal in a stage that is lost has a reason."));
        }
        if let Some(Err(Failure::Invalid(wrong))) = self.close.as_ref().map(CloseDeal::reason) {
            let moved = wrong.into_iter().map(|fault| Fault { pointer: format!("/close{}", fault.pointer), ..fault });
            faults.extend(moved);
        }
        finished((), below(faults, from))
    }

    /// Why the deals are lost, if that was said.
    pub fn reason(&self) -> Option<&str> {
        let said = self.lost_reason.as_deref().or(self.close.as_ref().and_then(|close| close.reason.as_deref()));
        said.map(str::trim).filter(|reason| !reason.is_empty())
    }
}

/// One of these, for every task.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TaskBulkChange {
    /// Null: nobody.
    pub owner_id: Patch<MemberId>,
    /// Null: some day.
    pub due_at: Patch<Timestamp>,
    pub priority: Option<TaskPriority>,
    /// `done` completes, `cancelled` drops, `open` takes up again.
    pub status: Option<TaskStatus>,
}

impl TaskBulkChange {
    /// Passes a change that can be carried out.
    ///
    /// # Errors
    /// `Invalid` with everything that is wrong, `faults` first.
    pub fn check(&self, mut faults: Vec<Fault>) -> Result<(), Failure> {
        one(
            &[self.owner_id.is_sent(), self.due_at.is_sent(), self.priority.is_some(), self.status.is_some()],
            "`owner_id`, `due_at`, `priority` and `status`",
            &mut faults,
        );
        let from = faults.len();
        if let Patch::Set(due_at) = self.due_at {
            let _ = moment("/due_at", due_at, &mut faults);
        }
        finished((), below(faults, from))
    }
}

/// What became of the records.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BulkView {
    /// Those that are different now, with their versions.
    pub changed: Vec<ChangedView>,
    /// How many were so already.
    pub unchanged: usize,
    /// Those that were left alone, and why.
    pub skipped: Vec<SkippedView>,
    /// Null when nothing was changed, and for what cannot be undone again.
    pub undo: Option<UndoView>,
}

/// A record that was changed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangedView {
    pub id: Uuid,
    pub version: i64,
}

/// A record that was left alone.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SkippedView {
    pub id: Uuid,
    /// `not_found`, `changed`, or the code with which the record's own endpoint refuses.
    pub code: &'static str,
    pub detail: String,
}

impl From<Skipped> for SkippedView {
    fn from(skipped: Skipped) -> Self {
        Self { id: skipped.id, code: skipped.refusal.code, detail: skipped.refusal.detail }
    }
}

/// How to take it back.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UndoView {
    /// Send it to `POST /api/v1/bulk-undo`.
    pub token: String,
    pub expires_at: Timestamp,
}

/// What undoes a change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkUndo {
    /// As the change was answered with.
    #[schemars(length(min = 1, max = 100))]
    pub token: String,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(outcome: Result<(), Failure>) -> Vec<String> {
        match outcome {
            Ok(()) => Vec::new(),
            Err(Failure::Invalid(faults)) => {
                faults.into_iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect()
            }
            Err(failure) => panic!("{failure:?}"),
        }
    }

    #[test]
    fn records_are_named_in_one_way() {
        let meant = |body: Value| {
            let mut faults = Vec::new();
            let bulk: Bulk<LeadBulkChange> = serde_json::from_value(body).unwrap();
            bulk.meant(&mut faults);
            told(finished((), faults))
        };
        let change = json!({"owner_id": null});
        assert_eq!(meant(json!({"change": change})), ["/ids required"]);
        assert_eq!(meant(json!({"ids": [], "change": change})), ["/ids empty"]);
        assert_eq!(meant(json!({"ids": vec![Uuid::nil(); 501], "change": change})), ["/ids too_many"]);
        assert_eq!(meant(json!({"ids": [Uuid::nil()], "filter": "", "change": change})), ["/ids not_allowed"]);
        assert_eq!(meant(json!({"filter": "", "change": change})), ["/expected required"]);
        assert_eq!(meant(json!({"filter": "", "expected": 501, "change": change})), ["/expected too_many"]);
        assert!(meant(json!({"filter": "?q=x", "expected": 1, "change": change})).is_empty());
    }

    #[test]
    fn a_change_says_one_thing() {
        let lead =
            |body: Value| told(serde_json::from_value::<LeadBulkChange>(body).unwrap().check(Vec::new()).map(drop));
        assert_eq!(lead(json!({})), ["/change one_of"]);
        assert_eq!(
            lead(json!({"owner_id": null, "add_tags": ["a", ""]})),
            ["/change one_of", "/change/add_tags/1 empty"]
        );
        let deal = |body: Value| told(serde_json::from_value::<DealBulkChange>(body).unwrap().check(Vec::new()));
        assert_eq!(deal(json!({"close": {"outcome": "lost"}})), ["/change/close/reason required"]);
        assert_eq!(deal(json!({"owner_id": null, "lost_reason": "x"})), ["/change/lost_reason not_allowed"]);
        assert!(deal(json!({"close": {"outcome": "won"}})).is_empty());
        let task = |body: Value| told(serde_json::from_value::<TaskBulkChange>(body).unwrap().check(Vec::new()));
        assert_eq!(task(json!({"status": "done", "priority": "low"})), ["/change one_of"]);
    }

    #[test]
    fn tags_are_added_and_removed() {
        let lead = |tags: &[&str]| LeadState {
            id: Default::default(),
            owner_id: None,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        let change = |body: Value| serde_json::from_value::<LeadBulkChange>(body).unwrap();
        let added = change(json!({"add_tags": ["b", "c"]})).apply(lead(&["a", "b"]));
        assert_eq!(added, Ok(lead(&["a", "b", "c"])));
        assert_eq!(change(json!({"remove_tags": ["a", "x"]})).apply(lead(&["a", "b"])), Ok(lead(&["b"])));
        let full: Vec<String> = (0..MOST_TAGS).map(|n| n.to_string()).collect();
        let full = LeadState { tags: full, ..lead(&[]) };
        assert_eq!(change(json!({"add_tags": ["more"]})).apply(full.clone()).unwrap_err().code, "too_many");
        assert!(change(json!({"remove_tags": ["1"]})).apply(full).is_ok());
    }
}
