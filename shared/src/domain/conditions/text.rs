//! Text comparison without regard to case and without allocation.

use std::cmp::Ordering;

/// A constant of a condition, lower-cased once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folded {
    text: String,
    ascii: bool,
}

/// Lower case, character by character (so that the result does not depend on a character's neighbours).
fn fold(text: &str) -> impl Iterator<Item = char> + Clone {
    text.chars().flat_map(char::to_lowercase)
}

impl Folded {
    pub fn new(text: &str) -> Self {
        let text: String = fold(text).collect();
        Self { ascii: text.is_ascii(), text }
    }

    /// The lower-cased text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether bytes can be compared as they are. Not so when either side has other characters: the Kelvin sign, for
    /// example, is not ASCII and its lower case is.
    fn plain(&self, other: &str) -> bool {
        self.ascii && other.is_ascii()
    }

    pub fn equals(&self, other: &str) -> bool {
        if self.plain(other) { self.text.eq_ignore_ascii_case(other) } else { fold(other).eq(self.text.chars()) }
    }

    /// How `other` compares to the constant.
    pub fn compare(&self, other: &str) -> Ordering {
        fold(other).cmp(self.text.chars())
    }

    pub fn starts(&self, other: &str) -> bool {
        if self.ascii
            && let Some(head) = other.as_bytes().get(..self.text.len())
            && head.is_ascii()
        {
            return head.eq_ignore_ascii_case(self.text.as_bytes());
        }
        is_prefix(self.text.chars(), fold(other))
    }

    pub fn ends(&self, other: &str) -> bool {
        if self.plain(other) {
            let start = other.len().wrapping_sub(self.text.len());
            return other.as_bytes().get(start..).is_some_and(|tail| tail.eq_ignore_ascii_case(self.text.as_bytes()));
        }
        // The lower case of a character, backwards, is the reverse of its lower case.
        let backwards = other.chars().rev().flat_map(|character| {
            let lower: Vec<char> = character.to_lowercase().collect();
            lower.into_iter().rev()
        });
        is_prefix(self.text.chars().rev(), backwards)
    }

    pub fn is_within(&self, other: &str) -> bool {
        let Some(first) = self.text.chars().next() else {
            return true;
        };
        if self.plain(other) {
            let (needle, hay) = (self.text.as_bytes(), other.as_bytes());
            let (lower, upper) = (needle[0], needle[0].to_ascii_uppercase());
            return hay
                .windows(needle.len())
                .any(|window| (window[0] == lower || window[0] == upper) && window.eq_ignore_ascii_case(needle));
        }
        let mut rest = fold(other);
        loop {
            let mut attempt = rest.clone();
            match attempt.next() {
                None => return false,
                Some(character) if character == first => {
                    if is_prefix(self.text.chars(), rest.clone()) {
                        return true;
                    }
                }
                Some(_) => {}
            }
            rest = attempt;
        }
    }
}

fn is_prefix(prefix: impl Iterator<Item = char>, mut text: impl Iterator<Item = char>) -> bool {
    for expected in prefix {
        if text.next() != Some(expected) {
            return false;
        }
    }
    true
}
