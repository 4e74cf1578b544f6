//! Checks and translations, by example and by property: whatever anybody posts, nothing panics, and no signature fits by luck.

mod lemlist;
mod website;

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;

use super::verify::{BODY_SECRET_HASH, SIGNATURE, TIMESTAMP};
use super::*;
use crate::secrets::token_hash;

fn now() -> Timestamp {
    "2026-11-20T15:08:21Z".parse().unwrap()
}

fn delivery(via: Via, source: &str, headers: &[(&str, &str)], body: &str) -> Delivery {
    Delivery {
        id: DeliveryId(Uuid::parse_str("019aa1f9-127d-7f65-a960-19086bd0fe18").unwrap()),
        via,
        source: source.to_owned(),
        token_hash: None,
        verdict: Verdict::Unproven,
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.to_owned(),
        received_at: now(),
    }
}

/// The events of pieces, each in our shape or why it is put aside.
fn events(pieces: Vec<Piece>) -> Vec<Result<Value, &'static str>> {
    pieces.into_iter().map(|piece| piece.event.map_err(|unknown| unknown.reason)).collect()
}

/// The events of a body in which everything is understood.
fn understood(pieces: Result<Vec<Piece>, Unknown>) -> Result<Vec<Value>, Unknown> {
    pieces?.into_iter().map(|piece| piece.event).collect()
}

/// An independent signature: not the code under test.
fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(&[timestamp.as_bytes(), b".", body].concat());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signed(signature: &str, timestamp: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(SIGNATURE.to_owned(), signature.to_owned()), (TIMESTAMP.to_owned(), timestamp.to_owned())])
}

#[track_caller]
fn check_signature(headers: &BTreeMap<String, String>, body: &[u8], secrets: &[&str], expected: Result<(), Rejection>) {
    let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    assert_eq!(verify(Via::Generic, headers, body, &secrets, now()), expected);
}

#[test]
fn signatures() {
    let (body, at) = (b"{\"event_type\":\"demo_requested\"}", now().as_second().to_string());
    let good = sign("new", &at, body);
    check_signature(&signed(&good, &at), body, &["new"], Ok(()));
    check_signature(&signed(&good.to_uppercase(), &at), body, &["new"], Ok(()));
    // During a rotation the secret before counts.
    check_signature(&signed(&sign("old", &at, body), &at), body, &["new", "old"], Ok(()));
    check_signature(&signed(&sign("older", &at, body), &at), body, &["new", "old"], Err(Rejection::BadSignature));
    check_signature(&signed(&good, &at), b"{}", &["new"], Err(Rejection::BadSignature));
    check_signature(&signed(&good[..62], &at), body, &["new"], Err(Rejection::BadSignature));
    check_signature(&signed("", &at), body, &["new"], Err(Rejection::BadSignature));
    check_signature(&signed(&good, &at), body, &[], Err(Rejection::NoSecretConfigured));
    check_signature(&signed(&good, "soon"), body, &["new"], Err(Rejection::NoTimestamp));
    check_signature(&BTreeMap::from([(SIGNATURE.to_owned(), good)]), body, &["new"], Err(Rejection::NoTimestamp));
    check_signature(&BTreeMap::new(), body, &["new"], Err(Rejection::NoSignature));
}

#[test]
fn clocks_may_differ_by_five_minutes() {
    for (offset, expected) in [
        (300, Ok(())),
        (-300, Ok(())),
        (301, Err(Rejection::StaleTimestamp)),
        (-301, Err(Rejection::StaleTimestamp)),
        (i64::MAX - now().as_second(), Err(Rejection::StaleTimestamp)),
    ] {
        let at = (now().as_second() + offset).to_string();
        check_signature(&signed(&sign("s", &at, b"x"), &at), b"x", &["s"], expected);
    }
    let at = i64::MIN.to_string();
    check_signature(&signed(&sign("s", &at, b"x"), &at), b"x", &["s"], Err(Rejection::StaleTimestamp));
}

#[test]
fn a_timestamp_cannot_move_into_the_body() {
    // The dot between timestamp and body is part of what is signed.
    let at = now().as_second().to_string();
    let signature = sign("s", &at, b"5.body");
    check_signature(&signed(&signature, &format!("{at}.5")), b"body", &["s"], Err(Rejection::NoTimestamp));
}

#[test]
fn reasons_come_back_from_their_words() {
    for word in [
        "no_token",
        "unknown_token",
        "bad_signature",
        "stale_timestamp",
        "wrong_secret",
        "no_secret",
        "not_text",
        "over_rate",
    ] {
        assert_eq!(Rejection::parse(word).map(Rejection::as_str), Some(word));
    }
    assert_eq!(Rejection::parse("spam"), None);
}

#[test]
fn secrets_in_bodies() {
    let presented = |secret: &str| BTreeMap::from([(BODY_SECRET_HASH.to_owned(), hex::encode(&token_hash(secret)))]);
    let check = |headers: &BTreeMap<String, String>, secrets: &[&str]| {
        let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        verify(Via::Lemlist, headers, b"{}", &secrets, now())
    };
    assert_eq!(check(&presented("a"), &["a"]), Ok(()));
    assert_eq!(check(&presented("b"), &["a", "b"]), Ok(()));
    assert_eq!(check(&presented("c"), &["a", "b"]), Err(Rejection::WrongSecret));
    assert_eq!(check(&presented("a"), &[]), Err(Rejection::NoSecretConfigured));
    assert_eq!(check(&BTreeMap::new(), &["a"]), Err(Rejection::NoSecretInBody));
}

#[test]
fn generic_bodies() {
    let translated = |body: &str| understood(translate(&delivery(Via::Generic, "partner", &[], body)));
    let reason = |body: &str| translated(body).unwrap_err().reason;
    assert_eq!(translated(r#"{"event_type":"x"}"#).unwrap(), [json!({"event_type": "x", "source": "partner"})]);
    // Another source stays, for validation to refuse.
    assert_eq!(translated(r#"[{"source":"portal"},7]"#).unwrap(), [json!({"source": "portal"}), json!(7)]);
    assert_eq!(reason("[]"), "empty");
    assert_eq!(reason("{"), "malformed");
    assert_eq!(reason(""), "malformed");
    assert_eq!(reason(&json!(vec![1; 501]).to_string()), "too_many");
    assert_eq!(translated(&json!(vec![1; 500]).to_string()).unwrap().len(), 500);
}

#[test]
fn one_event_that_cannot_be_read_costs_no_other() {
    let body = r#"[{"event_type":"x"},{"metadata":{"t":"\ud83d"}},{"metadata":{"n":1e400}},{"event_type":"y"}]"#;
    let pieces = translate(&delivery(Via::Generic, "partner", &[], body)).unwrap();
    assert_eq!(pieces[1].body, r#"{"metadata":{"t":"\ud83d"}}"#, "it is kept as it was sent");
    assert!(pieces[1].event.as_ref().unwrap_err().detail.starts_with("/metadata/t: "));
    let found = events(pieces);
    assert_eq!(
        found.iter().map(|event| event.as_ref().err().copied()).collect::<Vec<_>>(),
        [None, Some("malformed"), Some("malformed"), None]
    );
    let alone = all_bad(
        &delivery(Via::Generic, "partner", &[], ""),
        &translate(&delivery(Via::Generic, "partner", &[], r#"{"n":1e400}"#)).unwrap(),
    );
    assert_eq!(alone.unwrap().reason, "malformed");
}

#[test]
fn receipt_ids_depend_on_the_delivery_alone() {
    let id = DeliveryId(Uuid::parse_str("019aa1f9-127d-7f65-a960-19086bd0fe18").unwrap());
    assert_eq!(receipt_id(id, 0).0, id.0);
    let ids: std::collections::BTreeSet<_> = (0..500).map(|index| receipt_id(id, index)).collect();
    assert_eq!(ids.len(), 500);
    assert!(ids.iter().all(|other| other.0.as_bytes()[..6] == id.0.as_bytes()[..6] && other.0.get_version_num() == 7));
    assert_eq!(receipt_id(id, 3), receipt_id(id, 3));
}

#[test]
fn a_delivery_is_put_aside_whole_only_when_nothing_in_it_is_valid() {
    let good = json!({"event_type": "page_visited", "source": "partner", "lead_identifier": {"email": "a@b.de"}});
    let national = json!({"event_type": "page_visited", "source": "partner", "lead_identifier": {"phone": "555"}});
    let bad = json!({"event_type": "Page", "source": "other", "lead_identifier": {}});
    let aside = delivery(Via::Generic, "partner", &[], "");
    let bad_of = |events: &[&Value]| {
        let pieces = events.iter().map(|event| Piece { body: event.to_string(), event: Ok((*event).clone()) });
        all_bad(&aside, &pieces.collect::<Vec<_>>())
    };
    assert_eq!(bad_of(&[]), None);
    assert_eq!(bad_of(&[&bad, &good]), None);
    assert_eq!(bad_of(&[&national]), None);
    let Unknown { reason, detail: sentences } = bad_of(&[&bad, &bad]).unwrap();
    assert_eq!(reason, "invalid");
    for pointer in ["/0/event_type", "/0/source", "/0/lead_identifier", "/1/event_type"] {
        assert!(sentences.contains(pointer), "{sentences}");
    }
}

proptest! {
    #[test]
    fn only_the_signed_body_fits(body: Vec<u8>, other: Vec<u8>, secret in ".{1,40}", wrong in ".{1,40}") {
        let at = now().as_second().to_string();
        let headers = signed(&sign(&secret, &at, &body), &at);
        let with = |secret: &str, body: &[u8]| verify(Via::Generic, &headers, body, &[secret.to_owned()], now());
        prop_assert_eq!(with(&secret, &body), Ok(()));
        if other != body {
            prop_assert_eq!(with(&secret, &other), Err(Rejection::BadSignature));
        }
        if wrong != secret {
            prop_assert_eq!(with(&wrong, &body), Err(Rejection::BadSignature));
        }
    }

    #[test]
    fn no_signature_fits_by_luck(signature in "\\PC{0,80}", timestamp in "\\PC{0,20}", body: Vec<u8>) {
        prop_assert!(verify(Via::Generic, &signed(&signature, &timestamp), &body, &["s".to_owned()], now()).is_err());
    }

    #[test]
    fn a_changed_digit_breaks_a_signature(at in 0usize..64, digit in 0u32..16) {
        let time = now().as_second().to_string();
        let good = sign("s", &time, b"body");
        let mut changed: Vec<char> = good.chars().collect();
        changed[at] = char::from_digit(digit, 16).unwrap();
        let changed: String = changed.into_iter().collect();
        let verdict = verify(Via::Generic, &signed(&changed, &time), b"body", &["s".to_owned()], now());
        prop_assert_eq!(verdict.is_ok(), changed == good);
    }

    #[test]
    fn translating_anything_ends_well(body in "\\PC{0,400}", kind in 0u8..3, form: bool) {
        let via = [Via::Generic, Via::Lemlist, Via::Website][usize::from(kind)];
        let content_type = if form { "application/x-www-form-urlencoded" } else { "application/json" };
        if let Ok(events) = translate(&delivery(via, "website", &[("content-type", content_type)], &body)) {
            let mut events = events.iter().filter_map(|piece| piece.event.as_ref().ok());
            prop_assert!(events.all(|event| !event.is_object() || event["source"].is_string() || !event["source"].is_null()));
        }
    }
}
