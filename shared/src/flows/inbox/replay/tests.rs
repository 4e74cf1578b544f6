//! Rows into messages.

use serde_json::json;

use super::*;

fn delivery(source: &str, headers: &[(&str, &str)], body: &str) -> Delivery {
    Delivery {
        id: DeliveryId(Uuid::from_u128(7)),
        via: Via::Lemlist,
        source: source.to_owned(),
        token_hash: None,
        verdict: Verdict::Unproven,
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.to_owned(),
        received_at: "2026-11-20T15:08:21Z".parse().unwrap(),
    }
}

fn kept(row: Parked) -> Kept {
    Kept {
        id: row.id,
        kind: row.kind.to_owned(),
        source: row.source,
        queue: row.queue.map(str::to_owned),
        reason: row.reason,
        detail: row.detail,
        body_bytes: 0,
        body: row.body,
        headers: row.headers,
        received_at: row.received_at,
        status: "open".to_owned(),
        replayed_at: None,
        replays: 0,
    }
}

#[test]
fn a_replayed_row_is_the_delivery_it_was() {
    let tenant = TenantId(Uuid::from_u128(5));
    let mut sent = delivery("lemlist", &[(BODY_SECRET_HASH, "ab"), ("content-type", "x")], "{\"raw\": \u{1}}");
    sent.token_hash = Some("cd".to_owned());
    for (checked, verdict) in [(true, Verdict::Proven { tenant_id: tenant }), (false, Verdict::Unproven)] {
        let park = Park { tenant: Some(tenant), reason: "r".to_owned(), detail: "d".to_owned(), checked };
        let row = kept(park.row(&sent));
        assert!(!json!(shown_headers(&row.headers)).to_string().contains("ab"));
        let (queue, body) = message(&row, tenant, false).unwrap().unwrap();
        let expected = Inbound::Delivery(Delivery { verdict, ..sent.clone() });
        assert_eq!(queue, "events");
        assert_eq!(serde_json::from_str::<Value>(body.get()).unwrap(), json!(expected));
    }
}

#[test]
fn messages_go_back_letter_for_letter_or_not_at_all() {
    let tenant = TenantId(Uuid::from_u128(5));
    let park = Park { tenant: None, reason: String::new(), detail: String::new(), checked: false };
    let row = kept(park.row(&delivery("x", &[], "{ \"b\" : 1.10, \"a\" : 2 }")));
    let on = |queue: &str, body: &str| Kept { queue: Some(queue.to_owned()), body: body.to_owned(), ..row.clone() };
    let (queue, body) = message(&on("slack", &row.body), tenant, false).unwrap().unwrap();
    assert_eq!((queue, body.get()), ("slack", "{ \"b\" : 1.10, \"a\" : 2 }"));
    assert_eq!(message(&on("slack", "no json"), tenant, false).unwrap().unwrap_err(), "not_json");
    assert_eq!(message(&on("jobs", "{}"), tenant, false).unwrap().unwrap_err(), "unknown_queue");
    let large = json!("x".repeat(crate::aws::queues::MAX_BODY)).to_string();
    assert_eq!(message(&on("slack", &large), tenant, false).unwrap().unwrap_err(), "too_large");
    let bare = Kept { headers: json!({"content-type": "x"}), ..row };
    assert_eq!(message(&bare, tenant, false).unwrap().unwrap_err(), "incomplete");
}

#[test]
fn what_has_lost_bytes_is_not_made_final() {
    let park = Park { tenant: None, reason: "not_text".to_owned(), detail: String::new(), checked: false };
    let row = kept(park.row(&delivery("website", &[], "name=M\u{fffd}ller")));
    assert_eq!(message(&row, TenantId(Uuid::from_u128(5)), true).unwrap().unwrap_err(), "damaged");
}

#[test]
fn spam_passes_when_somebody_names_it() {
    let tenant = TenantId(Uuid::from_u128(5));
    let sent = delivery("website", &[("content-type", "x")], "hp=1");
    let row = |reason: &str| {
        kept(Park { tenant: Some(tenant), reason: reason.to_owned(), detail: String::new(), checked: true }.row(&sent))
    };
    let released = |reason: &str, named: bool| {
        let (_, body) = message(&row(reason), tenant, named).unwrap().unwrap();
        serde_json::from_str::<Value>(body.get()).unwrap()["headers"].get(RELEASED).is_some()
    };
    assert!(released(SPAM, true) && !released(SPAM, false) && !released("invalid", true));
    let shown = shown_headers(
        &json!({"via": "website", "token_hash": null, "checked": true, "headers": {"released": "", "content-type": "x"}}),
    );
    assert_eq!(shown.into_keys().collect::<Vec<_>>(), ["content-type"]);
}
