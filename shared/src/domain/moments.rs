//! Moments as senders write them.

use jiff::Timestamp;
use jiff::civil::DateTime;

/// Why a text is no moment anybody can mean. The text says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MomentFault {
    /// Not RFC 3339.
    #[error("Write the time as RFC 3339, for example 2026-01-31T09:30:00Z.")]
    Malformed,
    /// An offset from UTC that no place on earth has.
    #[error("Correct the offset from UTC: it is between -12:00 and +14:00.")]
    Offset,
    /// Before our era.
    #[error("Send a moment or day of the years 1 to 9999.")]
    Early,
    /// At the end of the last year that can be written.
    #[error("Send a moment before the last days of the year 9999.")]
    Late,
}

/// The first second of the year 1.
const FIRST: i64 = -62_135_596_800;

/// Whether a moment lies before our era. Postgres refuses those before 4714 BC, and jiff knows them.
pub fn is_before_our_era(moment: Timestamp) -> bool {
    moment.as_second() < FIRST
}

/// Reads a moment.
///
/// # Errors
/// What is wrong with it.
pub fn parse_moment(text: &str) -> Result<Timestamp, MomentFault> {
    let moment = match text.parse::<Timestamp>() {
        Ok(moment) => moment,
        Err(_) if is_at_the_end(text) => return Err(MomentFault::Late),
        Err(_) if offset_minutes(text).is_some_and(|minutes| !exists(minutes)) => return Err(MomentFault::Offset),
        Err(_) => return Err(MomentFault::Malformed),
    };
    if offset_minutes(text).is_some_and(|minutes| !exists(minutes)) {
        return Err(MomentFault::Offset);
    }
    if is_before_our_era(moment) { Err(MomentFault::Early) } else { Ok(moment) }
}

/// From Baker Island to Kiribati.
fn exists(minutes: i32) -> bool {
    (-12 * 60..=14 * 60).contains(&minutes)
}

/// The offset at the end of a time, in minutes; none for `Z`, and where there is none.
fn offset_minutes(text: &str) -> Option<i32> {
    let text = text.split('[').next()?;
    // The date has hyphens too.
    let time = text.get(10..)?;
    let at = time.rfind(['+', '-'])?;
    let digits: Vec<i32> = time[at + 1..].chars().filter_map(|digit| i32::try_from(digit.to_digit(10)?).ok()).collect();
    let minutes = match digits[..] {
        [h, i] => (h * 10 + i) * 60,
        [h, i, m, n, ..] => (h * 10 + i) * 60 + m * 10 + n,
        _ => return None,
    };
    Some(if time[at..].starts_with('-') { -minutes } else { minutes })
}

/// Whether a text is a moment behind the last that a time stamp holds: those are so far apart from the end of the year 9999 that every
/// offset still fits.
fn is_at_the_end(text: &str) -> bool {
    let (Some(local), Some(rest)) = (text.get(..19), text.get(19..)) else { return false };
    let closed = rest.ends_with(['Z', 'z']) || offset_minutes(text).is_some_and(exists);
    closed && local.parse::<DateTime>().is_ok_and(|local| local.year() == 9999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, MomentFault>) {
        let expected = expected.map(|text| text.parse::<Timestamp>().unwrap());
        assert_eq!(parse_moment(text), expected, "{text}");
    }

    #[test]
    fn moments() {
        check("2026-01-31T09:30:00Z", Ok("2026-01-31T09:30:00Z"));
        check("2026-01-31T09:30:00+01:00", Ok("2026-01-31T08:30:00Z"));
        check("2026-01-31T09:30:00-12:00", Ok("2026-01-31T21:30:00Z"));
        check("2026-01-31T09:30:00.123+14:00", Ok("2026-01-30T19:30:00.123Z"));
        check("2026-01-31T09:30:00+05:45", Ok("2026-01-31T03:45:00Z"));
        check("2026-01-31T09:30:00+14:01", Err(MomentFault::Offset));
        check("2026-01-31T09:30:00+25:00", Err(MomentFault::Offset));
        check("2026-01-31T09:30:00-13:00", Err(MomentFault::Offset));
        check("2026-01-31T09:30:00+99:00", Err(MomentFault::Offset));
        check("9999-12-31T23:59:59Z", Err(MomentFault::Late));
        check("9999-12-31T23:59:59.5-01:00", Err(MomentFault::Late));
        check("-005000-01-01T00:00:00Z", Err(MomentFault::Early));
        check("0000-12-31T23:59:59Z", Err(MomentFault::Early));
        check("0001-01-01T00:00:00Z", Ok("0001-01-01T00:00:00Z"));
        check("9999-12-31", Err(MomentFault::Malformed));
        check("9999-12-32T23:59:59Z", Err(MomentFault::Malformed));
        check("31.01.2026 09:30", Err(MomentFault::Malformed));
        check("yesterday", Err(MomentFault::Malformed));
        check("", Err(MomentFault::Malformed));
    }
}
