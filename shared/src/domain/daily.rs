//! Which day a job has to do that runs once in a tenant's day.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// The latest day of a zone whose `hour` o'clock has come by `now`. A job that notes which day it did last is due while that is an
/// earlier one: so an hour in which it could not run costs nothing but that hour.
///
/// On a day without that hour its turn comes with the hour after the gap; on a day that has it twice, with the first.
pub fn due_day(now: Timestamp, zone: &TimeZone, hour: i8) -> Date {
    let today = now.to_zoned(zone.clone()).date();
    let has_come = today.at(hour, 0, 0, 0).to_zoned(zone.clone()).is_ok_and(|begin| begin.timestamp() <= now);
    match has_come {
        true => today,
        // At the beginning of time there is no day before.
        false => today.checked_sub(1.day()).unwrap_or(today),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(zone: &str, now: &str, expected: &str) {
        let day = due_day(now.parse().unwrap(), &TimeZone::get(zone).unwrap(), 2);
        assert_eq!(day, expected.parse::<Date>().unwrap(), "{now} in {zone}");
    }

    #[test]
    fn a_day_is_due_from_its_hour_on() {
        check("Europe/Berlin", "2026-06-15T01:59:59+02:00", "2026-06-14");
        check("Europe/Berlin", "2026-06-15T02:00:00+02:00", "2026-06-15");
        check("Europe/Berlin", "2026-06-15T23:59:59+02:00", "2026-06-15");
        // The same moment is another day elsewhere.
        check("Pacific/Auckland", "2026-06-15T23:59:59+02:00", "2026-06-16");
        check("America/Los_Angeles", "2026-06-15T02:00:00+02:00", "2026-06-14");
    }

    #[test]
    fn clocks_that_change_neither_lose_nor_repeat_a_day() {
        // In spring two o'clock is three o'clock.
        check("Europe/Berlin", "2030-03-31T00:59:59Z", "2030-03-30");
        check("Europe/Berlin", "2030-03-31T01:00:00Z", "2030-03-31");
        // In autumn the first of two counts, and the second changes nothing.
        check("Europe/Berlin", "2030-10-26T23:59:59Z", "2030-10-26");
        check("Europe/Berlin", "2030-10-27T00:00:00Z", "2030-10-27");
        check("Europe/Berlin", "2030-10-27T01:00:00Z", "2030-10-27");
    }
}
