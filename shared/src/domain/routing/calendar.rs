//! Working days: Monday to Friday in the tenant's zone. Public holidays differ by federal state and are not considered.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// When a task is due that must be done within `working_days`: the same time of day that many working days later.
///
/// A weekend does not count: one working day after Friday 15:00, and after Saturday or Sunday 15:00, is Monday 15:00. With
/// zero days the task is due at once.
pub fn follow_up_due(now: Timestamp, working_days: u32, zone: &TimeZone) -> Timestamp {
    let mut due = now.to_zoned(zone.clone());
    let mut left = working_days;
    while left > 0 {
        // At the end of time there is no next day.
        let Ok(next) = due.checked_add(Span::new().days(1)) else {
            break;
        };
        due = next;
        if !matches!(due.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    due.timestamp()
}
