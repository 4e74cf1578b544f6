//! `?page=1&limit=25&sort=-total_score&cursor=…` and the envelope of lists.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Fault};

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
    pub sort: Option<Sort>,
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

/// One field to sort by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    pub field: String,
    pub descending: bool,
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
                "sort" => {
                    let (field, descending) = match value.strip_prefix('-') {
                        Some(field) => (field.to_owned(), true),
                        None => (value, false),
                    };
                    paging.sort = Some(Sort { field, descending });
                }
                "cursor" => paging.cursor = Some(value),
                _ => rest.push((name, value)),
            }
        }
        (paging, rest)
    }

    /// The field to sort by, which must be one of `allowed`; `default` when none was asked for (`-` in front: descending).
    ///
    /// # Errors
    /// `Invalid` naming the possible fields.
    pub fn sort_by(&self, allowed: &[&'static str], default: &'static str) -> Result<(&'static str, bool), Failure> {
        let Some(sort) = &self.sort else {
            return Ok((default.trim_start_matches('-'), default.starts_with('-')));
        };
        match allowed.iter().find(|field| **field == sort.field) {
            Some(field) => Ok((field, sort.descending)),
            None => Err(Failure::invalid(
                "?sort",
                "unknown_value",
                format!("This list sorts by {}, each also with `-` in front.", allowed.join(", ")),
            )),
        }
    }

    /// As [`Self::sort_by`], for a list that goes by page and follows no cursor.
    ///
    /// # Errors
    /// `Invalid` when a cursor was sent, which would give the first page again and again.
    pub fn by_page(&self, allowed: &[&'static str], default: &'static str) -> Result<(&'static str, bool), Failure> {
        if self.cursor.is_some() {
            return Err(Failure::invalid("?cursor", "not_allowed", "This list goes by `page`. Leave `cursor` out."));
        }
        self.sort_by(allowed, default)
    }

    /// Rows to skip.
    pub fn offset(&self) -> i64 {
        (self.page - 1) * self.limit
    }
}

/// A part of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub pagination: Pagination,
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
    /// A part of a list with `total` rows.
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
        }
    }

    /// Of a list that was not counted to its end, unless `exact`.
    #[must_use]
    pub fn counted(mut self, exact: bool) -> Self {
        self.pagination.total_is_exact = (!exact).then_some(false);
        self
    }

    /// With the place where the next part begins.
    #[must_use]
    pub fn with_next(mut self, cursor: Option<String>) -> Self {
        self.pagination.next_cursor = cursor;
        self
    }
}
