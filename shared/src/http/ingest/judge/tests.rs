//! Events of API keys and people, judged one by one.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::failure::Fault;
use crate::messages::events::{MAX_PACKED_BYTES, MAX_RECEIPTS, packed};
use crate::views::events::ReceiptStatus;

fn now() -> Timestamp {
    "2026-11-20T15:08:21Z".parse().unwrap()
}

fn event(changes: Value) -> Value {
    let mut event = json!({"event_type": "page_visited", "source": "portal", "lead_identifier": {"email": "a@b.de"}});
    for (name, value) in changes.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

fn judge(body: &Value, country: Option<Country>, idempotency_key: Option<&str>) -> Result<Judged, Failure> {
    let bounds = Bounds { source: Some("portal"), country, idempotency_key, received_at: now() };
    let mut ids = 0_u128;
    Submitted::read(body.to_string().as_bytes())?.judge(&bounds, || {
        ids += 1;
        Uuid::from_u128(ids)
    })
}

fn faults(outcome: Result<Judged, Failure>) -> Vec<Fault> {
    match outcome {
        Err(Failure::Invalid(faults)) => faults,
        other => panic!("expected faults, got {other:?}"),
    }
}

fn judge_text(body: &str) -> Result<Judged, Failure> {
    let bounds =
        Bounds { source: Some("portal"), country: Some(Country::default()), idempotency_key: None, received_at: now() };
    Submitted::read(body.as_bytes())?.judge(&bounds, || Uuid::from_u128(1))
}

#[test]
fn one_event_that_cannot_be_read_costs_no_other() {
    let good = event(json!({})).to_string();
    let bad = |metadata: &str| good.replacen('{', &format!(r#"{{"metadata":{{"t":{metadata}}},"#), 1);
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let body = format!("\u{feff}[{good},{},{},{},{good}]", bad(r#""\ud83d""#), bad("1e400"), bad(&deep));
    let judged = judge_text(&body).unwrap();
    assert_eq!((judged.reply.accepted, judged.reply.rejected), (2, 3));
    let found: Vec<_> = judged.reply.receipts.iter().flat_map(|receipt| &receipt.errors).collect();
    let places: Vec<_> = found.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    let deep = "/3/metadata/t/0/0/0/0/0/0";
    assert_eq!(places, [("/1/metadata/t", "malformed"), ("/2/metadata/t", "malformed"), (deep, "malformed")]);
    let alone = faults(judge_text(&bad("1e400")));
    assert_eq!((alone[0].pointer.as_str(), alone[0].code), ("/metadata/t", "malformed"));
}

#[test]
fn an_answer_explains_two_hundred_faults() {
    let mut bad = event(json!({}));
    for number in 0..60 {
        bad[format!("field_{number}")] = json!(1);
    }
    let many = vec![bad; 499];
    let all = faults(judge(&json!(many), Some(Country::default()), None));
    assert_eq!(all.len(), MAX_NAMED);
    assert!(json!(all).to_string().len() < 200_000);
    let mut mixed = many;
    mixed.push(event(json!({"lead_identifier": {"email": "a@b.de", "phone": "keine"}})));
    let judged = judge(&json!(mixed), Some(Country::default()), None).unwrap();
    assert_eq!(
        (judged.reply.accepted, judged.reply.rejected),
        (1, 499),
        "what is not explained is judged all the same"
    );
    assert!(json!(judged.reply).to_string().len() < 300_000);
}

#[test]
fn what_could_not_be_read_is_told_as_a_warning() {
    let body = event(json!({"lead_identifier": {"email": "a@b.de", "phone": "0301 keine", "linkedin_url": "x"}}));
    let judged = judge(&body, Some(Country::default()), None).unwrap();
    let warned = |judged: &Judged| -> Vec<String> {
        judged.reply.receipts[0].warnings.iter().map(|warning| warning.pointer.clone()).collect()
    };
    assert_eq!(warned(&judged), ["/lead_identifier/linkedin_url", "/lead_identifier/phone"]);
    // While the tenant's country is not known, a number may yet turn out to be one.
    assert_eq!(warned(&judge(&body, None, None).unwrap()), ["/lead_identifier/linkedin_url"]);
}

#[test]
fn verdict_per_event() {
    let body =
        json!([event(json!({})), event(json!({})), event(json!({"occurred_at": "2020-01-01T00:00:00Z", "extra": 1}))]);
    let judged = judge(&body, Some(Country::default()), None).unwrap();
    assert_eq!((judged.reply.accepted, judged.reply.rejected, judged.accepted.len()), (2, 1, 2));
    assert_eq!(judged.reply.receipts[2].status, ReceiptStatus::Rejected);
    let pointers: Vec<_> = judged.reply.receipts[2].errors.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/2/extra", "/2/occurred_at"]);
    assert_eq!(
        json!(judged.reply.receipts[0]),
        json!({"index": 0, "id": "00000000-0000-0000-0000-000000000001", "status": "accepted"})
    );
}

#[test]
fn all_rejected_names_every_fault() {
    let pointers = |body: Value| -> Vec<String> {
        faults(judge(&body, Some(Country::default()), None)).into_iter().map(|fault| fault.pointer).collect()
    };
    assert_eq!(pointers(json!([event(json!({"source": "other"})), 7])), ["/0/source", "/1"]);
    assert_eq!(pointers(event(json!({"source": "other"}))), ["/source"]);
    assert_eq!(pointers(json!("text")), [""]);
}

#[test]
fn sizes() {
    let code = |body: &str| match Submitted::read(body.as_bytes()) {
        Err(Failure::Invalid(faults)) => faults[0].code,
        _ => "",
    };
    assert_eq!(code("[]"), "empty");
    assert_eq!(code(""), "malformed");
    assert_eq!(code("[1,"), "malformed");
    assert_eq!(code(&json!(vec![1; 501]).to_string()), "too_many");
    assert_eq!(code(&json!(vec![1; 500]).to_string()), "");
}

#[test]
fn phone_numbers_wait_for_the_tenant_when_it_is_not_known() {
    let odd = |phone: &str| event(json!({"lead_identifier": {"phone": phone}}));
    assert!(judge(&odd("555"), None, None).is_ok());
    assert_eq!(faults(judge(&odd("555"), Some(Country::default()), None))[0].pointer, "/lead_identifier/phone");
    let other = event(json!({"lead_identifier": {"phone": "555"}, "extra": 1}));
    assert_eq!(faults(judge(&other, None, None)).len(), 2);
    let national = |body: Value| Submitted::read(body.to_string().as_bytes()).unwrap().has_national_phone();
    assert!(national(json!([1, odd(" 030 123")])));
    assert!(!national(json!([1, odd(" +49 30 123"), event(json!({}))])));
}

#[test]
fn an_idempotency_key_names_what_nothing_else_does() {
    let external = |body: &Value, key: &str, index: usize| {
        sent(&judge(body, None, Some(key)).unwrap().accepted[index]).get("external_id").cloned()
    };
    let plain = json!([event(json!({})), event(json!({"external_id": null}))]);
    let first = external(&plain, "k", 0).unwrap();
    assert_eq!(external(&plain, "k", 0), Some(first.clone()));
    assert_ne!(external(&plain, "k", 1), Some(first.clone()));
    assert_ne!(external(&plain, "other", 0), Some(first.clone()));
    assert!(first.as_str().unwrap().len() <= 200);
    let other = json!([event(json!({"metadata": {"page_path": "/"}}))]);
    assert_ne!(external(&other, "k", 0), Some(first), "another event under the same key");
    // The sender's own id, or a moment to derive one from, goes first.
    assert_eq!(external(&event(json!({"external_id": "x"})), "k", 0), Some(json!("x")));
    assert_eq!(external(&event(json!({"occurred_at": "2026-11-20T15:00:00Z"})), "k", 0), None);
    assert_eq!(sent(&judge(&plain, None, None).unwrap().accepted[0]).get("external_id"), None);
}

/// The event of a receipt.
fn sent(receipt: &Receipt) -> Value {
    serde_json::from_str(receipt.event.get()).unwrap()
}

fn receipts(sizes: &[usize]) -> Vec<Receipt> {
    let receipt = |(n, size): (usize, &usize)| {
        Receipt::of(EventId(Uuid::from_u128(n as u128)), &json!("x".repeat(*size))).unwrap()
    };
    sizes.iter().enumerate().map(receipt).collect()
}

proptest! {
    /// Nothing is lost, the order stays, and no message is too full.
    #[test]
    fn packing(sizes in proptest::collection::vec(0usize..80_000, 0..40), small in 0usize..400) {
        let sizes = [sizes, vec![10; small]].concat();
        let sent = receipts(&sizes);
        let groups = packed(sent.clone());
        let ids: Vec<EventId> = groups.iter().flatten().map(|receipt| receipt.id).collect();
        prop_assert_eq!(ids, sent.iter().map(|receipt| receipt.id).collect::<Vec<_>>());
        for group in &groups {
            prop_assert!((1..=MAX_RECEIPTS).contains(&group.len()));
            prop_assert!(group.len() == 1 || serde_json::to_string(group).unwrap().len() <= MAX_PACKED_BYTES + 1024);
        }
    }

    #[test]
    fn any_body_gets_an_answer(body in "\\PC{0,300}") {
        let bounds = Bounds { source: None, country: None, idempotency_key: Some("k"), received_at: now() };
        if let Ok(submitted) = Submitted::read(body.as_bytes()) {
            submitted.has_national_phone();
            let _verdict = submitted.judge(&bounds, Uuid::nil);
        }
    }
}
