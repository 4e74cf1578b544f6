//! E-mail addresses in one spelling.

use super::super::text::{composed, visible};

/// Why an address was refused. The text says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailFault {
    /// Not one name, one `@` and one domain.
    #[error("Send one address like name@example.com, without a display name.")]
    Shape,
    /// Longer than mail systems carry.
    #[error("Send an address of at most 254 characters, with at most 64 before the @.")]
    TooLong,
    /// The domain cannot exist.
    #[error("Correct the domain after the @: it must be a full internet domain like example.com.")]
    Domain,
}

/// An address in normal form: trimmed, without invisible characters, lower case, composed (NFC), the domain in its ASCII (IDNA) form.
///
/// Dots and `+tags` stay: whether they mean another person is the mail provider's business.
///
/// # Errors
/// When it is not one plain address.
pub fn normalize_email(raw: &str) -> Result<String, EmailFault> {
    let raw = visible(raw);
    let (local, domain) = raw.trim().rsplit_once('@').ok_or(EmailFault::Shape)?;
    let unwelcome = |character: char| {
        character.is_whitespace()
            || character.is_control()
            || matches!(character, '@' | '"' | '<' | '>' | ',' | ';' | ':')
            // Within a link to write to somebody, what follows would be more than an address.
            || matches!(character, '?' | '%')
    };
    let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    if local.is_empty() || dots || local.contains(unwelcome) {
        return Err(EmailFault::Shape);
    }
    // Composed after the case has changed: `İ` becomes two characters.
    let local = composed(&local.to_lowercase()).into_owned();
    let domain = normalize_domain(domain.strip_suffix('.').unwrap_or(domain)).ok_or(EmailFault::Domain)?;
    if local.len() > 64 || local.len() + 1 + domain.len() > 254 {
        return Err(EmailFault::TooLong);
    }
    Ok(format!("{local}@{domain}"))
}

/// The domain of a normalised address.
pub fn email_domain(email: &str) -> Option<&str> {
    email.rsplit_once('@').map(|(_, domain)| domain)
}

/// A full domain in lower-case ASCII; nothing when it cannot be one.
fn normalize_domain(domain: &str) -> Option<String> {
    let plain = domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    let domain = domain.to_lowercase();
    // Punycode is looked at as well: `xn--` labels may be invalid, or spell what has a plainer form.
    let ascii = if plain && !domain.contains("xn--") { domain } else { idna::domain_to_ascii_strict(&domain).ok()? };
    let label =
        |label: &str| !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-');
    let top = ascii.rsplit_once('.')?.1;
    let numeric = top.bytes().all(|byte| byte.is_ascii_digit());
    (ascii.len() <= 253 && ascii.split('.').all(label) && !numeric).then_some(ascii)
}
