//! Text in one spelling.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// Characters that nobody sees and that come along when text is copied: a zero-width space, a word joiner, a byte order mark, a soft
/// hyphen.
const INVISIBLE: [char; 4] = ['\u{200b}', '\u{2060}', '\u{feff}', '\u{ad}'];

/// The text without invisible characters.
pub fn visible(text: &str) -> Cow<'_, str> {
    match text.contains(INVISIBLE) {
        true => Cow::Owned(text.replace(INVISIBLE, "")),
        false => Cow::Borrowed(text),
    }
}

/// The text with its letters composed (NFC): `u` and a diaeresis become `ü`.
pub fn composed(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}

/// Whether there is nothing to be read in a text.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|character| character.is_whitespace() || INVISIBLE.contains(&character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        assert_eq!(composed("ju\u{308}rgen"), "jürgen");
        assert!(matches!(composed("jürgen"), Cow::Borrowed(_)));
        assert_eq!(visible("a\u{200b}b\u{ad}\u{feff}"), "ab");
        assert!(is_blank(" \u{feff}\t") && is_blank("") && !is_blank(" a"));
    }
}
