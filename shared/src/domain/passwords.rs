//! What a password must be like.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// Shorter ones are guessed.
const MIN_CHARS: usize = 12;
/// Longer ones are a mistake; hashing takes its time for each byte.
const MAX_CHARS: usize = 200;

/// A password as it is hashed: composed (NFC), so that it is the same from every keyboard. What looks the same may be typed as one
/// character or as a letter and a mark.
pub fn composed(password: &str) -> Cow<'_, str> {
    match is_nfc(password) {
        true => Cow::Borrowed(password),
        false => Cow::Owned(password.nfc().collect()),
    }
}

/// What is wrong with a new password of the member with this address: a code, and a sentence that says what to do.
///
/// There is no rule about digits or signs: length is what makes a password hard to guess.
pub fn fault(password: &str, email: &str) -> Option<(&'static str, String)> {
    let password = composed(password);
    let count = password.chars().count();
    let first = password.chars().next();
    let (password, email) = (password.trim().to_lowercase(), email.trim().to_lowercase());
    if count < MIN_CHARS {
        Some(("too_short", format!("Use at least {MIN_CHARS} characters; a few words are easy to remember.")))
    } else if count > MAX_CHARS {
        Some(("too_long", format!("Use at most {MAX_CHARS} characters.")))
    } else if password == email || email.split('@').next() == Some(&password) {
        Some(("guessable", "Use something other than the e-mail address.".to_owned()))
    } else if password.is_empty() || password.chars().all(|letter| Some(letter) == first) {
        Some(("guessable", "Use more than one character repeated.".to_owned()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{composed, fault};

    #[track_caller]
    fn check(password: &str, code: Option<&str>) {
        let found = fault(password, "katrin.vogel@nordlicht.example").map(|(code, _)| code);
        assert_eq!(found, code, "{password}");
    }

    #[test]
    fn length_counts_in_characters() {
        check("elf Zeichen", Some("too_short"));
        check("zwölf Zeichn", None);
        check("äöüäöüäöüäöü", None);
        check(&"ab".repeat(100), None);
        check(&"ab".repeat(101), Some("too_long"));
        check("", Some("too_short"));
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        assert_eq!(composed("Gru\u{308}\u{df}e aus Ko\u{308}ln 1"), "Gr\u{fc}\u{df}e aus K\u{f6}ln 1");
        assert!(matches!(composed("Grüße aus Köln 1"), std::borrow::Cow::Borrowed(_)));
        // Eleven letters, however they are typed.
        check(&"u\u{308}".repeat(11), Some("too_short"));
    }

    #[test]
    fn what_everybody_would_try_first_is_refused() {
        check("katrin.vogel@nordlicht.example", Some("guessable"));
        check(" Katrin.Vogel@Nordlicht.example ", Some("guessable"));
        check("katrin.vogel", Some("guessable"));
        check("aaaaaaaaaaaa", Some("guessable"));
        check("            ", Some("guessable"));
    }
}
