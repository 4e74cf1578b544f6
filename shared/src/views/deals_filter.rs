//! The query parameters of lists of deals.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::csv::{Export, Format};
use super::deals::DealStatus;
use super::filters::{Field, Filters, Kind, Viewpoint};
use super::leads_filter::few_words;
use super::paging::{Orders, Paging};
use super::team::Language;
use crate::domain::ids::{LeadId, MemberId, PipelineId, StageId};
use crate::failure::Failure;
use crate::store::choice::Choice;
use crate::store::deals::Filter;

/// The orders of deals.
pub const ORDERS: Orders = Orders {
    sorts: &["-created_at", "created_at", "-value_minor", "value_minor", "-expected_close_on", "expected_close_on"],
    walks: &["-created_at"],
};

/// The fields by which deals are filtered.
pub const FIELDS: &[Field] = &[
    Field::full("pipeline_id", Kind::Id),
    Field::full("stage_id", Kind::Id),
    Field::optional("owner_id", Kind::Member),
    Field::optional("lead_id", Kind::Id),
    Field::optional("company_id", Kind::Id),
    Field::full("status", Kind::Word(&["open", "won", "lost"])),
    Field::full("currency", Kind::Text),
    Field::optional("source", Kind::Text),
    Field::optional("campaign", Kind::Text),
    Field::optional("lost_reason", Kind::Text),
    Field::full("value_minor", Kind::Number),
    Field::full("created_at", Kind::Moment),
    Field::full("updated_at", Kind::Moment),
    Field::optional("closed_at", Kind::Moment),
    Field::optional("expected_close_on", Kind::Day),
    Field::full("routed", Kind::Flag),
    // Open tasks: a deal without any has no next step.
    Field::optional("task", Kind::Presence),
];

/// What figures a list of deals has.
pub const FIGURES: &[&str] = &["value_minor"];

/// Which deals.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DealFilter {
    pub pipeline_id: Option<PipelineId>,
    pub stage_id: Option<StageId>,
    pub owner_id: Option<MemberId>,
    pub lead_id: Option<LeadId>,
    pub status: Option<DealStatus>,
    /// Words that the name must contain, all of them, in any case and with or without accents.
    #[schemars(length(max = 200))]
    pub q: Option<String>,
    /// From this moment on.
    pub created_from: Option<Timestamp>,
    /// Before this moment.
    pub created_to: Option<Timestamp>,
    /// Figures over the whole list, by currency: `sum`, `avg`, `min` or `max` of `value_minor`, with commas between, as in
    /// `sum(value_minor)`.
    pub aggregate: Option<String>,
    /// `csv`: the whole list as a file, at most 50,000 rows and 5 MB; `page` and `limit` do not count then.
    pub format: Option<Format>,
    /// Of a file: its columns with commas between, in their order; otherwise all there are. A wrong one is answered with the right ones.
    pub columns: Option<String>,
    /// Of a file: the language of its headings and words; otherwise the first of `Accept-Language`.
    pub language: Option<Language>,
    /// Where days begin, for example `Europe/Berlin`, in filters and in a file; otherwise the tenant's zone.
    pub zone: Option<String>,
}

impl DealFilter {
    /// The file that was asked for, if one was.
    ///
    /// # Errors
    /// As [`Export::asked`].
    pub fn export(&self, paging: &Paging) -> Result<Option<Export<'_>>, Failure> {
        Export::asked(self.format, self.columns.as_deref(), self.language, self.zone.as_deref(), paging)
    }

    /// For the store.
    ///
    /// # Errors
    /// `Invalid` when `q` is too much.
    pub fn check(&self, filters: &Filters, view: &Viewpoint) -> Result<Filter, Failure> {
        let (min_value, max_value) = filters.numbers("value_minor");
        Ok(Filter {
            pipeline: Choice::asked(self.pipeline_id).and(filters.ids("pipeline_id", view)),
            stage: Choice::asked(self.stage_id).and(filters.ids("stage_id", view)),
            owner: Choice::asked(self.owner_id).and(filters.ids("owner_id", view)),
            lead: Choice::asked(self.lead_id).and(filters.ids("lead_id", view)),
            company: filters.ids("company_id", view),
            status: Choice::asked(self.status.map(|status| status.as_str().to_owned())).and(filters.texts("status")),
            currency: filters.texts("currency"),
            source: filters.texts("source"),
            campaign: filters.texts("campaign"),
            lost_reason: filters.texts("lost_reason"),
            min_value,
            max_value,
            created: filters.moments("created_at", view).and(self.created_from, self.created_to),
            updated: filters.moments("updated_at", view),
            closed: filters.moments("closed_at", view),
            close_on: filters.days("expected_close_on", view),
            routed: filters.flag("routed", "is"),
            lacks_task: filters.flag("task", "empty"),
            ids: None,
            words: few_words(self.q.as_deref())?,
        })
    }
}
