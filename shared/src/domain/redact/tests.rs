//! Secrets taken out.

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(shown(text), expected);
}

#[test]
fn secrets_are_not_shown() {
    check(r#"{"secret":"abc","a":1}"#, r#"{"secret":"[removed]","a":1}"#);
    check(r#"{ "Client_Secret" : "a\"b" , "a":1}"#, r#"{ "Client_Secret" : "[removed]" , "a":1}"#);
    check(r#"{"password":12345}"#, r#"{"password":"[removed]"}"#);
    check(r#"{"body":"{\"secret\":\"abc\",\"a\":1}"}"#, r#"{"body":"{\"secret\":"[removed]",\"a\":1}"}"#);
    // Cut in the middle of the value.
    check(r#"{"secret":"ab"#, r#"{"secret":"[removed]""#);
    check(r#"{"secret":"ab\"#, r#"{"secret":"[removed]""#);
    check("email=a&password=b&c=d", "email=a&password=[removed]&c=d");
    check("api_key=b", "api_key=[removed]");
    // Not secrets.
    check(r#"{"secretary":"Frau Meier"}"#, r#"{"secretary":"Frau Meier"}"#);
    check("nothing to see", "nothing to see");
}

#[test]
fn the_secret_leaves_the_body() {
    let (rest, secret) = take_secret(r#"{"type":"x","secret":"a\"b","n": 1.10 ,"z":[ 1 ]}"#);
    assert_eq!((&*rest, secret.as_deref()), (r#"{"n":1.10,"type":"x","z":[ 1 ]}"#, Some("a\"b")));
    assert_eq!(take_secret(r#"{"type":"x"}"#), (r#"{"type":"x"}"#.into(), None));
    assert_eq!(take_secret(r#"{"secret":7}"#).1.as_deref(), Some("7"));
    // Named twice: both leave.
    assert_eq!(take_secret(r#"{"secret":"a","secret":"b"}"#).0, "{}");
    assert_eq!(take_secret("\u{feff}{\"secret\":\"a\"}"), ("{}".into(), Some("a".to_owned())));
    for (odd, left) in [
        (r#"[{"secret":"hush"}]"#, r#"[{"secret":"[removed]"}]"#),
        (r#"{"data":{"secret":"hush"}}"#, r#"{"data":{"secret":"[removed]"}}"#),
        (r#"{"Secret":"hush"}"#, r#"{"Secret":"[removed]"}"#),
        (r#"{"secret":"hush"} and more"#, r#"{"secret":"[removed]"} and more"#),
        ("secret=hush&a=1", "secret=[removed]&a=1"),
    ] {
        assert_eq!(take_secret(odd), (left.into(), None));
    }
    for odd in ["", "[1]", "{", "\"secret\""] {
        assert_eq!(take_secret(odd), (odd.into(), None));
    }
}

proptest! {
    #[test]
    fn no_secret_survives(secret in "\\PC{1,40}", before in "[a-z ]{0,10}", cut in 0usize..200) {
        let marked = format!("hush{secret}hush");
        let body = json!({"a": before, "secret": marked, "z": 1}).to_string();
        prop_assert!(!shown(&body).contains("hush"), "{}", shown(&body));
        let cut: String = body.chars().take(cut).collect();
        prop_assert!(!shown(&cut).contains("hush"), "{}", shown(&cut));
        let (rest, taken) = take_secret(&body);
        prop_assert_eq!(taken, Some(marked));
        prop_assert!(!rest.contains("hush"));
    }

    #[test]
    fn showing_anything_ends_well(text in "\\PC{0,300}") {
        shown(&text);
        take_secret(&text);
    }
}
