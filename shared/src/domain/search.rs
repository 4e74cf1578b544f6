//! What the search for leads compares: texts in lower case, three characters at a time.
//!
//! Worked out here and stored with the lead, because the database takes twenty times as long for it. The migration
//! `0012_event_cost` has the same arithmetic in SQL, for words and for leads that SQL makes.

use crate::domain::profile::{Profile, ProfileField};

/// Letters in lower case, one for one, so that every database agrees whatever its locale.
pub fn fold(text: &str) -> String {
    text.chars().map(fold_char).collect()
}

fn fold_char(letter: char) -> char {
    match letter {
        // The only letter that becomes two.
        'İ' => 'i',
        ascii if ascii.is_ascii() => ascii.to_ascii_lowercase(),
        other => other.to_lowercase().next().unwrap_or(other),
    }
}

/// Every three characters in a row of a text, each as one number, sorted and without repetition: what a text must share with a word
/// to contain it. Sharing them is not yet containing the word. The text is folded.
pub fn trigrams(text: &str) -> Vec<i32> {
    let mut codes: Vec<i32> = text.chars().zip(text.chars().skip(1)).zip(text.chars().skip(2)).map(code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Different for all trigrams of European letters.
fn code(((first, second), third): ((char, char), char)) -> i32 {
    let sum = u64::from(first) * 1_000_003 + u64::from(second) * 1009 + u64::from(third);
    i32::try_from(sum % 2_147_483_647).unwrap_or_default()
}

/// The trigrams of what a lead is found by: name, e-mail address and company.
pub fn of_profile(profile: &Profile) -> Vec<i32> {
    let fields = [ProfileField::FirstName, ProfileField::LastName, ProfileField::Email, ProfileField::Company];
    let text = fields.map(|field| profile.get(field).unwrap_or_default()).join(" ");
    trigrams(&fold(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_trigrams_of_every_word_it_contains() {
        let text = trigrams(&fold("Jürgen YILMAZ-Groß jy@Labor-Nord.example Ärztehaus & Söhne"));
        for word in ["jürgen", "mAz-", "GRO", "oß", "@labor", "ärZTe", "Söhne"] {
            assert!(trigrams(&fold(word)).iter().all(|code| text.contains(code)), "{word}");
        }
        assert!(!trigrams("jurgen").iter().all(|code| text.contains(code)));
    }

    #[test]
    fn trigrams_are_sorted_and_each_there_once() {
        assert_eq!(trigrams("aaaa"), [code((('a', 'a'), 'a'))]);
        assert!(trigrams("ab").is_empty());
        assert!(trigrams("the quick brown fox").is_sorted());
        // As far from the beginning as characters go.
        assert_eq!(trigrams("\u{10FFFF}\u{10FFFF}\u{10FFFF}").len(), 1);
    }

    #[test]
    fn folding_keeps_the_number_of_letters() {
        assert_eq!(fold("İSTANBUL ÄÖÜ ẞ Žižek"), "istanbul äöü ß žižek");
    }
}
