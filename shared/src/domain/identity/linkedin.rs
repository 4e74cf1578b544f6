//! LinkedIn profiles as `in/<slug>`.

use super::super::text::{composed, visible};

/// Why an address was refused. The text says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkedinFault {
    /// Not the address of a person's public profile.
    #[error("Send the address of a person's profile, like https://www.linkedin.com/in/name.")]
    NotAProfile,
    /// The last part cannot be a profile's name.
    #[error("Correct the profile's name after /in/: letters, digits, hyphens and underscores, at most 100.")]
    Slug,
}

/// The profile behind an address, whatever country's site, language, tracking or page below the profile it names.
///
/// Old public addresses (`/pub/name/a/b/c`) become what LinkedIn redirects them to (`in/name-cba`, the numbers padded to
/// three digits but for the last). Letters outside ASCII are kept as letters, composed (NFC), not percent-encoded. The ids that LinkedIn
/// itself gives (`ACoAA…`) tell upper from lower case and are kept as they are.
///
/// # Errors
/// When it is not a person's profile.
pub fn normalize_linkedin(raw: &str) -> Result<String, LinkedinFault> {
    let raw = visible(raw);
    let raw = raw.trim();
    let without_scheme = match raw.split_once("://") {
        Some((scheme, rest)) if ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => rest,
        Some(_) => return Err(LinkedinFault::NotAProfile),
        None => raw.strip_prefix("//").unwrap_or(raw),
    };
    let address = without_scheme.split(['?', '#']).next().unwrap_or_default();
    let mut segments = address.split('/').filter(|segment| !segment.is_empty());
    let mut segment = segments.next().ok_or(LinkedinFault::NotAProfile)?;
    if is_host(segment) {
        segment = segments.next().ok_or(LinkedinFault::NotAProfile)?;
    } else if raw.contains("://") {
        return Err(LinkedinFault::NotAProfile);
    }
    // The mobile site and the links in LinkedIn's mails have one more level.
    if ["mwlite", "comm"].iter().any(|level| segment.eq_ignore_ascii_case(level)) {
        segment = segments.next().ok_or(LinkedinFault::NotAProfile)?;
    }
    let slug = segments.next().ok_or(LinkedinFault::NotAProfile)?;
    if segment.eq_ignore_ascii_case("in") {
        return Ok(format!("in/{}", checked_slug(slug)?));
    }
    if !segment.eq_ignore_ascii_case("pub") {
        return Err(LinkedinFault::NotAProfile);
    }
    let numbers: Vec<_> = segments.take(3).collect();
    let slug = match numbers[..] {
        [a, b, c] if [a, b, c].iter().all(|part| is_old_number(part)) => format!("{slug}-{c:0>3}{b:0>3}{a}"),
        _ => slug.to_owned(),
    };
    Ok(format!("in/{}", checked_slug(&slug)?))
}

fn is_host(segment: &str) -> bool {
    let host = segment.split(':').next().unwrap_or_default().to_ascii_lowercase();
    host == "linkedin.com" || host.ends_with(".linkedin.com")
}

fn is_old_number(part: &str) -> bool {
    (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn checked_slug(raw: &str) -> Result<String, LinkedinFault> {
    let decoded = percent_decoded(raw).ok_or(LinkedinFault::Slug)?;
    let slug = match decoded.starts_with("ACo") {
        true => decoded,
        false => composed(&visible(&decoded).to_lowercase()).into_owned(),
    };
    let allowed = |character: char| character.is_alphanumeric() || is_mark(character) || "-_.&'’".contains(character);
    let length = slug.chars().count();
    if (1..=100).contains(&length) && slug.chars().all(allowed) && slug.chars().any(char::is_alphanumeric) {
        Ok(slug)
    } else {
        Err(LinkedinFault::Slug)
    }
}

/// Combining marks: not every letter with a mark has a character of its own.
const fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

/// Decodes `%XX`; nothing when the result is not UTF-8 or an escape is broken.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let [high, low, tail @ ..] = tail else { return None };
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}
