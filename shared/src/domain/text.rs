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

/// Bytes as text: UTF-8, else what old pages call Latin-1 and is windows-1252. All of it in one of the two, as a page is.
pub fn decoded(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().into_iter().map(windows_1252).collect())
}

/// A character of windows-1252: Latin-1 but for what browsers put in the place of control characters, `€` and typographic quotes
/// among them.
fn windows_1252(byte: u8) -> char {
    const OTHERS: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => OTHERS[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_old_pages() {
        assert_eq!(decoded("Grüße".into()), "Grüße");
        assert_eq!(decoded(b"100 \x80 \x84Gr\xfc\xdfe\x93".to_vec()), "100 € „Grüße“");
    }

    #[test]
    fn one_spelling() {
        assert_eq!(composed("ju\u{308}rgen"), "jürgen");
        assert!(matches!(composed("jürgen"), Cow::Borrowed(_)));
        assert_eq!(visible("a\u{200b}b\u{ad}\u{feff}"), "ab");
        assert!(is_blank(" \u{feff}\t") && is_blank("") && !is_blank(" a"));
    }
}
