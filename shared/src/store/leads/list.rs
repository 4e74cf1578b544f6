//! Lists of leads: one filter, six orders, and a place to go on from for whoever walks the whole list. Lists that are searched for
//! words take their way through [`search`].

pub mod search;

use jiff::Timestamp;
use uuid::Uuid;

use super::super::Tx;
use super::super::sql::{Param, params, section};
use super::super::window::Window;
use super::SQL;
use super::row::{self, Lead, LeadStatus};
use crate::domain::ids::{LeadId, MemberId, PipelineId};
use crate::domain::scoring::Tier;
use crate::domain::search::Words;
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
    /// Words that name, e-mail address or company must contain, all of them; at least one of two characters or more.
    pub words: Option<Words>,
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

/// How many leads pass the filter.
pub const TOTAL: &str = const { section(SQL, "total") };

impl Order {
    /// As a [`Window`] names it.
    pub fn of(order: &str) -> Self {
        match order {
            "-total_score" => Self::HighestScoreFirst,
            "total_score" => Self::LowestScoreFirst,
            "-last_activity_at" => Self::LatestActivityFirst,
            "last_activity_at" => Self::EarliestActivityFirst,
            "created_at" => Self::OldestFirst,
            _ => Self::NewestFirst,
        }
    }

    /// Whether a list in this order can be walked from a place: new leads and new scores do not shift it.
    pub const fn walks(self) -> bool {
        matches!(self, Self::NewestFirst | Self::OldestFirst)
    }

    /// The statement of this order.
    pub const fn statement(self) -> &'static str {
        match self {
            Self::NewestFirst => const { section(SQL, "list_newest_first") },
            Self::OldestFirst => const { section(SQL, "list_oldest_first") },
            Self::HighestScoreFirst => const { section(SQL, "list_highest_score_first") },
            Self::LowestScoreFirst => const { section(SQL, "list_lowest_score_first") },
            Self::LatestActivityFirst => const { section(SQL, "list_latest_activity_first") },
            Self::EarliestActivityFirst => const { section(SQL, "list_earliest_activity_first") },
        }
    }
}

/// The parameters of [`TOTAL`] and, followed by those of a [`Window`], of an order's statement.
pub struct Arguments<'a> {
    status: Option<&'static str>,
    tier: Option<&'static str>,
    filter: &'a Filter,
    /// Patterns that search texts must fit, already where leads are read.
    within: Option<&'a [String]>,
    after_at: Option<Timestamp>,
    after_id: Option<Uuid>,
    /// None: without end.
    limit: Option<i64>,
    offset: i64,
}

impl<'a> Arguments<'a> {
    /// Of a filter, its words aside, and a part of the list.
    pub fn new(filter: &'a Filter, window: Window) -> Self {
        Self {
            status: filter.status.map(LeadStatus::as_str),
            tier: filter.tier.map(Tier::as_str),
            filter,
            within: None,
            after_at: window.after.map(|after| after.0),
            after_id: window.after.map(|after| after.1),
            limit: Some(window.limit),
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
            filter.unrouted,
            filter.ids,
            self.within
        ]
        .to_vec()
    }

    /// For the statement of an order.
    pub fn of_part(&self) -> Vec<Param<'_>> {
        let mut list = self.of_total();
        list.extend_from_slice(params![self.limit, self.offset, self.after_at, self.after_id]);
        list
    }
}

/// A part of a list, and how long the list is.
#[derive(Debug)]
pub struct Found {
    pub leads: Vec<Lead>,
    pub total: i64,
    /// Otherwise there are more than `total`, and nobody counted them.
    pub exact: bool,
}

/// A part of the leads that pass the filter, words included, and how many there are.
///
/// # Errors
/// When the database does not answer.
pub async fn page(tx: &Tx, filter: &Filter, window: Window) -> Result<Found, Failure> {
    let order = Order::of(window.order);
    match &filter.words {
        Some(words) => search::page(tx, filter, words, order, window).await,
        None => {
            let leads = list(tx, filter, order, window).await?;
            Ok(Found { leads, total: count(tx, filter).await?, exact: true })
        }
    }
}

/// Hands over every lead that passes the filter, words included, in the order of the list and as one statement sees them at one
/// moment: none is missing or there twice, whatever changes meanwhile.
///
/// # Errors
/// When the database does not answer, and the first failure of `take`.
pub async fn each(
    tx: &Tx,
    filter: &Filter,
    window: Window,
    mut take: impl FnMut(Lead) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let patterns = filter.words.as_ref().map(Words::patterns);
    let arguments = Arguments { within: patterns.as_deref(), ..Arguments::new(filter, window) };
    tx.query_map(Order::of(window.order).statement(), &arguments.of_part(), |row| take(row::lead(row)?)).await?;
    Ok(())
}

/// A part of the leads that pass the filter, its words aside.
async fn list(tx: &Tx, filter: &Filter, order: Order, window: Window) -> Result<Vec<Lead>, Failure> {
    tx.query(order.statement(), &Arguments::new(filter, window).of_part()).await?.iter().map(row::lead).collect()
}

/// How many leads pass the filter, its words aside.
async fn count(tx: &Tx, filter: &Filter) -> Result<i64, Failure> {
    let arguments = Arguments::new(filter, Window::first("", 0));
    let row = tx.find(TOTAL, &arguments.of_total()).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}
