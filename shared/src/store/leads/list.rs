//! Lists of leads: one filter, six orders that an index has and some for short lists, and a place to go on from for whoever walks the whole
//! list. Lists that are searched for words take their way through [`search`].

pub mod search;

use jiff::Timestamp;
use uuid::Uuid;

use super::super::Tx;
use super::super::choice::{Between, Choice};
use super::super::sql::{Param, params, section};
use super::super::window::Window;
use super::SQL;
use super::row::{self, Lead};
use crate::domain::ids::{LeadId, MemberId, PipelineId, StageId};
use crate::domain::search::Words;
use crate::failure::Failure;

/// Which leads. What is absent does not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// As [`super::LeadStatus`] names them.
    pub status: Choice<String>,
    pub tier: Choice<String>,
    pub min_score: Option<i32>,
    pub max_score: Option<i32>,
    /// The primary intent.
    pub intent: Choice<String>,
    pub pipeline: Choice<PipelineId>,
    pub stage: Choice<StageId>,
    pub owner: Choice<MemberId>,
    pub source: Choice<String>,
    pub campaign: Choice<String>,
    pub company: Choice<String>,
    pub country: Choice<String>,
    pub language: Choice<String>,
    /// Leads with one of the tags, or without any of them.
    pub tags: Choice<String>,
    /// Tenths of a per cent.
    pub min_confidence: Option<i32>,
    pub max_confidence: Option<i32>,
    pub created: Between<Timestamp>,
    pub updated: Between<Timestamp>,
    /// Last active.
    pub active: Between<Timestamp>,
    pub routed: Between<Timestamp>,
    pub conflict: Option<bool>,
    pub suppressed: Option<bool>,
    /// Whether a lead lacks it.
    pub lacks: Lacks,
    /// Words that name, e-mail address or company must contain, all of them; at least one of two characters or more.
    pub words: Option<Words>,
    /// Only the global pool.
    pub unrouted: bool,
    /// Only these.
    pub ids: Option<Vec<LeadId>>,
}

/// What a lead may lack.
#[derive(Debug, Clone, Default)]
pub struct Lacks {
    pub email: Option<bool>,
    pub phone: Option<bool>,
    pub linkedin_url: Option<bool>,
    pub organization: Option<bool>,
    pub job_title: Option<bool>,
    pub deal: Option<bool>,
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
    /// By something else, for lists that are short enough to be sorted: as a [`Window`] names it.
    Sorted(&'static str),
}

/// Longer lists have only the orders that an index has.
pub const MOST_SORTED: i64 = 10_000;

/// How many leads pass the filter.
pub const TOTAL: &str = const { section(SQL, "total") };

impl Order {
    /// As a [`Window`] names it.
    pub fn of(order: &'static str) -> Self {
        match order {
            "-total_score" => Self::HighestScoreFirst,
            "total_score" => Self::LowestScoreFirst,
            "-last_activity_at" => Self::LatestActivityFirst,
            "last_activity_at" => Self::EarliestActivityFirst,
            "created_at" => Self::OldestFirst,
            "-created_at" | "" => Self::NewestFirst,
            other => Self::Sorted(other),
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
            Self::Sorted(_) => const { section(SQL, "list_sorted") },
        }
    }
}

/// The parameters of [`TOTAL`] and, followed by those of a [`Window`], of an order's statement.
pub struct Arguments<'a> {
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
        let f = self.filter;
        let mut list = Vec::with_capacity(56);
        f.status.push(&mut list);
        f.tier.push(&mut list);
        list.extend_from_slice(params![f.min_score, f.max_score]);
        f.intent.push(&mut list);
        f.pipeline.push(&mut list);
        f.stage.push(&mut list);
        f.owner.push(&mut list);
        for texts in [&f.source, &f.campaign, &f.company, &f.country, &f.language, &f.tags] {
            texts.push(&mut list);
        }
        list.extend_from_slice(params![f.min_confidence, f.max_confidence]);
        for between in [&f.created, &f.updated] {
            list.extend_from_slice(params![between.from, between.before]);
        }
        for between in [&f.active, &f.routed] {
            list.extend_from_slice(params![between.from, between.before, between.empty]);
        }
        let Lacks { email, phone, linkedin_url, organization, job_title, deal } = &f.lacks;
        list.extend_from_slice(params![f.conflict, f.suppressed]);
        for lacks in [email, phone, linkedin_url, organization, job_title, deal] {
            list.extend_from_slice(params![*lacks]);
        }
        list.extend_from_slice(params![f.unrouted, f.ids, self.within]);
        list
    }

    /// For the statement of [`Order::Sorted`].
    pub fn of_sorted<'b>(&'b self, window: &'b Window) -> Vec<Param<'b>> {
        let mut list = self.of_total();
        list.extend_from_slice(params![self.limit, self.offset, window.order]);
        list
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
    if let Order::Sorted(_) = order {
        let (filter, total) = sortable(tx, filter).await?;
        let leads = list(tx, &filter, order, window).await?;
        return Ok(Found { leads, total, exact: true });
    }
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
    let order = Order::of(window.order);
    if let Order::Sorted(_) = order {
        let (filter, _) = sortable(tx, filter).await?;
        let arguments = Arguments::new(&filter, window);
        tx.query_map(order.statement(), &arguments.of_sorted(&window), |row| take(row::lead(row)?)).await?;
        return Ok(());
    }
    let patterns = filter.words.as_ref().map(Words::patterns);
    let arguments = Arguments { within: patterns.as_deref(), ..Arguments::new(filter, window) };
    tx.query_map(order.statement(), &arguments.of_part(), |row| take(row::lead(row)?)).await?;
    Ok(())
}

/// The filter with its words found, and how many leads pass it, where these are few enough to be sorted.
async fn sortable(tx: &Tx, filter: &Filter) -> Result<(Filter, i64), Failure> {
    let filter = narrowed(tx, filter, MOST_SORTED).await?;
    let total = match &filter {
        Some(filter) => count_up_to(tx, filter, MOST_SORTED + 1).await?,
        None => MOST_SORTED + 1,
    };
    match filter {
        Some(filter) if total <= MOST_SORTED => Ok((filter, total)),
        _ => {
            let detail = format!(
                "In this order a list has at most {MOST_SORTED} leads. Narrow it down with a filter, or sort by created_at, \
                 total_score or last_activity_at."
            );
            Err(Failure::invalid("?sort", "too_many", detail))
        }
    }
}

/// The same filter without words: those leads that have them. None: more than `most` have them.
async fn narrowed(tx: &Tx, filter: &Filter, most: i64) -> Result<Option<Filter>, Failure> {
    let Some(words) = &filter.words else { return Ok(Some(filter.clone())) };
    let found = search::find(tx, words, most + 1).await?;
    if i64::try_from(found.len()).is_ok_and(|found| found > most) {
        return Ok(None);
    }
    let ids = match &filter.ids {
        Some(ids) => found.into_iter().filter(|id| ids.contains(id)).collect(),
        None => found,
    };
    Ok(Some(Filter { words: None, ids: Some(ids), ..filter.clone() }))
}

/// How many leads pass the filter, its words aside, counted up to a bound.
async fn count_up_to(tx: &Tx, filter: &Filter, most: i64) -> Result<i64, Failure> {
    let arguments = Arguments::new(filter, Window::first("", 0));
    let mut list = arguments.of_total();
    list.extend_from_slice(params![most]);
    Ok(tx.find(search::TOTAL_UP_TO, &list).await?.map_or(0, |row| row.get(0)))
}

/// What the scores of the leads that pass the filter come to.
#[derive(Debug, Clone, Copy)]
pub struct Scores {
    pub sum: i64,
    /// None: of no leads.
    pub average: Option<f64>,
    pub least: Option<i32>,
    pub most: Option<i32>,
}

/// The scores of all leads that pass the filter. None: their words stand in too many leads for that.
///
/// # Errors
/// When the database does not answer.
pub async fn aggregate(tx: &Tx, filter: &Filter) -> Result<Option<Scores>, Failure> {
    let Some(filter) = narrowed(tx, filter, search::MOST).await? else { return Ok(None) };
    let arguments = Arguments::new(&filter, Window::first("", 0));
    let row = tx.find(const { section(SQL, "aggregate") }, &arguments.of_total()).await?;
    let row = row.ok_or_else(|| Failure::internal("a sum without a row"))?;
    Ok(Some(Scores {
        sum: row.get::<_, Option<i64>>("sum").unwrap_or_default(),
        average: row.get("avg"),
        least: row.get("min"),
        most: row.get("max"),
    }))
}

/// The ids and versions of the leads that pass the filter, words included, in the order of ids: all of them, or none where there are more than `most`.
///
/// # Errors
/// When the database does not answer.
pub async fn ids(tx: &Tx, filter: &Filter, most: i64) -> Result<Option<Vec<(LeadId, i64)>>, Failure> {
    let Some(filter) = narrowed(tx, filter, search::MOST).await? else { return Ok(None) };
    let (arguments, up_to) = (Arguments::new(&filter, Window::first("", 0)), most + 1);
    let mut list = arguments.of_total();
    list.extend_from_slice(params![up_to]);
    let rows = tx.query(const { section(SQL, "ids") }, &list).await?;
    let ids: Vec<(LeadId, i64)> = rows.iter().map(|row| (row.get("id"), row.get("version"))).collect();
    Ok(i64::try_from(ids.len()).is_ok_and(|found| found <= most).then_some(ids))
}

/// A part of the leads that pass the filter, its words aside.
async fn list(tx: &Tx, filter: &Filter, order: Order, window: Window) -> Result<Vec<Lead>, Failure> {
    let arguments = Arguments::new(filter, window);
    let list = match order {
        Order::Sorted(_) => arguments.of_sorted(&window),
        _ => arguments.of_part(),
    };
    tx.query(order.statement(), &list).await?.iter().map(row::lead).collect()
}

/// How many leads pass the filter, its words aside.
async fn count(tx: &Tx, filter: &Filter) -> Result<i64, Failure> {
    let arguments = Arguments::new(filter, Window::first("", 0));
    let row = tx.find(TOTAL, &arguments.of_total()).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}
