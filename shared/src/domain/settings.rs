//! A tenant's settings: the states that exist, and the reasons for losing that every tenant begins with.

/// States of Germany and Austria, by their codes of ISO 3166-2.
const STATES: [(&str, &[&str]); 2] = [
    ("DE", &["BW", "BY", "BE", "BB", "HB", "HH", "HE", "MV", "NI", "NW", "RP", "SL", "SN", "ST", "SH", "TH"]),
    ("AT", &["1", "2", "3", "4", "5", "6", "7", "8", "9"]),
];

/// The code of a state in upper case, such as `DE-BY`, in whatever case it was written; nothing when the country has no such state.
pub fn state_code(country: &str, text: &str) -> Option<String> {
    let (of, state) = text.split_once('-')?;
    if !of.eq_ignore_ascii_case(country) {
        return None;
    }
    let (_, states) = STATES.iter().find(|(code, _)| *code == country)?;
    let state = states.iter().find(|code| code.eq_ignore_ascii_case(state))?;
    Some(format!("{country}-{state}"))
}

/// Why deals are lost, until the tenant has a list of its own.
pub fn default_lost_reasons(language: &str) -> Vec<String> {
    let reasons = match language {
        "en" => ["Price", "No budget", "No need", "Lost to a competitor", "Bad timing", "No answer"],
        _ => ["Preis", "Kein Budget", "Kein Bedarf", "An Wettbewerber verloren", "Falscher Zeitpunkt", "Keine Antwort"],
    };
    reasons.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(country: &str, text: &str, expected: Option<&str>) {
        assert_eq!(state_code(country, text).as_deref(), expected, "{text} in {country}");
    }

    #[test]
    fn a_state_is_one_of_its_country() {
        check("DE", "DE-BY", Some("DE-BY"));
        check("DE", "de-by", Some("DE-BY"));
        check("AT", "AT-9", Some("AT-9"));
        check("DE", "AT-9", None);
        check("AT", "DE-BY", None);
        check("DE", "DE-XX", None);
        check("DE", "BY", None);
        check("CH", "CH-ZH", None);
    }

    #[test]
    fn there_are_sixteen_and_nine() {
        assert_eq!(STATES.map(|(_, states)| states.len()), [16, 9]);
    }
}
