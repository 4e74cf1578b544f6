//! Lists of leads: one filter, six orders, and a place to go on from for whoever walks the whole list.

use jiff::Timestamp;
use uuid::Uuid;

use super::super::Tx;
use super::super::sql::{Param, params};
use super::row::{self, Lead, LeadStatus};
use crate::domain::ids::{LeadId, MemberId, PipelineId};
use crate::domain::scoring::Tier;
use crate::failure::Failure;

/// Which leads. What is absent does not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<LeadStatus>,
    pub tier: Option<Tier>,
    pub min_score: Option<i32>,
    pub max_score: Option<i32>,
    /// The primary intent.
    pub intent: Option<String>,
    pub pipeline: Option<PipelineId>,
    pub owner: Option<MemberId>,
    pub source: Option<String>,
    pub campaign: Option<String>,
    pub tag: Option<String>,
    /// Included.
    pub created_from: Option<Timestamp>,
    /// Not included.
    pub created_to: Option<Timestamp>,
    /// Last active: included.
    pub active_from: Option<Timestamp>,
    /// Last active: not included.
    pub active_to: Option<Timestamp>,
    /// Words that name, e-mail address or company must contain, all of them; at least one of three characters or more. The
    /// newest 10,000 such leads are looked at.
    pub words: Option<Vec<String>>,
    /// Only the global pool.
    pub unrouted: bool,
    /// Only these.
    pub ids: Option<Vec<LeadId>>,
}

/// The order of a list; the id decides between equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    NewestFirst,
    OldestFirst,
    HighestScoreFirst,
    LowestScoreFirst,
    LatestActivityFirst,
    EarliestActivityFirst,
}

/// Each statement is the same columns and the same filter with its order behind it, so that no two can drift apart.
macro_rules! ordered {
    ($file:literal) => {
        concat!(include_str!("columns.sql"), include_str!("list/filter.sql"), include_str!($file))
    };
}

/// How many leads pass the filter.
pub const TOTAL: &str = concat!(include_str!("list/total.sql"), include_str!("list/filter.sql"));

impl Order {
    /// The order of a field, as `Paging::sort_by` names it.
    pub fn of(field: &str, descending: bool) -> Self {
        match (field, descending) {
            ("total_score", true) => Self::HighestScoreFirst,
            ("total_score", false) => Self::LowestScoreFirst,
            ("last_activity_at", true) => Self::LatestActivityFirst,
            ("last_activity_at", false) => Self::EarliestActivityFirst,
            (_, true) => Self::NewestFirst,
            (_, false) => Self::OldestFirst,
        }
    }

    /// Whether a list in this order can be walked from a place: new leads and new scores do not shift it.
    pub const fn walks(self) -> bool {
        matches!(self, Self::NewestFirst | Self::OldestFirst)
    }

    /// The statement of this order.
    pub const fn statement(self) -> &'static str {
        match self {
            Self::NewestFirst => ordered!("list/newest_first.sql"),
            Self::OldestFirst => ordered!("list/oldest_first.sql"),
            Self::HighestScoreFirst => ordered!("list/highest_score_first.sql"),
            Self::LowestScoreFirst => ordered!("list/lowest_score_first.sql"),
            Self::LatestActivityFirst => ordered!("list/latest_activity_first.sql"),
            Self::EarliestActivityFirst => ordered!("list/earliest_activity_first.sql"),
        }
    }
}

/// Which part of a list.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub limit: i64,
    pub offset: i64,
    /// Only what comes behind the row of this moment and id.
    pub after: Option<(Timestamp, Uuid)>,
}

/// The parameters of [`TOTAL`] and, followed by those of a [`Window`], of an order's statement.
pub struct Arguments<'a> {
    status: Option<&'static str>,
    tier: Option<&'static str>,
    filter: &'a Filter,
    after_at: Option<Timestamp>,
    after_id: Option<Uuid>,
    limit: i64,
    offset: i64,
}

impl<'a> Arguments<'a> {
    /// Of a filter and a part of the list.
    pub fn new(filter: &'a Filter, window: Window) -> Self {
        Self {
            status: filter.status.map(LeadStatus::as_str),
            tier: filter.tier.map(Tier::as_str),
            filter,
            after_at: window.after.map(|after| after.0),
            after_id: window.after.map(|after| after.1),
            limit: window.limit,
            offset: window.offset,
        }
    }

    /// For [`TOTAL`].
    pub fn of_total(&self) -> Vec<Param<'_>> {
        let filter = self.filter;
        params![
            self.status,
            self.tier,
            filter.min_score,
            filter.max_score,
            filter.intent,
            filter.pipeline,
            filter.owner,
            filter.source,
            filter.campaign,
            filter.tag,
            filter.created_from,
            filter.created_to,
            filter.active_from,
            filter.active_to,
            filter.words,
            filter.unrouted,
            filter.ids
        ]
        .to_vec()
    }

    /// For the statement of an order.
    pub fn of_part(&self, order: Order) -> Vec<Param<'_>> {
        let mut list = self.of_total();
        list.extend_from_slice(params![self.limit, self.offset]);
        if order.walks() {
            list.extend_from_slice(params![self.after_at, self.after_id]);
        }
        list
    }
}

/// A part of the leads that pass the filter.
///
/// # Errors
/// When the database does not answer.
pub async fn list(tx: &Tx, filter: &Filter, order: Order, window: Window) -> Result<Vec<Lead>, Failure> {
    let arguments = Arguments::new(filter, window);
    tx.query(order.statement(), &arguments.of_part(order)).await?.iter().map(row::lead).collect()
}

/// How many leads pass the filter.
///
/// # Errors
/// When the database does not answer.
pub async fn count(tx: &Tx, filter: &Filter) -> Result<i64, Failure> {
    let arguments = Arguments::new(filter, Window { limit: 0, offset: 0, after: None });
    let row = tx.find(TOTAL, &arguments.of_total()).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}
