//! A decision in sentences a salesperson understands, in German and English.

mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::intent::Confidence;
use super::owner::{CandidateVerdict, TieBreak, Verdict};
use super::{Blocked, DecisionRecord, Missing, MissingConfidence, OutcomeKind};

use words::Language::{self, English, German};
use words::{count, date, intent_name, load, percent, percent_points, points, tier};

/// The same explanation in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// German.
    pub de: String,
    /// English.
    pub en: String,
}

/// Explains a decision from its record alone.
pub fn explain(record: &DecisionRecord) -> Explanation {
    Explanation { de: tell(record, Language::German), en: tell(record, Language::English) }
}

fn tell(record: &DecisionRecord, language: Language) -> String {
    let mut sentences = match record.outcome.kind {
        OutcomeKind::Routed => routed(record, language),
        OutcomeKind::Conflict => conflict(record, language),
        OutcomeKind::Discovery => discovery(record, language),
        OutcomeKind::Manual => manual(record, language),
        OutcomeKind::Pending => pending(record, language),
    };
    if record.outcome.kind.is_placed() {
        sentences.extend(ownership(record, language));
    }
    sentences.join(" ")
}

fn routed(record: &DecisionRecord, language: Language) -> Vec<String> {
    let (inputs, config) = (&record.inputs, &record.inputs.config);
    let intent = record.outcome.intent.as_deref().unwrap_or_default();
    let confidence = confidence_of(record, intent);
    let (name, sure) = (intent_name(intent, language), percent(confidence, language));
    let enough = percent(config.min_confidence, language);
    let (score, min) = (inputs.total_score, config.min_score);
    let mut sentences = vec![match language {
        German => format!(
            "Automatisch zugeordnet: Der Lead hat {} (nötig sind {min}) und interessiert sich mit {sure} Sicherheit für \
             {name} (nötig sind {enough}).",
            points(score, language)
        ),
        English => format!(
            "Routed automatically: the lead has {} (needed: {min}) and is interested in {name} with {sure} confidence \
             (needed: {enough}).",
            points(score, language)
        ),
    }];
    let second = inputs.intents.iter().filter(|known| known.intent != intent && known.weight > 0);
    if let Some(second) = second.max_by_key(|known| known.weight) {
        let (name, sure) = (intent_name(&second.intent, language), percent(second.confidence, language));
        sentences.push(match language {
            German => format!("An zweiter Stelle steht {name} mit {sure}."),
            English => format!("{name} comes second with {sure}."),
        });
    }
    sentences.push(composition(record, language));
    sentences
}

fn conflict(record: &DecisionRecord, language: Language) -> Vec<String> {
    let mut ranked: Vec<_> = record.inputs.intents.iter().collect();
    // Stable, as in the decision: equal weights stay in the tenant's order.
    ranked.sort_by_key(|known| std::cmp::Reverse(known.weight));
    let [first, second, ..] = ranked[..] else {
        return pending(record, language);
    };
    let of = |intent: &str| intent_name(intent, language);
    let sure = |confidence| percent(confidence, language);
    let margin = percent_points(record.inputs.intent_settings.conflict_margin, language);
    let mut sentences = vec![match language {
        German => format!(
            "Bitte entscheiden: Der Lead hat {}, aber {} ({}) und {} ({}) liegen nicht mehr als {margin} auseinander. Die \
             Pipeline legt deshalb ein Mensch fest.",
            points(record.inputs.total_score, language),
            of(&first.intent),
            sure(first.confidence),
            of(&second.intent),
            sure(second.confidence),
        ),
        English => format!(
            "Please decide: the lead has {}, but {} ({}) and {} ({}) are no more than {margin} apart. So a person chooses the \
             pipeline.",
            points(record.inputs.total_score, language),
            of(&first.intent),
            sure(first.confidence),
            of(&second.intent),
            sure(second.confidence),
        ),
    }];
    sentences.extend(record.outcome.missing.as_ref().and_then(|missing| needed(missing, language)));
    sentences
}

fn discovery(record: &DecisionRecord, language: Language) -> Vec<String> {
    let config = &record.inputs.config;
    let days = config.discovery_after_days.unwrap_or_default();
    let since = record.inputs.score_reached_at.map(|at| date(at, language)).unwrap_or_default();
    let confidence = record.outcome.missing.as_ref().and_then(|missing| missing.confidence.as_ref());
    let sure = percent(confidence.map_or(Confidence::ZERO, |missing| missing.from), language);
    let enough = percent(config.min_confidence, language);
    vec![match language {
        German => format!(
            "In die Discovery-Pipeline: Der Lead hat seit dem {since} genug Punkte ({}), aber nach {} ist noch unklar, was \
             er sucht ({sure} Sicherheit, nötig sind {enough}).",
            record.inputs.total_score,
            count(days, ("Tag", "Tagen")),
        ),
        English => format!(
            "Into the Discovery pipeline: the lead has had enough points ({}) since {since}, but after {} it is still unclear \
             what they are after ({sure} confidence, needed: {enough}).",
            record.inputs.total_score,
            count(days, ("day", "days")),
        ),
    }]
}

fn manual(record: &DecisionRecord, language: Language) -> Vec<String> {
    let Some(choice) = &record.manual else {
        return Vec::new();
    };
    let mut sentences = vec![
        match (choice.pipeline_id.is_some(), language) {
            (true, German) => "Von Hand einer Pipeline zugeordnet.",
            (true, English) => "Assigned to a pipeline by hand.",
            (false, German) => "Von Hand in den gemeinsamen Lead-Pool zurückgelegt.",
            (false, English) => "Put back into the global lead pool by hand.",
        }
        .to_owned(),
    ];
    if let Some(reason) = choice.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty()) {
        sentences.push(match language {
            German => format!("Begründung: „{reason}“"),
            English => format!("Reason: “{reason}”"),
        });
    }
    sentences
}

fn pending(record: &DecisionRecord, language: Language) -> Vec<String> {
    let inputs = &record.inputs;
    let missing = record.outcome.missing.clone().unwrap_or_default();
    if let Some(blocked) = missing.blocked {
        let text = match (blocked, language) {
            (Blocked::AlreadyRouted, German) => {
                "Der Lead ist bereits einer Pipeline zugeordnet; er wird nicht noch einmal verteilt."
            }
            (Blocked::AlreadyRouted, English) => "The lead is in a pipeline already and is not routed again.",
            (Blocked::Returned, German) => {
                "Der Lead wurde von Hand in den gemeinsamen Lead-Pool zurückgelegt; nur ein Mensch ordnet ihn wieder zu."
            }
            (Blocked::Returned, English) => {
                "The lead was put back into the global lead pool by hand; only a person routes it again."
            }
            (Blocked::Suppressed, German) => {
                "Der Lead darf nicht kontaktiert werden und wird deshalb nicht zugeordnet."
            }
            (Blocked::Suppressed, English) => "The lead must not be contacted and is therefore not routed.",
            (Blocked::Anonymized, German) => {
                "Die persönlichen Daten des Leads wurden gelöscht; er wird nicht zugeordnet."
            }
            (Blocked::Anonymized, English) => "The lead's personal data were erased; it is not routed.",
        };
        return vec![text.to_owned()];
    }
    let mut sentences = vec![match language {
        German => format!(
            "Noch nicht zugeordnet: Der Lead hat {} und gilt als {}.",
            points(inputs.total_score, language),
            tier(inputs.tier, language)
        ),
        English => format!(
            "Not routed yet: the lead has {} and counts as {}.",
            points(inputs.total_score, language),
            tier(inputs.tier, language)
        ),
    }];
    sentences.extend(needed(&missing, language));
    if let Some(intent) = &missing.pipeline_for {
        let name = intent_name(intent, language);
        sentences.push(match language {
            German => format!("Für {name} ist noch keine Pipeline festgelegt; das geht in den Routing-Einstellungen."),
            English => format!("No pipeline is set for {name} yet; set one in the routing settings."),
        });
    }
    if let Some(at) = missing.discovery_at {
        let at = date(at, language);
        sentences.push(match language {
            German => format!("Bleibt unklar, was der Lead sucht, kommt er am {at} in die Discovery-Pipeline."),
            English => {
                format!("If it stays unclear what the lead is after, it goes to the Discovery pipeline on {at}.")
            }
        });
    } else if missing.confidence.is_some() && missing.score.is_none() {
        sentences.push(match language {
            German => "Leads mit unklarem Interesse kommen hier nicht von selbst in eine Pipeline; von Hand geht es jederzeit.",
            English => "Leads of unclear intent do not get into a pipeline by themselves here; by hand they do at any time.",
        }.to_owned());
    }
    if missing.routed_by.is_some() {
        sentences.push(
            match language {
                German => "Alles ist da: Der Lead wird spätestens innerhalb einer Stunde zugeordnet.",
                English => "Everything is there: the lead is routed within an hour at the latest.",
            }
            .to_owned(),
        );
    }
    sentences
}

/// The sentence that says what would have to change, if anything but a setting would.
fn needed(missing: &Missing, language: Language) -> Option<String> {
    let score = missing.score.map(|score| match language {
        German => format!("{score} {}", if score == 1 { "weiteren Punkt" } else { "weitere Punkte" }),
        English => format!("{} more {}", score, if score == 1 { "point" } else { "points" }),
    });
    let confidence = missing.confidence.as_ref().map(|confidence| confidence_needed(confidence, language));
    let parts: Vec<_> = score.into_iter().chain(confidence).collect();
    let joined = match language {
        German => parts.join(" und "),
        English => parts.join(" and "),
    };
    if joined.is_empty() {
        return None;
    }
    Some(match language {
        German => format!("Für die automatische Zuordnung braucht er {joined}."),
        English => format!("To be routed automatically it needs {joined}."),
    })
}

fn confidence_needed(missing: &MissingConfidence, language: Language) -> String {
    let (from, to) = (percent(missing.from, language), percent(missing.to, language));
    let intent = missing.intent.as_deref().map(|intent| intent_name(intent, language));
    let close = missing.too_close.as_deref().map(|intent| intent_name(intent, language));
    match (language, intent, close) {
        (German, Some(intent), Some(close)) => {
            format!("mehr Sicherheit bei {intent} ({from} → {to}, klar vor {close})")
        }
        (English, Some(intent), Some(close)) => {
            format!("more confidence in {intent} ({from} → {to}, clearly ahead of {close})")
        }
        (German, Some(_), None) if missing.from == Confidence::ZERO => {
            format!("ein erkennbares Interesse (Sicherheit {from} → {to})")
        }
        (English, Some(_), None) if missing.from == Confidence::ZERO => {
            format!("a recognisable interest (confidence {from} → {to})")
        }
        (German, Some(intent), None) => format!("mehr Sicherheit bei {intent} ({from} → {to})"),
        (English, Some(intent), None) => format!("more confidence in {intent} ({from} → {to})"),
        (German, None, _) => format!("ein erkennbares Interesse (Sicherheit {from} → {to})"),
        (English, None, _) => format!("a recognisable interest (confidence {from} → {to})"),
    }
}

/// What the score is made of.
fn composition(record: &DecisionRecord, language: Language) -> String {
    let sums = record.inputs.scores;
    let (who, attention, action) = (sums.demographic, sums.engagement, sums.behavior);
    match language {
        German => format!("Die Punkte: {who} für die Person, {attention} für Aufmerksamkeit, {action} für Verhalten."),
        English => format!("The points: {who} for who they are, {attention} for engagement, {action} for behaviour."),
    }
}

fn ownership(record: &DecisionRecord, language: Language) -> Vec<String> {
    let chosen = record.candidates.iter().find(|candidate| candidate.verdict == Verdict::Chosen);
    let mut sentences = vec![match (chosen, language) {
        (Some(chosen), German) => format!(
            "Zuständig ist {} mit {}{}.",
            chosen.candidate.name,
            load(&chosen.candidate, language),
            why(record, language)
        ),
        (Some(chosen), English) => format!(
            "The owner is {} with {}{}.",
            chosen.candidate.name,
            load(&chosen.candidate, language),
            why(record, language)
        ),
        (None, German) => "Niemand im Team war frei; der Deal hat noch keinen Besitzer.".to_owned(),
        (None, English) => "Nobody in the team was free; the deal has no owner yet.".to_owned(),
    }];
    let others: Vec<_> = record
        .candidates
        .iter()
        .filter(|candidate| candidate.verdict != Verdict::Chosen)
        .map(|candidate| format!("{} ({})", candidate.candidate.name, passed_over(candidate, language)))
        .collect();
    if !others.is_empty() {
        let others = others.join(", ");
        sentences.push(match language {
            German => format!("Nicht gewählt: {others}."),
            English => format!("Passed over: {others}."),
        });
    }
    sentences
}

fn why(record: &DecisionRecord, language: Language) -> &'static str {
    match (record.outcome.tie_break, language) {
        (Some(TieBreak::LastAssignment), German) => "; bei gleicher Auslastung am längsten ohne neuen Lead",
        (Some(TieBreak::LastAssignment), English) => "; equally loaded, and longest without a new lead",
        (Some(TieBreak::Id), German) => "; bei völligem Gleichstand nach fester Reihenfolge",
        (Some(TieBreak::Id), English) => "; equal in everything, so the fixed order decided",
        (None, _) => "",
    }
}

fn passed_over(candidate: &CandidateVerdict, language: Language) -> String {
    let text = match (candidate.verdict, language) {
        (Verdict::Chosen, _) => "",
        (Verdict::Inactive, German) => "nicht aktiv",
        (Verdict::Inactive, English) => "not active",
        (Verdict::OtherPipeline, German) => "betreut diese Pipeline nicht",
        (Verdict::OtherPipeline, English) => "does not serve this pipeline",
        (Verdict::Full, German) => return format!("ausgelastet, {}", load(&candidate.candidate, language)),
        (Verdict::Full, English) => return format!("full, {}", load(&candidate.candidate, language)),
        (Verdict::MoreLoaded, German) => {
            return format!("stärker ausgelastet, {}", load(&candidate.candidate, language));
        }
        (Verdict::MoreLoaded, English) => return format!("more loaded, {}", load(&candidate.candidate, language)),
        (Verdict::AssignedMoreRecently, German) => "hatte zuletzt einen Lead bekommen",
        (Verdict::AssignedMoreRecently, English) => "was given a lead more recently",
        (Verdict::LaterId, German) => "gleichauf, aber später in der Reihenfolge",
        (Verdict::LaterId, English) => "equal, but later in the order",
    };
    text.to_owned()
}

fn confidence_of(record: &DecisionRecord, intent: &str) -> Confidence {
    record.inputs.intents.iter().find(|known| known.intent == intent).map(|known| known.confidence).unwrap_or_default()
}
