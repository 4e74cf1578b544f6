//! `?page=1&limit=25&sort=-total_score&cursor=…` and the envelope of lists.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aggregates::AggregateView;
use super::cursor::Cursor;
use crate::failure::{Failure, Fault};
use crate::store::window::Window;

/// The largest `limit`.
pub const MAX_LIMIT: i64 = 100;
const DEFAULT_LIMIT: i64 = 25;
/// Deeper pages are slow for everybody; a cursor walks without a bound.
const MAX_PAGE: i64 = 10_000;

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// From 1.
    pub page: i64,
    pub limit: i64,
    /// The order that was asked for, as it was sent.
    pub sort: Option<String>,
    /// Where the previous part ended; then `page` does not count.
    pub cursor: Option<String>,
}

/// How much of something that is no list, but bounded like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "i64")]
#[schemars(with = "i64", extend("minimum" = 1, "maximum" = 100, "default" = 25))]
pub struct Limit(pub i64);

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT_LIMIT)
    }
}

impl TryFrom<i64> for Limit {
    type Error = &'static str;
    fn try_from(limit: i64) -> Result<Self, Self::Error> {
        if (1..=MAX_LIMIT).contains(&limit) { Ok(Self(limit)) } else { Err("`limit` is a number from 1 to 100.") }
    }
}

impl Default for Paging {
    /// The first part, as the list is sorted by itself.
    fn default() -> Self {
        Self { page: 1, limit: DEFAULT_LIMIT, sort: None, cursor: None }
    }
}

/// The orders in which a list can be asked for. Each is a field, with `-` in front when it descends.
#[derive(Debug, Clone, Copy)]
pub struct Orders {
    /// The first one is the list's own.
    pub sorts: &'static [&'static str],
    /// Those in which a cursor walks the list, because what is new does not shift it: the first one unless `sort` says another.
    pub walks: &'static [&'static str],
}

impl Orders {
    /// Of a list that goes by page and follows no cursor.
    pub const fn by_page(sorts: &'static [&'static str]) -> Self {
        Self { sorts, walks: &[] }
    }

    /// Of a list with one order, in which a cursor walks it.
    pub const fn walked(sorts: &'static [&'static str; 1]) -> Self {
        Self { sorts, walks: sorts }
    }

    /// In words.
    fn told(&self) -> String {
        if let [only] = self.sorts {
            return format!("This list has one order, `{only}`. Leave `sort` out.");
        }
        let ascending: Vec<&str> = self.sorts.iter().filter(|sort| !sort.starts_with('-')).copied().collect();
        format!("This list sorts by {}, each also with `-` in front.", ascending.join(", "))
    }
}

impl Paging {
    /// Takes the paging parameters out of a query's and gives the others back.
    pub(crate) fn read(parameters: Vec<(String, String)>, faults: &mut Vec<Fault>) -> (Self, Vec<(String, String)>) {
        let mut paging = Self::default();
        let mut rest = Vec::new();
        for (name, value) in parameters {
            match name.as_str() {
                "page" => match value.parse() {
                    Ok(page @ 1..=MAX_PAGE) => paging.page = page,
                    _ => faults.push(Fault::new(
                        "?page",
                        "range",
                        "`page` is a number from 1 to 10000; use `cursor` to walk a whole list.",
                    )),
                },
                "limit" => match value.parse() {
                    Ok(limit @ 1..=MAX_LIMIT) => paging.limit = limit,
                    _ => faults.push(Fault::new("?limit", "range", "`limit` is a number from 1 to 100.")),
                },
                "sort" => paging.sort = Some(value),
                "cursor" => paging.cursor = Some(value),
                _ => rest.push((name, value)),
            }
        }
        (paging, rest)
    }

    /// The part of a list that is asked for. Where a cursor can follow, one row more than is shown: it tells whether the list goes on.
    ///
    /// # Errors
    /// `Invalid` for an order the list does not have, a cursor that is none of ours, and one in an order it does not walk.
    pub fn window(&self, orders: &Orders) -> Result<Window, Failure> {
        let known = |sort: &String| orders.sorts.iter().copied().find(|known| known == sort);
        let order = match (&self.sort, &self.cursor, orders.walks) {
            (_, Some(_), []) => {
                return Err(Failure::invalid(
                    "?cursor",
                    "not_allowed",
                    "This list goes by `page`. Leave `cursor` out.",
                ));
            }
            (Some(sort), _, _) => known(sort),
            (None, Some(_), [first, ..]) => Some(*first),
            (None, None, _) => orders.sorts.first().copied(),
        };
        let order = order.ok_or_else(|| Failure::invalid("?sort", "unknown_value", orders.told()))?;
        let walks = orders.walks.contains(&order);
        let after = self.cursor.as_deref().map(|cursor| after(cursor, walks)).transpose()?;
        let offset = if after.is_some() { 0 } else { (self.page - 1) * self.limit };
        let after = after.map(|Cursor { at, id }| (at, id));
        Ok(Window { order, limit: self.limit + i64::from(walks), offset, after })
    }
}

/// The cursor that was sent, for a list in an order that a cursor follows or not.
fn after(cursor: &str, walks: bool) -> Result<Cursor, Failure> {
    if !walks {
        return Err(Failure::invalid(
            "?cursor",
            "not_allowed",
            "A cursor follows the list's default order. Leave `sort` out, or use `page`.",
        ));
    }
    Cursor::parse(cursor)
        .ok_or_else(|| Failure::invalid("?cursor", "format", "Send `next_cursor` of the part before as it is."))
}

/// A part of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub pagination: Pagination,
    /// What was asked for with `aggregate`, over the whole list. Null where the list is so long that nobody counted it to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<AggregateView>>")]
    pub aggregates: Option<Option<Vec<AggregateView>>>,
}

/// Where this part stands in the whole.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Pagination {
    pub page: i64,
    pub limit: i64,
    pub total: i64,
    pub total_pages: i64,
    /// False: there are more than `total`, which was counted only so far, and pages behind the last one. Absent: `total` is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_is_exact: Option<bool>,
    /// Pass it as `cursor` for the next part; absent at the end, and where a list does not support it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page of a list with `total` rows, for a list that goes by page.
    pub fn new(data: Vec<T>, paging: &Paging, total: i64) -> Self {
        let total_pages = (total + paging.limit - 1) / paging.limit;
        Self {
            data,
            pagination: Pagination {
                page: paging.page,
                limit: paging.limit,
                total,
                total_pages,
                total_is_exact: None,
                next_cursor: None,
            },
            aggregates: None,
        }
    }

    /// The same of a list that a cursor may walk, from the rows of its [`Window`]: cuts off the one too many and says where the next part
    /// begins, if there is one.
    pub fn walked(mut rows: Vec<T>, paging: &Paging, total: i64, place: impl Fn(&T) -> Cursor) -> Self {
        let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| place(last).to_string());
        let mut page = Self::new(rows, paging, total);
        page.pagination.next_cursor = next;
        page
    }

    /// Of a list that was not counted to its end, unless `exact`.
    #[must_use]
    pub fn counted(mut self, exact: bool) -> Self {
        self.pagination.total_is_exact = (!exact).then_some(false);
        self
    }

    /// With the figures that were asked for, if any were.
    #[must_use]
    pub fn with_aggregates(mut self, asked: bool, figures: Option<Vec<AggregateView>>) -> Self {
        self.aggregates = asked.then_some(figures);
        self
    }

    /// With each row as people see it.
    pub fn map<U>(self, show: impl FnMut(T) -> U) -> Page<U> {
        Page {
            data: self.data.into_iter().map(show).collect(),
            pagination: self.pagination,
            aggregates: self.aggregates,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    const ORDERS: Orders =
        Orders { sorts: &["-score", "score", "-created_at", "created_at"], walks: &["-created_at", "created_at"] };

    fn paging(sort: Option<&str>, cursor: Option<&str>) -> Paging {
        Paging { page: 3, limit: 10, sort: sort.map(str::to_owned), cursor: cursor.map(str::to_owned) }
    }

    fn pointer(asked: &Paging, orders: &Orders) -> String {
        match asked.window(orders) {
            Err(Failure::Invalid(faults)) => faults.into_iter().map(|fault| fault.pointer).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_list_has_its_own_order_and_those_it_names() {
        let window = |sort| paging(sort, None).window(&ORDERS).unwrap();
        assert_eq!(window(None), Window { order: "-score", limit: 10, offset: 20, after: None });
        // One row more, where a cursor could go on.
        assert_eq!(window(Some("created_at")), Window { order: "created_at", limit: 11, offset: 20, after: None });
        assert_eq!(pointer(&paging(Some("name"), None), &ORDERS), "?sort");
        assert_eq!(pointer(&paging(Some("position"), None), &Orders::walked(&["-position"])), "?sort");
    }

    #[test]
    fn a_cursor_walks_in_some_orders_and_skips_nothing() {
        let cursor = Cursor { at: Timestamp::UNIX_EPOCH, id: Uuid::from_u128(7) };
        let sent = cursor.to_string();
        let window = |sort| paging(sort, Some(&sent)).window(&ORDERS).unwrap();
        let behind = Window { order: "-created_at", limit: 11, offset: 0, after: Some((cursor.at, cursor.id)) };
        assert_eq!(window(None), behind);
        assert_eq!(window(Some("created_at")), Window { order: "created_at", ..behind });
        for (sort, cursor, orders) in [
            (Some("score"), sent.as_str(), ORDERS),
            (None, "AAAA", ORDERS),
            (None, sent.as_str(), Orders::by_page(&["-score"])),
        ] {
            assert_eq!(pointer(&paging(sort, Some(cursor)), &orders), "?cursor");
        }
    }

    #[test]
    fn the_row_too_many_says_that_there_is_more() {
        let place = |at: &i64| Cursor { at: Timestamp::from_second(*at).unwrap(), id: Uuid::nil() };
        let page = |rows: i64| Page::walked((0..rows).collect(), &paging(None, None), 40, place);
        assert_eq!((page(11).data.len(), page(11).pagination.next_cursor), (10, Some(place(&9).to_string())));
        assert_eq!((page(10).data.len(), page(10).pagination.next_cursor), (10, None));
    }
}
