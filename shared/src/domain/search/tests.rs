use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const TENANT: TenantId = TenantId(Uuid::from_u128(0x0192_c5a0_0000_7000_8000_1234_5678_9abc));

/// Whether a search for `typed` finds a record with this name: what the database does with `LIKE`, and with the index before it.
fn finds(typed: &str, names: &[&str], exact: &str) -> bool {
    let text = text(names, exact);
    let words = Words::of(typed);
    let stored = codes(&text, TENANT);
    let contained = words.0.iter().all(|word| match is_long(word) {
        true => text.contains(word.as_str()),
        false => text.contains(&format!(" {word}")),
    });
    let indexed = words.codes(TENANT).iter().all(|code| stored.contains(code));
    assert!(indexed || !contained, "the index would hide {names:?} from {typed}");
    contained
}

#[track_caller]
fn check(name: &str, typed: &[&str]) {
    for typed in typed {
        for typed in [(*typed).to_owned(), typed.to_lowercase(), typed.to_uppercase()] {
            assert!(finds(&typed, &[name], ""), "{typed} does not find {name}: {:?}", text(&[name], ""));
        }
    }
}

#[test]
fn names_are_found_by_their_own_spelling_in_any_case_and_without_accents() {
    check("Ștefănescu", &["Ștefănescu", "stefanescu", "fănes"]);
    check("Иванов", &["Иванов", "ванов"]);
    check("Артём Йовков", &["Артём", "артем", "Йовков"]);
    check("GROẞBÄCKEREI", &["GROẞBÄCKEREI", "Großbäckerei", "grossbackerei", "grossbaeckerei"]);
    check("İSTANBUL Optik", &["İSTANBUL", "istanbul", "ıstanbul"]);
    check("Işık", &["Işık", "isik"]);
    check("ΣΩΚΡΆΤΗΣ", &["ΣΩΚΡΆΤΗΣ", "Σωκράτης", "σωκρατης", "σωκρατησ"]);
    check("Σωκράτης", &["ΣΩΚΡΑΤΗΣ", "κράτης"]);
    check("Łukasz ŻÓŁĆ", &["Łukasz", "zolc", "żółć"]);
    check("Søren Kjær", &["søren", "soren", "kjaer"]);
    check("Đorđe", &["đorđe", "dorde"]);
    check("Nguyễn Thị Hương", &["nguyễn", "nguyen", "huong"]);
    check("李小龙", &["李小", "李小龙"]);
    check("ＦＵＬＬ Width", &["full"]);
    check("O’Brien", &["o'brien", "o’brien"]);
    check("Müller\u{ad}Lüden\u{200b}scheid", &["müllerlüdenscheid"]);
    // Composed and decomposed.
    check("Zoe\u{308}", &["zoë", "zoe"]);
}

#[test]
fn umlauts_are_found_as_people_write_them_without() {
    check("Köhler", &["Köhler", "kohler", "koehler"]);
    check("Koehler", &["Köhler", "kohler", "koehler"]);
    check("Müller-Lüdenscheidt", &["mueller", "muller-ludenscheidt", "mueller-luedenscheidt", "lü", "lu"]);
    check("Bauer", &["bauer", "auer"]);
    assert!(!finds("kahler", &["Köhler"], ""));
    assert_eq!(
        text(&["Anna", "Schmidt", "Labor Nord GmbH"], "anna@x.example"),
        " anna schmidt labor nord gmbh anna@x.example"
    );
    assert_eq!(text(&["Köhler"], ""), " kohler koehler");
    assert_eq!(text(&["Köhler Koehler"], ""), " kohler koehler");
}

#[test]
fn two_letters_are_found_where_words_begin() {
    check("Li", &["Li"]);
    check("Anna Schmidt-Li", &["li", "an"]);
    check("Labor Nord AG", &["AG"]);
    assert!(!finds("li", &["Wellington"], ""));
    assert!(finds("an", &[], "anna@x.example"));
    assert!(finds("li labor", &["Li", "Labor"], ""));
    // One letter narrows a search down.
    assert!(finds("a schmidt", &["Anna", "Schmidt"], ""));
    assert!(!finds("b schmidt", &["Anna", "Schmidt"], ""));
    assert!(Words::of("a").codes(TENANT).is_empty());
}

#[test]
fn words_stand_once_and_none_within_another() {
    let words = |typed: &str| Words::of(typed).0;
    assert_eq!(words(" GmbH gmbh  GMBH "), ["gmbh"]);
    assert_eq!(words("firma fir irm rma gmbh"), ["firma", "gmbh"]);
    // A word of two letters asks for a beginning, which the longer one does not promise.
    assert_eq!(words("fi firma"), ["fi", "firma"]);
    assert_eq!(words("straße strasse"), ["strasse"]);
    assert!(words(" \u{ad} ").is_empty());
    assert_eq!(Words::of("50%_a\\b li").patterns(), [r"%50\%\_a\\b%", "% li%"]);
}

#[test]
fn each_tenant_has_codes_of_its_own() {
    let other = TenantId(Uuid::from_u128(7));
    let (ours, theirs) = (codes(" labor nord", TENANT), codes(" labor nord", other));
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.iter().all(|code| !theirs.contains(code)));
    assert!(ours.is_sorted());
    assert!(codes(" ab", TENANT).len() == 1 && codes("ab", TENANT).is_empty());
    // As far from the beginning as characters go.
    assert_eq!(codes("\u{10FFFF}\u{10FFFF}\u{10FFFF}", TENANT).len(), 1);
}

proptest! {
    /// Whatever a name is: every part of a word of it finds it, in its own spelling.
    #[test]
    fn every_part_of_a_word_finds_it(name in "\\PC{1,24}", from in 0usize..8, length in 3usize..9) {
        for word in name.split_whitespace() {
            let part: String = word.chars().skip(from).take(length).collect();
            let folded = fold(&part);
            // A mark that was cut off from its letter belongs to nothing.
            if folded.chars().count() >= 3 && !folded.contains(char::is_whitespace) && fold(word).contains(&folded) {
                prop_assert!(finds(&part, &[&name], ""), "{:?} in {:?}", part, name);
            }
        }
    }

    /// What is folded stays as it is when it is folded again.
    #[test]
    fn folding_twice_changes_nothing(name in "\\PC{0,24}") {
        let once = fold(&name);
        prop_assert_eq!(fold(&once), once);
    }
}
