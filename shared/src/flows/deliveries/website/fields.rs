//! What a form's field names mean, in German and English.

/// What a field is to us.
pub enum Meaning {
    /// A field of the person.
    Lead(&'static str),
    FullName,
    AnonymousId,
    EventType,
    ExternalId,
    OccurredAt,
    /// UTM parameters.
    Campaign,
    Consent,
    /// A field that people do not see: only programs fill it in.
    Trap,
    /// Metadata with a name of ours.
    Metadata(&'static str),
    Other,
}

/// A field's name in one spelling: `form_fields[E-Mail]` and `your-email` become `e_mail` and `email`.
pub fn plain_name(raw: &str) -> String {
    // Builders write `wrapper[name]`, `wrapper[name][]`, `data[Contact][email]`: the last name counts.
    let inner = raw
        .split(['[', ']'])
        .rev()
        .map(str::trim)
        .find(|part| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit()))
        .unwrap_or(raw);
    let mut name = String::with_capacity(inner.len());
    for character in inner.trim().to_lowercase().chars() {
        match character {
            'ä' => name.push_str("ae"),
            'ö' => name.push_str("oe"),
            'ü' => name.push_str("ue"),
            'ß' => name.push_str("ss"),
            'a'..='z' | '0'..='9' => name.push(character),
            _ if name.ends_with('_') => {}
            _ => name.push('_'),
        }
    }
    let trimmed = name.trim_end_matches('_');
    let trimmed = ["your_", "ihre_", "ihr_", "contact_", "kontakt_", "lead_"]
        .iter()
        .find_map(|prefix| trimmed.strip_prefix(prefix))
        .unwrap_or(trimmed);
    trimmed.to_owned()
}

/// What a field of this plain name means.
pub fn meaning(name: &str) -> Meaning {
    match name {
        "email" | "e_mail" | "mail" | "email_address" | "e_mail_address" | "emailadresse" | "email_adresse"
        | "e_mail_adresse" | "mailadresse" | "mail_adresse" => Meaning::Lead("email"),
        "first_name" | "firstname" | "vorname" | "given_name" | "fname" => Meaning::Lead("first_name"),
        "last_name" | "lastname" | "nachname" | "surname" | "family_name" | "familienname" | "lname" | "zuname" => {
            Meaning::Lead("last_name")
        }
        "name"
        | "full_name"
        | "fullname"
        | "vollstaendiger_name"
        | "vor_und_nachname"
        | "vorname_nachname"
        | "ansprechpartner"
        | "ansprechpartnerin" => Meaning::FullName,
        "company" | "company_name" | "firma" | "firmenname" | "unternehmen" | "unternehmensname" | "organisation"
        | "organization" | "betrieb" | "institution" => Meaning::Lead("company"),
        "job_title" | "jobtitle" | "position" | "funktion" | "beruf" | "rolle" | "berufsbezeichnung" => {
            Meaning::Lead("job_title")
        }
        "phone" | "phone_number" | "phonenumber" | "telephone" | "telefon" | "telefonnummer" | "telefon_nummer"
        | "tel" | "mobile" | "mobil" | "mobilnummer" | "mobiltelefon" | "handy" | "handynummer" | "rufnummer" => {
            Meaning::Lead("phone")
        }
        "country" | "land" => Meaning::Lead("country"),
        "language" | "sprache" | "lang" => Meaning::Lead("language"),
        "linkedin" | "linkedin_url" | "linkedin_profil" | "linkedin_profile" => Meaning::Lead("linkedin_url"),
        "anonymous_id" | "visitor_id" | "client_id" | "cookie_id" => Meaning::AnonymousId,
        "event_type" => Meaning::EventType,
        "external_id" | "submission_id" | "form_submission_id" | "entry_id" => Meaning::ExternalId,
        "occurred_at" | "submitted_at" | "timestamp" => Meaning::OccurredAt,
        "utm_source" | "utm_medium" | "utm_campaign" | "utm_term" | "utm_content" | "utm_id" => Meaning::Campaign,
        "message" | "nachricht" | "anfrage" | "mitteilung" | "kommentar" | "comment" | "comments" | "text" => {
            Meaning::Metadata("message")
        }
        "subject" | "betreff" => Meaning::Metadata("subject"),
        "salutation" | "anrede" => Meaning::Metadata("salutation"),
        "page_url" | "seite" | "page" => Meaning::Metadata("page_url"),
        "page_path" => Meaning::Metadata("page_path"),
        "form_name" | "formular" | "form" | "form_id" => Meaning::Metadata("form_name"),
        "gotcha" | "_gotcha" | "honeypot" | "_honeypot" | "hp" | "_hp" | "bot_field" | "website_hp" | "hp_website" => {
            Meaning::Trap
        }
        _ if is_consent(name) => Meaning::Consent,
        _ => Meaning::Other,
    }
}

/// Agreements that somebody may have to prove later.
fn is_consent(name: &str) -> bool {
    [
        "consent",
        "einwilligung",
        "zustimmung",
        "datenschutz",
        "dsgvo",
        "gdpr",
        "privacy",
        "opt_in",
        "optin",
        "double_opt",
        "newsletter",
        "marketing_",
        "agb",
        "terms",
        "erlaubnis",
    ]
    .iter()
    .any(|word| match *word {
        // Short words stand alone or at a word's edge: `agb`, not `tragbar`.
        "agb" => name.split('_').any(|part| part == "agb"),
        word => name.contains(word),
    })
}

/// First and last name out of one field: without titles and degrees, with `Mustermann, Erika` turned around, and with what belongs to
/// the last name (`von der`) at it.
pub fn split_name(full: &str) -> (Option<String>, String) {
    let mut parts = full.split(',').map(str::trim).filter(|part| !part.is_empty());
    let name = parts.next().unwrap_or_default();
    if let Some(first) = parts.find(|part| !is_degree(part)) {
        let (first, last) = (plain(first), plain(name));
        if !first.is_empty() && !last.is_empty() {
            return (Some(first), last);
        }
    }
    let name = plain(name);
    if name.is_empty() {
        return (None, full.trim().to_owned());
    }
    let words: Vec<&str> = name.split(' ').collect();
    // A particle at the end belongs to nothing.
    let particle = words[..words.len() - 1].iter().position(|word| PARTICLES.contains(word));
    match particle.unwrap_or(1) {
        0 => (None, name),
        _ if words.len() == 1 => (None, name),
        last => (Some(words[..last].join(" ")), words[last..].join(" ")),
    }
}

/// The last name out of a field beside one for the first name: all of it, but for the first name.
pub fn last_name(full: &str, first: &str) -> String {
    let last = match full.split_once(',') {
        Some((last, _)) => plain(last),
        None => plain(full),
    };
    match last.strip_prefix(first).and_then(|rest| rest.strip_prefix(' ')) {
        Some(rest) => rest.to_owned(),
        None if last.is_empty() => full.trim().to_owned(),
        None => last,
    }
}

/// What stands before a last name and belongs to it. A capital letter makes another name of it.
const PARTICLES: [&str; 22] = [
    "von", "vom", "van", "zu", "zum", "zur", "de", "den", "der", "del", "della", "da", "di", "do", "dos", "du", "la",
    "le", "ten", "ter", "af", "av",
];

const TITLES: [&str; 14] =
    ["herr", "herrn", "frau", "dr", "prof", "dipl", "ing", "mag", "mr", "mrs", "ms", "med", "dipl-ing", "dr-ing"];

/// What stands behind a name and a comma and is no name: `M. Sc.`, `Dr.`.
fn is_degree(part: &str) -> bool {
    let letters: String = part.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let marked = part.contains('.') || letters.chars().all(char::is_uppercase);
    match letters.to_lowercase().as_str() {
        "msc" | "bsc" | "mba" | "phd" | "llm" | "llb" | "meng" | "beng" | "dipling" | "diplkfm" | "diplkffr" => true,
        // Names as well.
        "ma" | "ba" | "fh" | "cfa" => marked,
        _ => part.split_whitespace().all(is_title),
    }
}

fn is_title(word: &str) -> bool {
    TITLES.contains(&word.trim_end_matches('.').to_lowercase().replace(".-", "-").as_str())
}

/// A name without titles before it and `(geb. Schmidt)` behind it.
fn plain(name: &str) -> String {
    let name = match name.trim().split_once('(') {
        Some((before, within)) if within.ends_with(')') && !before.trim().is_empty() => before,
        _ => name,
    };
    let mut words: Vec<&str> = name.split_whitespace().collect();
    while words.len() > 1 && is_title(words[0]) {
        words.remove(0);
    }
    words.join(" ")
}
