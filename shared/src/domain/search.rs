//! What searches compare: texts folded so that case, accents and ways of spelling do not count, and three characters of them at a time.
//!
//! This is the one fold. What a record is found by is folded by the function that writes it and stored with it (`search_text`), because
//! the database would take twenty times as long; what people type is folded when they ask. `lotse.search_text` (migration
//! `0016_search`) says the same in SQL, for rows that a statement or the release before writes; a test holds the two together.
//!
//! `Köhler` is found as `köhler`, `KÖHLER`, `kohler` and `koehler`, and so is `Koehler`: a name's other spellings stand behind it.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::canonical_combining_class;

use crate::domain::ids::TenantId;
use crate::domain::profile::{Profile, ProfileField};

/// A text without case, accents and signs nobody sees: full case folding (`ß` is `ss`, a final `ς` is `σ`) of its compatibility
/// decomposition, without marks, and with letters that a keyboard may lack as they are usually replaced.
pub fn fold(text: &str) -> String {
    folded(text, false)
}

/// `spelled`: an umlaut is two letters (`ö` is `oe`).
fn folded(text: &str, spelled: bool) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.nfkd() {
        match letter {
            ascii if ascii.is_ascii() => folded.push(ascii.to_ascii_lowercase()),
            DIAERESIS if spelled && matches!(before, 'a' | 'o' | 'u' | 'A' | 'O' | 'U') => folded.push('e'),
            mark if canonical_combining_class(mark) != 0 => {}
            other => push_folded(other, &mut folded),
        }
        before = letter;
    }
    folded
}

/// What makes an umlaut of a letter, once it is decomposed.
const DIAERESIS: char = '\u{308}';

fn push_folded(letter: char, into: &mut String) {
    match letter {
        // Soft hyphens, joiners, direction marks: they come along when a name is copied from a page.
        '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
        'ß' | 'ẞ' => into.push_str("ss"),
        'ς' => into.push('σ'),
        'æ' | 'Æ' => into.push_str("ae"),
        'œ' | 'Œ' => into.push_str("oe"),
        'þ' | 'Þ' => into.push_str("th"),
        'ø' | 'Ø' => into.push('o'),
        'ł' | 'Ł' => into.push('l'),
        'đ' | 'Đ' | 'ð' | 'Ð' => into.push('d'),
        'ħ' | 'Ħ' => into.push('h'),
        'ŧ' | 'Ŧ' => into.push('t'),
        'ı' => into.push('i'),
        '‘' | '’' | 'ʼ' => into.push('\''),
        '\u{2010}'..='\u{2015}' => into.push('-'),
        other => into.extend(other.to_lowercase()),
    }
}

/// What a record is found by: the folded words of its texts, each after a space.
///
/// Behind them stand the other spellings of names (`kohler koehler`, `mueller muller`) and what follows a hyphen or dot within
/// them, so that words of two letters are found where they begin. `exact` are texts that have one spelling: e-mail addresses.
pub fn text(names: &[&str], exact: &str) -> String {
    let mut found = Found(Vec::new());
    for word in names.iter().flat_map(|name| name.split_whitespace()) {
        found.note(fold(word));
    }
    found.0.extend(fold(exact).split_whitespace().map(str::to_owned));
    for word in names.iter().flat_map(|name| name.split_whitespace()) {
        let plain = fold(word);
        found.add(&folded(word, true));
        found.add(&plain.replace("ae", "a").replace("oe", "o").replace("ue", "u"));
        plain.split(|letter: char| !letter.is_alphanumeric()).skip(1).for_each(|part| found.add(part));
    }
    found.0.iter().flat_map(|word| [" ", word.as_str()]).collect()
}

/// The words of a search text.
struct Found(Vec<String>);

impl Found {
    /// A word of the text itself. What normalisation makes of a sign may have spaces of its own.
    fn note(&mut self, folded: String) {
        match folded.contains(char::is_whitespace) || folded.is_empty() {
            true => self.0.extend(folded.split_whitespace().map(str::to_owned)),
            false => self.0.push(folded),
        }
    }

    /// One more spelling, once.
    fn add(&mut self, spelling: &str) {
        for word in spelling.split_whitespace() {
            if !self.0.iter().any(|known| known == word) {
                self.0.push(word.to_owned());
            }
        }
    }
}

/// What a lead is found by: name, company and e-mail address.
pub fn text_of_profile(profile: &Profile) -> String {
    let field = |field| profile.get(field).unwrap_or_default();
    let names = [ProfileField::FirstName, ProfileField::LastName, ProfileField::Company].map(field);
    text(&names, field(ProfileField::Email))
}

/// Every three characters in a row of a search text, each as one number, sorted and without repetition: what a text must share with
/// a word to contain it. A space counts only before a word. Sharing them is not yet containing the word.
///
/// Each tenant has numbers of its own, so that what is common among all others' leads makes nobody's search slower.
pub fn codes(text: &str, tenant: TenantId) -> Vec<i32> {
    let mut codes: Vec<i32> = text
        .chars()
        .zip(text.chars().skip(1))
        .zip(text.chars().skip(2))
        .filter(|((_, second), third)| *second != ' ' && *third != ' ')
        .map(|letters| code(letters, tenant))
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Different for all trigrams of European letters.
fn code(((first, second), third): ((char, char), char), tenant: TenantId) -> i32 {
    // The end of a tenant's id is random.
    let own = tenant.0.as_u128() & 0xffff_ffff;
    let sum = u128::from(u32::from(first)) * 1_000_003
        + u128::from(u32::from(second)) * 1009
        + u128::from(u32::from(third))
        + own;
    i32::try_from(sum % 2_147_483_647).unwrap_or_default()
}

/// The words of a search, all of which a text must contain: each once, and none that stands in another one anyway.
///
/// A word of three characters is found anywhere in a text, a shorter one where a word begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// Of what people typed.
    pub fn of(typed: &str) -> Self {
        let folded = fold(typed);
        let mut words: Vec<&str> = Vec::new();
        for word in folded.split_whitespace() {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let within = |word: &str, other: &str| word != other && is_long(word) && other.contains(word);
        let kept = words.iter().filter(|word| !words.iter().any(|other| within(word, other)));
        Self(kept.map(|word| (*word).to_owned()).collect())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The characters of the longest word.
    pub fn longest(&self) -> usize {
        self.0.iter().map(|word| word.chars().count()).max().unwrap_or_default()
    }

    /// One `LIKE` pattern a word, for search texts.
    pub fn patterns(&self) -> Vec<String> {
        self.0.iter().map(|word| pattern(word)).collect()
    }

    /// The codes that a search text with all these words has. None when no word has two characters.
    pub fn codes(&self, tenant: TenantId) -> Vec<i32> {
        let of = |word: &String| match is_long(word) {
            true => codes(word, tenant),
            false => codes(&format!(" {word}"), tenant),
        };
        let mut all: Vec<i32> = self.0.iter().flat_map(of).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Long enough to be found anywhere.
fn is_long(word: &str) -> bool {
    word.chars().nth(2).is_some()
}

fn pattern(word: &str) -> String {
    let mut pattern = String::with_capacity(word.len() + 3);
    pattern.push_str(if is_long(word) { "%" } else { "% " });
    for letter in word.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests;
