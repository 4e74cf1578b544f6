//! Which moments can be meant.

use jiff::Timestamp;

/// Postgres refuses moments before 4714 BC, and jiff knows them.
pub fn is_before_our_era(moment: Timestamp) -> bool {
    /// The first second of the year 1.
    const FIRST: i64 = -62_135_596_800;
    moment.as_second() < FIRST
}
