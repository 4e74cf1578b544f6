//! Text for Slack's markup: escaping, links, mentions, and cutting to Slack's limits.

use super::Language;
use crate::domain::intent::Confidence;
use crate::domain::scoring::Tier;

/// A longer address is left out: it would crowd out the text it stands in.
const LONGEST_URL: usize = 1000;

/// What people typed, on one line, without control characters and without those that turn the direction of writing, behind which
/// the rest of a message would read as something else; not escaped.
pub fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control() && !turns(*c)).collect()
}

/// Unicode's controls of direction.
const fn turns(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// What people typed, on one line, escaped, with at most `limit` units after escaping.
///
/// Escaping `&`, `<` and `>` also takes the power from `<!channel>` and `<@U…>`. The text is cut between characters and never
/// inside an entity. Units are those of UTF-16, the strictest way of counting.
pub fn safe(text: &str, limit: usize) -> String {
    let mut safe = String::new();
    let mut length = 0;
    // Where to cut when it turns out too long: room for the ellipsis is kept.
    let mut cut = 0;
    for c in plain(text).chars() {
        let mut buffer = [0; 4];
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            other => other.encode_utf8(&mut buffer),
        };
        length += piece.chars().map(char::len_utf16).sum::<usize>();
        if length > limit {
            safe.truncate(cut);
            safe.push('…');
            return safe;
        }
        safe.push_str(piece);
        if length < limit {
            cut = safe.len();
        }
    }
    safe
}

/// `label` as a link when there is an address; both are made safe.
pub fn link(url: Option<&str>, label: &str, limit: usize) -> String {
    let Some(url) = url.map(address).filter(|url| url.len() <= LONGEST_URL) else {
        return safe(label, limit);
    };
    let label = safe(label, limit.saturating_sub(url.len() + 3));
    format!("<{url}|{label}>")
}

/// An address inside `<…|…>`: what would end it is percent-encoded.
fn address(url: &str) -> String {
    let mut safe = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '|' => safe.push_str("%7C"),
            '<' => safe.push_str("%3C"),
            '>' => safe.push_str("%3E"),
            '&' => safe.push_str("&amp;"),
            c if c.is_whitespace() || c.is_control() => safe.push_str("%20"),
            c => safe.push(c),
        }
    }
    safe
}

/// Whether this can be the id of a person in Slack.
pub fn is_member_id(id: &str) -> bool {
    id.len() > 2
        && id.len() < 32
        && id.starts_with(['U', 'W'])
        && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// An intent as people read it: the defaults by their names, others as they are called.
pub fn intent(slug: &str, language: Language) -> String {
    match (slug, language) {
        ("research", Language::German) => "Forschung".to_owned(),
        ("research", Language::English) => "Research".to_owned(),
        ("b2b", _) => "B2B".to_owned(),
        ("co_creation", _) => "Co-Creation".to_owned(),
        (other, _) => other.replace('_', " "),
    }
}

/// A tier as people read it.
pub const fn tier(tier: Tier, language: Language) -> &'static str {
    match (tier, language) {
        (Tier::Cold, Language::German) => "kalt",
        (Tier::Cold, Language::English) => "cold",
        (Tier::Warm, _) => "warm",
        (Tier::Hot, Language::German) => "heiß",
        (Tier::Hot, Language::English) => "hot",
        (Tier::VeryHot, Language::German) => "sehr heiß",
        (Tier::VeryHot, Language::English) => "very hot",
    }
}

/// A confidence as percent, with the language's decimal mark: `62,5 %`.
pub fn percent(confidence: Confidence, language: Language) -> String {
    let (whole, tenth) = (confidence.tenths() / 10, confidence.tenths() % 10);
    match (tenth, language) {
        (0, _) => format!("{whole}\u{a0}%"),
        (tenth, Language::German) => format!("{whole},{tenth}\u{a0}%"),
        (tenth, Language::English) => format!("{whole}.{tenth}\u{a0}%"),
    }
}
