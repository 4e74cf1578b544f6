use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::complaint::Complaint;
use super::search::{Search, all};
use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is under test")]
struct Body {
    name: String,
    age: u8,
    tags: Option<Vec<String>>,
    kind: String,
}

#[test]
fn every_fault_at_once() {
    let mut faults = Vec::new();
    let body = json::<Body>(br#"{"age":"old","tags":["a",7],"colour":1}"#, &mut faults);
    assert!(body.is_none());
    let mut found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("/age", "type"),
            ("/colour", "unknown_field"),
            ("/kind", "required"),
            ("/name", "required"),
            ("/tags/1", "type")
        ]
    );
}

#[test]
fn members_of_arrays_keep_the_indexes_they_were_sent_with() {
    let mut faults = Vec::new();
    let tags = r#"[1,"a",2,3,"b",4]"#;
    let body = format!(r#"{{"name":"n","kind":"k","age":1,"tags":{tags}}}"#);
    assert!(json::<Body>(body.as_bytes(), &mut faults).is_none());
    let found: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(found, ["/tags/0", "/tags/2", "/tags/3", "/tags/5"]);
}

#[test]
fn a_nul_character_is_named_wherever_it_stands() {
    let mut faults = Vec::new();
    let body = r#"{"name":"a\u0000","age":"\u0000","tags":["b","\u0000"],"kind":"k","a/\u0000":1}"#;
    json::<Body>(body.as_bytes(), &mut faults);
    let mut found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    found.sort_unstable();
    let nul = ["/age", "/a~1\0", "/name", "/tags/1"].map(|pointer| (pointer, "nul_character"));
    assert_eq!(found, nul);
    let mut faults = Vec::new();
    query::<Filter>(&[("tier".to_owned(), "a\0".to_owned())], &mut faults);
    assert_eq!((faults[0].pointer.as_str(), faults[0].code, faults.len()), ("?tier", "nul_character", 1));
}

#[test]
fn a_long_name_with_many_values_is_looked_through_once() {
    // Half a megabyte each: a pointer for every value would be a hundred gigabytes of copies.
    let body = format!(r#"{{"{}":[{}0]}}"#, "x".repeat(500_000), "0,".repeat(250_000));
    let value: Value = serde_json::from_str(&body).unwrap();
    let started = std::time::Instant::now();
    let mut faults = Vec::new();
    note_nul(&value, &Place::Root, &mut faults);
    assert!(faults.is_empty() && started.elapsed() < std::time::Duration::from_secs(2));
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only its shape is under test")]
struct Period {
    from: Timestamp,
    days: Option<Vec<Date>>,
    note: Option<String>,
}

#[test]
fn moments_before_our_era_are_refused_and_texts_that_look_like_them_are_not() {
    let early = "-005000-01-01T00:00:00Z";
    let body = format!(r#"{{"from":"{early}","days":["2026-01-01","-004800-01-01","0000-12-31"],"note":"{early}"}}"#);
    let mut faults = Vec::new();
    json::<Period>(body.as_bytes(), &mut faults);
    let found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    assert_eq!(found, [("/days/1", "range"), ("/days/2", "range"), ("/from", "range")]);
    for (sent, refused) in [(early, true), ("0000-12-31T23:59:59Z", true), ("0001-01-01T00:00:00Z", false)] {
        let mut faults = Vec::new();
        let pairs = vec![("from".to_owned(), sent.to_owned()), ("note".to_owned(), early.to_owned())];
        query::<Period>(&pairs, &mut faults);
        let found: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(found == ["?from"], refused, "{sent}: {found:?}");
    }
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only its shape is under test")]
struct Grid {
    rows: Vec<Vec<u8>>,
}

#[test]
fn also_in_arrays_of_arrays() {
    let mut faults = Vec::new();
    assert!(json::<Grid>(br#"{"rows":[[1],7,["x",2,"y"],[],["z"]]}"#, &mut faults).is_none());
    let found: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(found, ["/rows/1", "/rows/2/0", "/rows/2/2", "/rows/4/0"]);
}

fn complaint(pointer: String) -> Complaint {
    let mut complaint = Complaint::new("type", String::new());
    complaint.pointer = Some(pointer);
    complaint
}

#[test]
fn a_body_of_nothing_but_faults_is_read_a_bounded_number_of_times() {
    use std::cell::Cell;
    let rounds = Cell::new(0);
    // A reader that blames the next item each time.
    let blame = || complaint(format!("/tags/{}", rounds.get()));
    let again = |_: &Search| {
        rounds.set(rounds.get() + 1);
        Some(blame())
    };
    let mut faults = Vec::new();
    all(blame(), &again, &mut faults);
    assert_eq!((faults.len(), rounds.get()), (MAX_FAULTS, MAX_FAULTS - 1));
    // And one that always blames the same place.
    let (mut faults, rounds) = (Vec::new(), Cell::new(0));
    let same = || complaint("/tags/0".to_owned());
    let again = |_: &Search| {
        rounds.set(rounds.get() + 1);
        Some(same())
    };
    all(same(), &again, &mut faults);
    assert!(faults.len() == 1 && rounds.get() < 10, "{} rounds", rounds.get());
}

#[test]
fn malformed_is_one_fault() {
    let mut faults = Vec::new();
    assert!(json::<Body>(b"{", &mut faults).is_none());
    assert_eq!((faults.len(), faults[0].code), (1, "malformed"));
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is under test")]
struct Filter {
    min: Option<i32>,
    tier: Option<String>,
}

#[test]
fn query_faults_name_the_parameter() {
    let mut faults = Vec::new();
    let pairs = [("min", "x"), ("what", "1"), ("tier", "hot")];
    let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert!(query::<Filter>(&pairs, &mut faults).is_none());
    let mut found: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, ["?min", "?what"]);
}

/// The faults of a body, in order of their pointers.
#[track_caller]
fn found<T: DeserializeOwned>(body: &str) -> Vec<(String, &'static str)> {
    let mut faults = Vec::new();
    let read = json::<T>(body.as_bytes(), &mut faults);
    assert_eq!(read.is_some(), faults.is_empty(), "{body}: {faults:?}");
    let mut found: Vec<_> = faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect();
    found.sort_unstable();
    found
}

fn expected(list: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    list.iter().map(|(pointer, code)| ((*pointer).to_owned(), *code)).collect()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its shape is under test")]
enum Colour {
    Red,
    Mixed(Point),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is under test")]
struct Point {
    x: i64,
    y: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is under test")]
struct Shape {
    id: uuid::Uuid,
    made_at: Timestamp,
    made_on: Date,
    colour: Colour,
    center: Point,
    corners: Vec<Point>,
    #[serde(deserialize_with = "Option::deserialize")]
    parent: Option<uuid::Uuid>,
    note: Option<String>,
    open: bool,
}

#[test]
fn everything_that_is_missing_is_named_at_any_depth() {
    let all = ["/center", "/colour", "/corners", "/id", "/made_at", "/made_on", "/open", "/parent"];
    assert_eq!(found::<Shape>("{}"), expected(&all.map(|pointer| (pointer, "required"))));
    let body = r#"{"id":7,"made_at":"soon","made_on":"2026-02-30","colour":"blue","center":{"x":"1","z":2},
                   "corners":[{"y":1},{},7,{"x":1,"y":2}],"note":5,"open":null,"parent":null}"#;
    assert_eq!(
        found::<Shape>(body),
        expected(&[
            ("/center/x", "type"),
            ("/center/y", "required"),
            ("/center/z", "unknown_field"),
            ("/colour", "unknown_value"),
            ("/corners/0/x", "required"),
            ("/corners/1/x", "required"),
            ("/corners/1/y", "required"),
            ("/corners/2", "type"),
            ("/id", "type"),
            ("/made_at", "invalid"),
            ("/made_on", "invalid"),
            ("/note", "type"),
            ("/open", "type"),
        ])
    );
}

#[test]
fn a_list_is_no_object_and_its_items_are_no_fields() {
    assert_eq!(found::<Body>(r#"["n",1,null,"k"]"#), expected(&[("", "type")]));
    assert_eq!(found::<Body>("[]"), expected(&[("", "type")]));
    assert_eq!(found::<Point>("[1,2]"), expected(&[("", "type")]));
    let rest = r#""id":"0197f5a8-0000-7000-8000-000000000000","made_at":"2026-01-31T09:30:00Z","made_on":"2026-01-31","parent":null,"open":true"#;
    let body = format!(r#"{{{rest},"colour":"red","center":[1,2],"corners":[[1,2],{{"x":1,"y":2}}]}}"#);
    assert_eq!(found::<Shape>(&body), expected(&[("/center", "type"), ("/corners/0", "type")]));
    let body = format!(r#"{{{rest},"colour":{{"mixed":[1,2]}},"center":{{"x":1,"y":2}},"corners":[]}}"#);
    assert_eq!(found::<Shape>(&body), expected(&[("/colour/mixed", "type")]));
    let body = format!(r#"{{{rest},"colour":{{"mixed":{{"x":1,"y":2}}}},"center":{{"x":1,"y":2}},"corners":[]}}"#);
    assert_eq!(found::<Shape>(&body), []);
    assert_eq!(found::<()>("[]"), expected(&[("", "type")]));
    assert_eq!(found::<()>("{}"), []);
    assert_eq!(found::<()>(""), []);
}

#[test]
fn sentences_name_no_type_of_ours() {
    for body in
        [r#"["n",1,null,"k"]"#, "7", r#"{"name":1,"age":300,"kind":null,"tags":"a"}"#, r#"{"name":[],"age":-1}"#]
    {
        let mut faults = Vec::new();
        json::<Body>(body.as_bytes(), &mut faults);
        assert!(!faults.is_empty());
        for fault in faults {
            let ours = ["struct", "Body", "u8", "String", "sequence", "map"];
            assert!(!ours.iter().any(|word| fault.detail.contains(word)), "{}", fault.detail);
            assert!(fault.detail.ends_with('.'), "{}", fault.detail);
        }
    }
}

#[test]
fn whole_numbers_may_be_written_with_a_fraction_or_an_exponent() {
    assert_eq!(found::<Point>(r#"{"x":100.0,"y":1e2}"#), []);
    assert_eq!(json::<Point>(br#"{"x":-1.5e1,"y":0.0}"#, &mut Vec::new()).map(|point| point.x), Some(-15));
    assert_eq!(found::<Point>(r#"{"x":0.5,"y":1e30}"#), expected(&[("/x", "type"), ("/y", "type")]));
    assert_eq!(found::<Body>(r#"{"name":"","kind":"","age":256}"#), expected(&[("/age", "range")]));
}

#[test]
fn a_byte_order_mark_before_the_body_is_none_of_it() {
    assert_eq!(found::<Point>("\u{feff}{\"x\":1,\"y\":2}"), []);
}

#[test]
fn offsets_that_do_not_exist_and_the_end_of_time_are_refused() {
    let body = |at: &str| format!(r#"{{"from":"{at}"}}"#);
    assert_eq!(found::<Period>(&body("2026-01-31T09:30:00+25:00")), expected(&[("/from", "invalid")]));
    assert_eq!(found::<Period>(&body("9999-12-31T23:59:59Z")), expected(&[("/from", "range")]));
    assert_eq!(found::<Period>(&body("2026-01-31T09:30:00+14:00")), []);
}

#[test]
fn a_parameter_counts_once() {
    let mut faults = Vec::new();
    let pairs = parameters("tier=hot&min=1&tier=cold&limit=1&tier=warm&limit=2", &mut faults);
    assert_eq!(pairs.len(), 3);
    let found: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    assert_eq!(found, [("?limit", "repeated"), ("?tier", "repeated")]);
}
