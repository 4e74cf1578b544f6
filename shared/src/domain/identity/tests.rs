//! Identifiers in one spelling, and whose they are.

mod resolving;

use proptest::prelude::*;

use super::{Country, Identifier, IdentifierKind, email_domain, normalize_email, normalize_linkedin, normalize_phone};
use crate::domain::fixtures::cases;

#[test]
fn emails() {
    let check = |raw: &str, expected: Option<&str>| assert_eq!(normalize_email(raw).ok().as_deref(), expected, "{raw}");
    check(" Ada.Lovelace+crm@Example.COM ", Some("ada.lovelace+crm@example.com"));
    check("jörg@müller.de", Some("jörg@xn--mller-kva.de"));
    check("JÖRG@MÜLLER.DE", Some("jörg@xn--mller-kva.de"));
    check("a@XN--MLLER-KVA.de", Some("a@xn--mller-kva.de"));
    check("a@b.de.", Some("a@b.de"));
    check("o'brien@firma.co.uk", Some("o'brien@firma.co.uk"));
    for spelling in ["jürgen@firma.example", "ju\u{308}rgen@firma.example", "JU\u{308}RGEN@firma.example\u{feff}"] {
        check(spelling, Some("jürgen@firma.example"));
    }
    for spelling in ["an\u{200b}na@b.de", "an\u{ad}na@b.de", "\u{feff}anna@b\u{200b}.de", "anna@b.de\u{2060}"] {
        check(spelling, Some("anna@b.de"));
    }
    for bad in [
        "",
        "@",
        "a@",
        "@b.de",
        "a@b",
        "a b@c.de",
        "a@b@c.de",
        "Ada <a@b.de>",
        "a@b..de",
        "a@-b.de",
        "a@b.de,c@d.de",
        ".a@b.de",
        "a..b@c.de",
        "a@[127.0.0.1]",
        "a@127.0.0.1",
        "a@b_c.de",
        "a@xn--.de",
        "a\u{0}@b.de",
        "a?bcc=x@evil.example",
        "a%3fbcc=x@evil.example",
    ] {
        check(bad, None);
    }
    check(&format!("{}@b.de", "a".repeat(64)), Some(&format!("{}@b.de", "a".repeat(64))));
    check(&format!("{}@b.de", "a".repeat(65)), None);
    check(&format!("a@{}.de", "b".repeat(64)), None);
    assert_eq!(email_domain("ada@example.com"), Some("example.com"));
}

#[test]
fn phones() {
    let check = |country: &str, raw: &str, expected: Option<&str>| {
        let got = normalize_phone(raw, country.parse().unwrap());
        assert_eq!(got.as_deref().ok(), expected, "{raw} in {country}: {got:?}");
    };
    for raw in [
        "+49 30 1234567",
        "0049301234567",
        "030 / 123 45 67",
        "(030) 123-4567",
        "+49 (0)30 1234567",
        "+49 0 30 1234567",
        "tel:+49-30-1234567",
        "030–123\u{a0}4567",
        "＋49301234567",
        "030.1234567",
    ] {
        check("DE", raw, Some("+49301234567"));
    }
    check("AT", "0660 1234567", Some("+436601234567"));
    check("CH", "044 668 18 00", Some("+41446681800"));
    check("CH", "+49 170 1234567", Some("+491701234567"));
    // Italian numbers keep their zero, at home and abroad.
    check("IT", "06 1234567", Some("+39061234567"));
    check("DE", "+39 06 1234567", Some("+39061234567"));
    check("LI", "+423 234 5678", Some("+4232345678"));
    check("HU", "06 1 234 5678", Some("+3612345678"));
    check("US", "(415) 555-2671", Some("+14155552671"));
    check("US", "1-415-555-2671", Some("+14155552671"));
    check("US", "011 49 30 1234567", Some("+49301234567"));
    check("DE", "+1 415 555 2671", Some("+14155552671"));
    check("DE", "+1 415 555 267", None);
    check("ES", "612 345 678", Some("+34612345678"));
    check("RU", "8 912 345-67-89", Some("+79123456789"));
    check("DE", "+7 800 123 45 67", Some("+78001234567"));
    check("GB", "020 7946 0958", Some("+442079460958"));
    for bad in [
        "",
        "abc",
        "030 1234567 ext. 5",
        "030 1234567#5",
        "+",
        "00",
        "+999 123456",
        "170 1234567",
        "+49 1",
        "++49 30 1234567",
        "030+1234567",
    ] {
        check("DE", bad, None);
    }
    check("DE", "+49 3012345678901", Some("+493012345678901"));
    check("DE", "+49 30123456789012", None);
    check("DE", "+49 1234", None);
    check("DE", "+49 12345", Some("+4912345"));
}

#[test]
fn linkedin_profiles() {
    let check =
        |raw: &str, expected: Option<&str>| assert_eq!(normalize_linkedin(raw).ok().as_deref(), expected, "{raw}");
    for raw in [
        "https://www.linkedin.com/in/ada-lovelace",
        "http://linkedin.com/in/Ada-Lovelace/",
        "de.linkedin.com/in/ada-lovelace?trk=x",
        "https://www.linkedin.com/in/ada-lovelace/de",
        "https://www.linkedin.com/in/ada-lovelace/details/experience/#top",
        "www.linkedin.com/mwlite/in/ada-lovelace",
        "https://www.linkedin.com/comm/in/ada-lovelace?trk=eml",
        "https://www.linkedin.com/in/ada-love\u{ad}lace",
        "in/ada-lovelace",
        "/in/ada-lovelace",
        "//linkedin.com/in/ada-lovelace",
        " HTTPS://LinkedIn.com/IN/ada-lovelace ",
        "https://uk.linkedin.com/pub/ada-lovelace",
        "https://www.linkedin.com:443/in/ada-lovelace",
    ] {
        check(raw, Some("in/ada-lovelace"));
    }
    check("https://www.linkedin.com/in/j%C3%B6rg-m%C3%BCller-1a2b", Some("in/jörg-müller-1a2b"));
    check("https://www.linkedin.com/in/jörg-müller-1a2b", Some("in/jörg-müller-1a2b"));
    check("https://www.linkedin.com/in/jo%CC%88rg-mu%CC%88ller-1A2b", Some("in/jörg-müller-1a2b"));
    check("https://www.linkedin.com/in/ACoAABexampleAbC/", Some("in/ACoAABexampleAbC"));
    check("https://www.linkedin.com/in/acolyte-X", Some("in/acolyte-x"));
    check("https://www.linkedin.com/pub/ada-lovelace/36/525/b34", Some("in/ada-lovelace-b3452536"));
    for bad in [
        "",
        "ada-lovelace",
        "https://www.linkedin.com/company/lotse",
        "https://www.linkedin.com/in/",
        "https://linkedin.com.evil.example/in/ada",
        "https://example.com/in/ada",
        "ftp://linkedin.com/in/ada",
        "https://www.linkedin.com/in/%zz",
        "https://www.linkedin.com/in/%ff",
        "https://www.linkedin.com/in/a%20b",
        "https://www.linkedin.com/in/--",
        "https://www.linkedin.com/sales/lead/x",
    ] {
        check(bad, None);
    }
}

#[test]
fn a_sources_own_id_means_something_only_with_the_source() {
    let parse = |source| Identifier::parse(IdentifierKind::ExternalId, " 4711 ", source, Country::GERMANY).unwrap();
    assert_eq!(parse("moco").value, "moco:4711");
    assert_ne!(parse("moco"), parse("portal"));
}

#[test]
fn kinds_are_ordered_by_strength() {
    assert!(IdentifierKind::ALL.is_sorted());
    for kind in IdentifierKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
        assert_eq!(serde_json::json!(kind), kind.as_str());
    }
}

proptest! {
    #![proptest_config(cases(600))]

    /// Normal forms are stable, and no input makes the parsers panic.
    #[test]
    fn normal_forms_are_normal(raw in any::<String>(), phone in "[+0-9 ()/-]{0,20}", path in "[a-zA-Z0-9%ü./?-]{0,30}") {
        let germany = Country::GERMANY;
        if let Ok(email) = normalize_email(&raw) {
            prop_assert_eq!(normalize_email(&email), Ok(email.clone()));
        }
        for phone in [&phone, &raw] {
            if let Ok(number) = normalize_phone(phone, germany) {
                prop_assert_eq!(normalize_phone(&number, germany), Ok(number.clone()));
                prop_assert!(number.starts_with('+') && (8..=16).contains(&number.len()));
            }
        }
        for address in [format!("https://www.linkedin.com/in/{path}"), format!("linkedin.com/pub/{path}"), raw.clone()] {
            if let Ok(profile) = normalize_linkedin(&address) {
                // A literal percent sign cannot be in a slug, so decoding again changes nothing.
                prop_assert_eq!(normalize_linkedin(&profile), Ok(profile.clone()));
            }
        }
        for kind in IdentifierKind::ALL {
            let _ = Identifier::parse(kind, &raw, "website", germany);
        }
    }

    #[test]
    fn addresses_normalise_whatever_their_case_and_surroundings(local in "[a-z0-9]{1,10}", domain in "[a-z]{1,10}") {
        let plain = format!("{local}@{domain}.de");
        let loud = format!("  {} ", plain.to_uppercase());
        prop_assert_eq!(normalize_email(&loud), Ok(plain));
    }
}
