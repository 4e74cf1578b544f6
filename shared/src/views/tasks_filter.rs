//! The query parameters of lists of tasks.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::csv::{Export, Format};
use super::filters::{Field, Filters, Kind, Viewpoint};
use super::paging::{Orders, Paging};
use super::tasks::{TaskKind, TaskStatus};
use super::team::Language;
use crate::domain::ids::{DealId, LeadId, MemberId};
use crate::failure::Failure;
use crate::store::choice::Choice;
use crate::store::tasks::Filter;

/// The orders of tasks.
pub const ORDERS: Orders = Orders::by_page(&["due_at", "-due_at", "created_at", "-created_at"]);

/// The fields by which tasks are filtered.
pub const FIELDS: &[Field] = &[
    Field::optional("owner_id", Kind::Member),
    Field::full("status", Kind::Word(&["open", "done", "cancelled"])),
    Field::full(
        "kind",
        Kind::Word(&["follow_up", "decide_pipeline", "assign_owner", "call", "email", "meeting", "todo"]),
    ),
    Field::full("priority", Kind::Word(&["low", "normal", "high"])),
    Field::optional("lead_id", Kind::Id),
    Field::optional("deal_id", Kind::Id),
    Field::optional("due_at", Kind::Moment),
    Field::full("created_at", Kind::Moment),
    Field::optional("completed_at", Kind::Moment),
];

/// Which tasks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskFilter {
    pub owner_id: Option<MemberId>,
    pub status: Option<TaskStatus>,
    /// Due before this moment; tasks without a due date are left out then.
    pub due_before: Option<Timestamp>,
    pub lead_id: Option<LeadId>,
    pub deal_id: Option<DealId>,
    pub kind: Option<TaskKind>,
    /// `csv`: the whole list as a file, at most 50,000 rows and 5 MB; `page` and `limit` do not count then.
    pub format: Option<Format>,
    /// Of a file: its columns with commas between, in their order; otherwise all there are. A wrong one is answered with the right ones.
    pub columns: Option<String>,
    /// Of a file: the language of its headings and words; otherwise the first of `Accept-Language`.
    pub language: Option<Language>,
    /// Where days begin, for example `Europe/Berlin`, in filters and in a file; otherwise the tenant's zone.
    pub zone: Option<String>,
}

impl TaskFilter {
    /// The file that was asked for, if one was.
    ///
    /// # Errors
    /// As [`Export::asked`].
    pub fn export(&self, paging: &Paging) -> Result<Option<Export<'_>>, Failure> {
        Export::asked(self.format, self.columns.as_deref(), self.language, self.zone.as_deref(), paging)
    }

    /// For the store.
    pub fn check(&self, filters: &Filters, view: &Viewpoint) -> Filter {
        let word = |word: Option<&'static str>| Choice::asked(word.map(str::to_owned));
        Filter {
            owner: Choice::asked(self.owner_id).and(filters.ids("owner_id", view)),
            status: word(self.status.map(TaskStatus::as_str)).and(filters.texts("status")),
            kind: word(self.kind.map(TaskKind::as_str)).and(filters.texts("kind")),
            priority: filters.texts("priority"),
            lead: Choice::asked(self.lead_id).and(filters.ids("lead_id", view)),
            deal: Choice::asked(self.deal_id).and(filters.ids("deal_id", view)),
            due: filters.moments("due_at", view).and(None, self.due_before),
            created: filters.moments("created_at", view),
            completed: filters.moments("completed_at", view),
            ids: None,
        }
    }
}
