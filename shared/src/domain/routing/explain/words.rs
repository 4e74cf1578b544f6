//! The words a decision is told in: numbers, dates and names as each language writes them.

use jiff::Timestamp;

use super::super::super::intent::Confidence;
use super::super::super::scoring::Tier;
use super::super::owner::Candidate;

/// The languages decisions are told in.
#[derive(Clone, Copy)]
pub(super) enum Language {
    German,
    English,
}

use Language::{English, German};

pub(super) fn load(candidate: &Candidate, language: Language) -> String {
    let (load, capacity) = (candidate.load, candidate.capacity);
    match language {
        German => format!("{load} von {capacity} möglichen Deals"),
        English => format!("{load} of {capacity} possible deals"),
    }
}

/// An intent as people call it: the default ones by their names, others with spaces for underscores.
pub(super) fn intent_name(intent: &str, language: Language) -> String {
    match (intent, language) {
        ("research", German) => "Forschung".to_owned(),
        ("research", English) => "Research".to_owned(),
        ("b2b", _) => "B2B".to_owned(),
        ("co_creation", _) => "Co-Creation".to_owned(),
        (other, _) => other.replace('_', " "),
    }
}

pub(super) const fn tier(tier: Tier, language: Language) -> &'static str {
    match (tier, language) {
        (Tier::Cold, German) => "kalt",
        (Tier::Cold, English) => "cold",
        (Tier::Warm, German) => "warm",
        (Tier::Warm, English) => "warm",
        (Tier::Hot, German) => "heiß",
        (Tier::Hot, English) => "hot",
        (Tier::VeryHot, German) => "sehr heiß",
        (Tier::VeryHot, English) => "very hot",
    }
}

pub(super) fn points(points: i32, language: Language) -> String {
    match (points, language) {
        (1, German) => "1 Punkt".to_owned(),
        (1, English) => "1 point".to_owned(),
        (many, German) => format!("{many} Punkte"),
        (many, English) => format!("{many} points"),
    }
}

pub(super) fn count(number: u32, (one, many): (&str, &str)) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `52,5 %` and `52.5 %`; whole numbers without a decimal.
pub(super) fn percent(confidence: Confidence, language: Language) -> String {
    format!("{}\u{a0}%", decimal(confidence, language))
}

pub(super) fn percent_points(confidence: Confidence, language: Language) -> String {
    let number = decimal(confidence, language);
    let one = confidence == Confidence::percent(1);
    match language {
        German => format!("{number} {}", if one { "Prozentpunkt" } else { "Prozentpunkte" }),
        English => format!("{number} percentage {}", if one { "point" } else { "points" }),
    }
}

fn decimal(confidence: Confidence, language: Language) -> String {
    let (whole, tenth) = (confidence.tenths() / 10, confidence.tenths() % 10);
    match (tenth, language) {
        (0, _) => whole.to_string(),
        (tenth, German) => format!("{whole},{tenth}"),
        (tenth, English) => format!("{whole}.{tenth}"),
    }
}

/// `14.03.2026` and `14 March 2026`, in UTC.
pub(super) fn date(at: Timestamp, language: Language) -> String {
    match language {
        German => at.strftime("%d.%m.%Y").to_string(),
        English => at.strftime("%-d %B %Y").to_string(),
    }
}
