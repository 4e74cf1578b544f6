//! Numbers as senders write them.

use serde_json::Number;

/// Beyond this, not every whole number has a floating-point number of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The whole number that a JSON number is, however it is written: JSON does not tell `100.0` and `1e2` from 100, and some
/// languages write them so. Nothing for a fraction, and for what is too large to be exact.
pub fn whole(number: &Number) -> Option<i128> {
    if let Some(number) = number.as_i64() {
        return Some(number.into());
    }
    if let Some(number) = number.as_u64() {
        return Some(number.into());
    }
    let number = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= EXACT)?;
    // A whole number of at most 2^53: nothing is cut off.
    Some(number as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, expected: Option<i128>) {
        assert_eq!(whole(&serde_json::from_str(written).unwrap()), expected, "{written}");
    }

    #[test]
    fn whole_numbers_in_every_spelling() {
        check("100", Some(100));
        check("100.0", Some(100));
        check("1e2", Some(100));
        check("-0.0", Some(0));
        check("-1.5e1", Some(-15));
        check("18446744073709551615", Some(u64::MAX.into()));
        check("9007199254740992.0", Some(1 << 53));
        check("0.5", None);
        check("1e17", None);
        check("100000000000000000001", None);
    }
}
