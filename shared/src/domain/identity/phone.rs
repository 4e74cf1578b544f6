//! Telephone numbers as E.164 (`+493012345678`).

use super::Country;
use super::country::Trunk;

/// Why a number was refused. The text says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneFault {
    /// Letters and other signs that are not separators, extensions among them.
    #[error("Send digits only, with an optional leading + and separators; leave extensions out.")]
    Characters,
    /// The international prefix is followed by no country we know.
    #[error("Correct the country code after + or 00.")]
    CountryCode,
    /// A national number without what one dials first: it could be local, or lack its +.
    #[error("Send the number with its country code (+49 …) or with its leading zero.")]
    Prefix,
    /// Too few or too many digits.
    #[error("Send 7 to 15 digits, country code included.")]
    Length,
}

/// A number in E.164, national ones read as the default country's.
///
/// Understands `+` and `00`, separators (space, `-`, `.`, `/`, brackets), the trunk prefix of national numbers and the
/// habit of leaving it in behind the country code (`+49 (0) 30 …`).
///
/// # Errors
/// When it cannot be read as one whole number.
pub fn normalize_phone(raw: &str, default_country: Country) -> Result<String, PhoneFault> {
    let raw = raw.trim();
    let raw = raw.strip_prefix("tel:").unwrap_or(raw);
    let mut digits = String::with_capacity(raw.len());
    let mut plus = false;
    for character in raw.chars() {
        match character {
            '0'..='9' => digits.push(character),
            '+' | '＋' if digits.is_empty() && !plus => plus = true,
            '-' | '.' | '/' | '(' | ')' | '‐' | '‑' | '–' | '—' => {}
            space if space.is_whitespace() => {}
            _ => return Err(PhoneFault::Characters),
        }
    }
    let (country, national) = if plus {
        international(&digits)?
    } else if let Some(abroad) = digits.strip_prefix("00") {
        international(abroad)?
    } else if let Some(abroad) = digits.strip_prefix("011").filter(|_| default_country.calling_code() == "1") {
        international(abroad)?
    } else {
        (default_country, dialled_within(&digits, default_country)?)
    };
    if country.calling_code() == "1" && national.len() != 10 {
        return Err(PhoneFault::Length);
    }
    let number = format!("+{}{national}", country.calling_code());
    if (7..=15).contains(&(number.len() - 1)) { Ok(number) } else { Err(PhoneFault::Length) }
}

/// Splits a number behind `+` or `00` into its country and its national part, without a trunk prefix left in.
fn international(digits: &str) -> Result<(Country, &str), PhoneFault> {
    let country = Country::of_number(digits).ok_or(PhoneFault::CountryCode)?;
    let national = &digits[country.calling_code().len()..];
    // Only a zero is ever left in, and no national number of those countries begins with one. Elsewhere the digit is
    // part of the number: Russian ones may begin with 8.
    let national = match country.trunk() {
        Trunk::Prefix("0") => national.strip_prefix('0').unwrap_or(national),
        _ => national,
    };
    Ok((country, national))
}

/// The national part of a number as it is dialled within its country.
fn dialled_within(digits: &str, country: Country) -> Result<&str, PhoneFault> {
    match country.trunk() {
        Trunk::None => Ok(digits),
        // North Americans dial the 1 or leave it out; no area code begins with 1.
        Trunk::Prefix("1") => Ok(digits.strip_prefix('1').unwrap_or(digits)),
        Trunk::Prefix(prefix) => digits.strip_prefix(prefix).ok_or(PhoneFault::Prefix),
    }
}
