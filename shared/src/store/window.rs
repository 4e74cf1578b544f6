//! Which part of a list a statement reads: the same for every list.

use jiff::Timestamp;
use uuid::Uuid;

/// A part of a list in one of its orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// A field by which the list is sorted, with `-` in front when it descends.
    pub order: &'static str,
    pub limit: i64,
    pub offset: i64,
    /// Only what comes behind the row of this moment and id; then nothing is skipped.
    pub after: Option<(Timestamp, Uuid)>,
}

impl Window {
    /// The beginning of a list.
    pub const fn first(order: &'static str, limit: i64) -> Self {
        Self { order, limit, offset: 0, after: None }
    }

    /// The whole list in the same order, up to a bound.
    #[must_use]
    pub const fn whole(self, most: i64) -> Self {
        Self::first(self.order, most)
    }
}
