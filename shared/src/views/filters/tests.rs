use super::*;

const FIELDS: &[Field] = &[
    Field::full("status", Kind::Word(&["new", "lost"])),
    Field::optional("owner_id", Kind::Member),
    Field::optional("company", Kind::Text),
    Field::full("score", Kind::Number),
    Field::optional("seen_at", Kind::Moment),
    Field::optional("close_on", Kind::Day),
    Field::full("conflict", Kind::Flag),
    Field::optional("email", Kind::Presence),
];

/// Filters, the other parameters, and pointer and code of each fault.
type Read = (Filters, Vec<(String, String)>, Vec<(String, &'static str)>);

fn read(query: &str) -> Read {
    let pairs =
        url::form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned()));
    let mut faults = Vec::new();
    let (filters, rest) = Filters::read(FIELDS, pairs.collect(), &mut faults);
    (filters, rest, faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect())
}

fn right(query: &str) -> Filters {
    let (filters, rest, faults) = read(query);
    assert_eq!((rest, faults), (Vec::new(), Vec::new()), "{query}");
    filters
}

/// A Wednesday, an hour after midnight in Berlin and an hour before it in London.
fn view() -> Viewpoint {
    let (now, zone) = ("2027-03-30T23:00:00Z".parse().unwrap(), TimeZone::get("Europe/Berlin").unwrap());
    Viewpoint { now, zone, me: Some(Uuid::from_u128(7)) }
}

#[test]
fn every_fault_at_once() {
    let (_, rest, faults) = read(
        "page=2&filter[nothing][in]=1&filter[status][min]=1&filter[status][in]=new,old&filter[status][not_in]=none&\
         filter[owner_id][in]=you&filter[company][in]=a,,b&filter[score][min]=much&filter[seen_at][from]=soon&filter[seen_at][last]=-1d&\
         filter[close_on][next]=9999y&filter[conflict][is]=yes&filter[email][in]=x&filter[status]=new",
    );
    assert_eq!(rest, [("page".to_owned(), "2".to_owned())]);
    let told: Vec<String> = faults.iter().map(|(pointer, code)| format!("{} {code}", &pointer[7..])).collect();
    let expected = [
        "[nothing][in] unknown_field",
        "[status][min] unknown_value",
        "[status][in] unknown_value",
        "[status][not_in] unknown_value",
        "[owner_id][in] format",
        "[company][in] empty",
        "[score][min] type",
        "[seen_at][from] format",
        "[seen_at][last] format",
        "[close_on][next] format",
        "[conflict][is] type",
        "[email][in] unknown_value",
        "[status] unknown_field",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_condition_is_bounded() {
    let (_, _, faults) = read(&format!("filter[company][in]={}", vec!["a"; MOST_VALUES + 1].join(",")));
    assert_eq!(faults[0].1, "too_many");
    let (_, _, faults) = read(&format!("filter[company][in]={}", "a".repeat(LONGEST + 1)));
    assert_eq!(faults[0].1, "too_long");
}

#[test]
fn what_no_database_or_calendar_holds_is_refused() {
    for (condition, code) in [
        ("filter[company][in]=a%00b", "nul_character"),
        ("filter[company][not_in]=a,%00", "nul_character"),
        ("filter[seen_at][from]=9999-12-31", "format"),
        ("filter[seen_at][before]=0001-01-01", "format"),
    ] {
        let (_, _, faults) = read(condition);
        let told: Vec<&str> = faults.iter().map(|(_, code)| *code).collect();
        assert_eq!(told, [code], "{condition}");
    }
    // A day is that day wherever it begins; and the last day that is taken is one everywhere.
    let day = right("filter[close_on][before]=9999-12-31").days("close_on", &view());
    assert_eq!(day.before, Some("9999-12-31".parse().unwrap()));
    for (day, zone) in [("9999-12-30", "America/Juneau"), ("0001-01-02", "Asia/Manila")] {
        let view = Viewpoint { zone: TimeZone::get(zone).unwrap(), ..view() };
        assert!(right(&format!("filter[seen_at][from]={day}")).moments("seen_at", &view).from.is_some(), "{zone}");
    }
}

#[test]
fn values_nobody_and_the_caller() {
    let filters = right(
        "filter[company][in]=Nord\\, S%C3%BCd, West ,none&filter[company][empty]=false&filter[owner_id][in]=me,none&filter[status][not_in]=lost",
    );
    let company = filters.texts("company");
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(company.among, Some(vec![named("Nord, Süd"), named("West"), None]));
    assert_eq!(company.without, Some(vec![None]));
    let owner: Choice<Uuid> = filters.ids("owner_id", &view());
    assert_eq!(owner.among, Some(vec![Some(Uuid::from_u128(7)), None]));
    let stranger: Choice<Uuid> = filters.ids("owner_id", &Viewpoint { me: None, ..view() });
    assert_eq!(stranger.among, Some(vec![Some(Uuid::nil()), None]));
    assert_eq!(filters.texts("status"), Choice { among: None, without: Some(vec![named("lost")]) });
}

#[track_caller]
fn moment(text: &str, expected: &str) {
    let found = right(&format!("filter[seen_at][from]={}", text.replace('+', "%2B"))).moments("seen_at", &view());
    assert_eq!(found.from, Some(expected.parse().unwrap()), "{text}");
}

#[test]
fn moments_stand_to_now_in_the_callers_zone() {
    moment("2027-01-31T12:00:00+01:00", "2027-01-31T11:00:00Z");
    moment("2027-01-31", "2027-01-30T23:00:00Z");
    moment("now", "2027-03-30T23:00:00Z");
    moment("-6h", "2027-03-30T17:00:00Z");
    // Summer began in between: one in the night stays one in the night.
    moment("-14d", "2027-03-17T00:00:00Z");
    moment("today", "2027-03-30T22:00:00Z");
    moment("today-3d", "2027-03-27T23:00:00Z");
    moment("today+1d", "2027-03-31T22:00:00Z");
    moment("week", "2027-03-28T22:00:00Z");
    moment("month", "2027-02-28T23:00:00Z");
    moment("month-1m", "2027-01-31T23:00:00Z");
    moment("quarter", "2026-12-31T23:00:00Z");
    moment("year+1y", "2027-12-31T23:00:00Z");
}

#[test]
fn spans_end_or_begin_now() {
    let filters = right("filter[seen_at][last]=14d&filter[close_on][next]=7d");
    let (seen, close) = (filters.moments("seen_at", &view()), filters.days("close_on", &view()));
    let at = |text: &str| Some(text.parse().unwrap());
    assert_eq!((seen.from, seen.before), (at("2027-03-17T00:00:00Z"), at("2027-03-30T23:00:00Z")));
    let on = |text: &str| Some(text.parse::<Date>().unwrap());
    assert_eq!((close.from, close.before), (on("2027-03-31"), on("2027-04-07")));
    // Fourteen days, today among them; and what is asked for twice must hold twice.
    let days = right("filter[close_on][last]=14d&filter[close_on][from]=today-2d").days("close_on", &view());
    assert_eq!((days.from, days.before), (on("2027-03-29"), on("2027-04-01")));
    assert!(filters.is_relative() && !right("filter[seen_at][from]=2027-01-31T12:00:00Z").is_relative());
}

#[test]
fn every_parameter_is_described() {
    let parameters: Vec<Value> = FIELDS.iter().flat_map(Field::parameters).collect();
    let names: Vec<&str> = parameters.iter().filter_map(|parameter| parameter["name"].as_str()).collect();
    assert_eq!(names.len(), 2 + 3 + 3 + 2 + 5 + 5 + 1 + 1);
    assert!(names.contains(&"filter[email][empty]") && names.contains(&"filter[close_on][next]"));
}
