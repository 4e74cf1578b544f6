//! When the machine looks at the whole pool: once a night, in the tenant's zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The hour of the night in which scores decay and leads of unclear intent are taken to Discovery.
pub const NIGHTLY_HOUR: i8 = 2;

/// The beginning of the first such hour after `now`. On the day that has no two o'clock, the hour after the gap; on the day that has two of
/// them, the first.
pub fn next_nightly(now: Timestamp, zone: &TimeZone) -> Timestamp {
    let mut day = now.to_zoned(zone.clone()).date();
    loop {
        let begin = day.at(NIGHTLY_HOUR, 0, 0, 0).to_zoned(zone.clone()).map(|moment| moment.timestamp());
        match (begin, day.tomorrow()) {
            (Ok(begin), _) if begin > now => return begin,
            (_, Ok(tomorrow)) => day = tomorrow,
            // At the end of time there is no next night.
            (_, Err(_)) => return now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_night_begins_at_two_in_the_tenants_zone() {
        let next =
            |now: &str, zone: &str| next_nightly(now.parse().unwrap(), &TimeZone::get(zone).unwrap()).to_string();
        assert_eq!(next("2026-11-28T12:00:00Z", "Europe/Berlin"), "2026-11-29T01:00:00Z");
        assert_eq!(next("2026-11-28T00:59:59Z", "Europe/Berlin"), "2026-11-28T01:00:00Z");
        assert_eq!(next("2026-11-28T01:00:00Z", "Europe/Berlin"), "2026-11-29T01:00:00Z");
        assert_eq!(next("2026-11-28T12:00:00Z", "America/New_York"), "2026-11-29T07:00:00Z");
        // The night without a two o'clock, and the one with two of them.
        assert_eq!(next("2026-03-28T12:00:00Z", "Europe/Berlin"), "2026-03-29T01:00:00Z");
        assert_eq!(next("2026-10-24T12:00:00Z", "Europe/Berlin"), "2026-10-25T00:00:00Z");
    }
}
