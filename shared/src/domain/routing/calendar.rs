//! Working days: Monday to Friday in the tenant's zone. Public holidays differ by federal state and are not considered.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// When a task is due that must be done within `working_days`: the same time of day that many working days later.
///
/// A weekend does not count: one working day after Friday 15:00, and after Saturday or Sunday 15:00, is Monday 15:00. With
/// zero days the task is due at once.
///
/// Days are counted on the calendar, and the time of day is set once, on the day that was found: a day in between on which the clocks
/// skip that time, or show it twice, changes nothing. On such a day itself it is the time after the gap, or the first of the two.
pub fn follow_up_due(now: Timestamp, working_days: u32, zone: &TimeZone) -> Timestamp {
    if working_days == 0 {
        return now;
    }
    let local = now.to_zoned(zone.clone()).datetime();
    let mut day = local.date();
    let mut left = working_days;
    while left > 0 {
        // At the end of time there is no next day.
        let Ok(next) = day.checked_add(1.day()) else {
            break;
        };
        day = next;
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    day.to_datetime(local.time()).to_zoned(zone.clone()).map_or(Timestamp::MAX, |due| due.timestamp())
}
