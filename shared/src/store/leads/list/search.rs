//! Searching a list of leads for words, at a cost that does not grow with the number of leads.
//!
//! How common words are decides how they are found, and a look at the first leads of the list tells. Common words are met soon on a
//! walk in the list's order, and are not counted beyond five thousand. Rare ones are found through the index, all of them, and put
//! in order afterwards. Words that are neither (the index finds more than five thousand leads, and a long walk hardly any) are
//! looked for in every lead: that takes about a second for a million leads, and needs an odd order of things.
//!
//! Nothing is hidden: every way applies all filters, and a total that was not counted to its end says so.

use super::super::super::Tx;
use super::super::super::sql::{params, section};
use super::super::super::window::Window;
use super::super::SQL;
use super::{Arguments, Filter, Found, Order};
use crate::domain::ids::LeadId;
use crate::domain::search::Words;
use crate::failure::Failure;

/// As many leads are looked at first.
const SAMPLE: i64 = 1000;
/// As many of them make words common: one in five.
const COMMON: i64 = SAMPLE / 5;
/// Longer lists are not counted to their end.
pub(super) const MOST: i64 = 5_000;
/// As far a walk goes for a first page, and further for each lead of the pages before. By score or activity each step looks up a lead
/// somewhere else, which costs several times as much. Where words stand as often as the index has told by then, that fills a page.
const WALK: i64 = 40_000;
const WALK_ELSEWHERE: i64 = 20_000;
const FURTHER: i64 = 50;
/// From here on, looking at every lead costs no more.
const LONGEST_WALK: i64 = 200_000;

/// How many leads pass the filter, counted up to a bound.
pub const TOTAL_UP_TO: &str = const { section(SQL, "total_up_to") };

/// The statement that searches in an order: the same filter and order as the list has, with words looked for in what it reads.
pub const fn statement(order: Order) -> &'static str {
    match order {
        Order::NewestFirst => const { section(SQL, "search_newest_first") },
        Order::OldestFirst => const { section(SQL, "search_oldest_first") },
        Order::HighestScoreFirst => const { section(SQL, "search_highest_score_first") },
        Order::LowestScoreFirst => const { section(SQL, "search_lowest_score_first") },
        Order::LatestActivityFirst => const { section(SQL, "search_latest_activity_first") },
        Order::EarliestActivityFirst => const { section(SQL, "search_earliest_activity_first") },
        // Not searched: such a list is sorted after its words were found.
        Order::Sorted(_) => const { section(SQL, "search_newest_first") },
    }
}

/// What a look at leads gave.
struct Looked {
    /// Leads that pass all filters but the words.
    at: i64,
    /// Of these, with the words.
    found: i64,
    /// Of these, the ones on the page.
    ids: Vec<LeadId>,
}

/// A list that is searched.
struct Search<'a> {
    tx: &'a Tx,
    filter: &'a Filter,
    order: Order,
    window: Window,
    patterns: Vec<String>,
}

/// A part of the leads that pass the filter and contain the words. Without a cursor the total is that of the whole list; with one it is
/// what was counted behind it, and says that there is more.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn page(
    tx: &Tx,
    filter: &Filter,
    words: &Words,
    order: Order,
    window: Window,
) -> Result<Found, Failure> {
    let search = Search { tx, filter, order, window, patterns: words.patterns() };
    let whole = window.after.is_none();
    let sample = search.walk(SAMPLE).await?;
    if sample.at < SAMPLE {
        return search.show(sample.ids, sample.found, whole).await;
    }
    let (counted, among) = match sample.found >= COMMON {
        true => (search.count_up_to(MOST + 1).await?, None),
        false => {
            let found = find(tx, words, MOST + 1).await?;
            let complete = i64::try_from(found.len()).is_ok_and(|found| found <= MOST);
            (sample.found, complete.then_some(found))
        }
    };
    if let Some(found) = among {
        let all = search.among(found).await?;
        return search.show(all.ids, all.found, whole).await;
    }
    let exact = sample.found >= COMMON && counted <= MOST;
    if search.is_filled_by(&sample) {
        return search.show(sample.ids, counted.max(sample.found), whole && exact).await;
    }
    let steps = if order.walks() { WALK } else { WALK_ELSEWHERE };
    let walk = search.walk((steps + FURTHER * window.offset).min(LONGEST_WALK)).await?;
    if search.is_filled_by(&walk) {
        return search.show(walk.ids, counted.max(walk.found), whole && exact).await;
    }
    let all = search.everywhere().await?;
    search.show(all.ids, all.found, whole).await
}

/// Leads with the words, whatever the other filters say.
pub(super) async fn find(tx: &Tx, words: &Words, most: i64) -> Result<Vec<LeadId>, Failure> {
    let (codes, most) = (words.codes(tx.tenant()), i32::try_from(most).unwrap_or(i32::MAX));
    let found = tx.query(const { section(SQL, "search") }, params![codes, words.patterns(), most]).await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

impl Search<'_> {
    /// Looks for the words in the first leads of the list.
    async fn walk(&self, steps: i64) -> Result<Looked, Failure> {
        self.look(Arguments { limit: Some(steps), ..self.arguments(self.filter) }).await
    }

    /// Looks for the words in these leads.
    async fn among(&self, ids: Vec<LeadId>) -> Result<Looked, Failure> {
        let filter = Filter { ids: Some(ids), ..self.filter.clone() };
        self.look(self.arguments(&filter)).await
    }

    /// Looks for the words in every lead.
    async fn everywhere(&self) -> Result<Looked, Failure> {
        self.look(Arguments { within: Some(&self.patterns), ..self.arguments(self.filter) }).await
    }

    /// Without end.
    fn arguments<'a>(&self, filter: &'a Filter) -> Arguments<'a> {
        let from_the_start = Window { offset: 0, ..self.window };
        Arguments { limit: None, ..Arguments::new(filter, from_the_start) }
    }

    async fn look(&self, arguments: Arguments<'_>) -> Result<Looked, Failure> {
        // Postgres counts from one, and takes both ends.
        let (first, last) = (self.window.offset + 1, self.window.offset + self.window.limit);
        let (first, last) = (i32::try_from(first).unwrap_or(i32::MAX), i32::try_from(last).unwrap_or(i32::MAX));
        let mut list = arguments.of_part();
        list.extend_from_slice(params![self.patterns, first, last]);
        let row = self.tx.find(statement(self.order), &list).await?;
        let row = row.ok_or_else(|| Failure::internal("a count without a row"))?;
        Ok(Looked {
            at: row.get("looked"),
            found: row.get("found"),
            ids: row.get::<_, Option<Vec<LeadId>>>("ids").unwrap_or_default(),
        })
    }

    async fn count_up_to(&self, most: i64) -> Result<i64, Failure> {
        let arguments = Arguments { within: Some(&self.patterns), limit: Some(most), ..self.arguments(self.filter) };
        let mut list = arguments.of_total();
        list.extend_from_slice(params![arguments.limit]);
        Ok(self.tx.find(TOTAL_UP_TO, &list).await?.map_or(0, |row| row.get(0)))
    }

    /// Whether there are as many as the page takes.
    const fn is_filled_by(&self, looked: &Looked) -> bool {
        looked.found >= self.window.offset + self.window.limit
    }

    /// The leads of the page as they are, in their order.
    async fn show(&self, ids: Vec<LeadId>, total: i64, exact: bool) -> Result<Found, Failure> {
        if ids.is_empty() {
            return Ok(Found { leads: Vec::new(), total, exact });
        }
        let window = self.window.whole(self.window.limit);
        let only = Filter { ids: Some(ids), ..Filter::default() };
        Ok(Found { leads: super::list(self.tx, &only, self.order, window).await?, total, exact })
    }
}
