use super::*;

fn shown(language: Language) -> Shown {
    Shown { language, zone: TimeZone::get("Europe/Berlin").unwrap(), names: HashMap::new() }
}

static NAME: Column<String> = column("name", "Bezeichnung", "Name", |row, _| row.as_str().into());
static LENGTH: Column<String> =
    column("length", "Länge", "Length", |row, shown| shown.decimal(row.len() as i64 * 5, 1));

fn file(language: Language, wanted: Option<&str>, rows: &[&str]) -> String {
    let mut table = Table::new([&NAME, &LENGTH], wanted, shown(language)).unwrap();
    rows.iter().for_each(|row| table.add(&(*row).to_owned()).unwrap());
    table.finish("x").text
}

#[test]
fn headings_separators_and_numbers_are_those_of_the_language() {
    assert_eq!(file(Language::De, None, &["Müller; GmbH"]), "\u{feff}Bezeichnung;Länge\r\n\"Müller; GmbH\";6,5\r\n");
    assert_eq!(file(Language::En, None, &["ab"]), "\u{feff}Name,Length\r\nab,1.0\r\n");
    assert_eq!(file(Language::En, Some("length, name"), &["a\"b\nc"]), "\u{feff}Length,Name\r\n2.5,\"a\"\"b\nc\"\r\n");
    // The other language's separator, too: who opens the file may have another setting.
    assert_eq!(file(Language::En, Some("name"), &["a;b"]), "\u{feff}Name\r\n\"a;b\"\r\n");
}

#[test]
fn what_a_spreadsheet_would_calculate_is_text() {
    for formula in [
        "=1+1",
        " =1+1",
        "\u{a0}=1+1",
        "\n=1+1",
        "\t=1+1",
        "\r=1+1",
        "\u{feff}=1",
        "\u{200b}@x",
        "@x",
        "-2+3",
        "+1+cmd|' /C calc'!A0",
        "+49-30-12345",
        "＝1+1",
        "\tx",
        "+",
        "+ 49",
        "+49  30",
        "\u{3000}=1",
        "\u{202e}=1",
        "\u{ad}\u{2066}+1",
        "﹦1",
    ] {
        assert!(is_taken_for_formula(formula), "{formula:?}");
        assert!(
            file(Language::En, Some("name"), &[formula]).contains(&format!("'{}", formula.replace('"', "\"\""))),
            "{formula:?}"
        );
    }
    for text in ["+493012345", "+49 30 901820", "Anna", "a=b", "a@b.example", "1+1", "'=1", ""] {
        assert!(!is_taken_for_formula(text), "{text:?}");
    }
    // A number is a number, also below zero.
    assert_eq!(shown(Language::De).decimal(-5, 2), Cell::Number("-0,05".to_owned()));
    assert_eq!(shown(Language::De).decimal(123_456, 2), Cell::Number("1234,56".to_owned()));
    assert_eq!(shown(Language::En).decimal(-7, 0), Cell::Number("-7".to_owned()));
}

#[test]
fn moments_are_those_of_the_zone() {
    let at: Timestamp = "2026-11-25T23:30:00Z".parse().unwrap();
    assert_eq!(shown(Language::De).moment(Some(at)), Cell::from("2026-11-26 00:30"));
    assert_eq!(shown(Language::De).moment(None), Cell::Empty);
}

#[test]
fn a_file_is_whole_or_refused() {
    let refused = |failure| matches!(failure, Err(Failure::Invalid(faults)) if faults[0].pointer == "?format" && faults[0].code == "too_long");
    let mut table = Table::new([&NAME], None, shown(Language::En)).unwrap();
    for _ in 0..MOST_ROWS {
        table.add(&"x".to_owned()).unwrap();
    }
    assert!(refused(table.add(&"x".to_owned())));

    // Quotation marks are doubled here, and each is escaped once more on its way.
    let mut table = Table::new([&NAME], None, shown(Language::En)).unwrap();
    let row = "\"".repeat(1000);
    let mut rows = 0;
    while table.add(&row).is_ok() {
        rows += 1;
    }
    let travels = serde_json::to_string(&table.lines.text).unwrap().len();
    assert!((1240..1250).contains(&rows) && travels < 5_010_000, "{rows} rows, {travels} bytes");
}

#[test]
fn columns_are_known_and_belong_to_files() {
    let unknown = Table::new([&NAME, &LENGTH], Some("name,size"), shown(Language::En)).map(|_| ());
    let Err(Failure::Invalid(faults)) = unknown else { panic!("it passed") };
    assert!(faults[0].pointer == "?columns" && faults[0].detail.contains("name, length"), "{faults:?}");

    let paging = |cursor: Option<&str>| Paging { page: 1, limit: 25, sort: None, cursor: cursor.map(str::to_owned) };
    let asked = |format, columns, cursor| {
        Export::asked(format, columns, None, None, &paging(cursor)).map(|export| export.is_some())
    };
    assert!(asked(Some(Format::Csv), Some("name"), None).unwrap());
    assert!(!asked(Some(Format::Json), None, Some("x")).unwrap() && !asked(None, None, None).unwrap());
    assert!(asked(None, Some("name"), None).is_err() && asked(Some(Format::Csv), None, Some("x")).is_err());
}

#[test]
fn the_size_is_that_within_json() {
    for text in ["a;b\r\n", "\"ä\\\t\u{1}\u{8}\u{c}\u{7f}", "日本"] {
        assert_eq!(escaped(text) + 2, serde_json::to_string(text).unwrap().len(), "{text:?}");
    }
}
