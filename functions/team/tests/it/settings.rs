use serde_json::{Value, json};
use testkit::{Method, Response, TestApp};

use crate::member;
use crate::support::{pointers, refuses_strangers};

const SETTINGS: &str = "/api/v1/settings";

async fn change(app: &TestApp, body: Value) -> Response {
    app.patch(SETTINGS, &body).bearer(&app.token("admin")).send().await
}

async fn version_of_rules(app: &TestApp) -> i32 {
    let statement = "SELECT rule_set_version FROM tenants WHERE slug = 'test'";
    app.db().await.query_one(statement, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn everybody_reads_and_administrators_write() {
    let app = TestApp::new().await;
    let answer = app.get(SETTINGS).bearer(&app.token("viewer")).send().await.expect(200);
    let before: Value = answer.json();
    assert_eq!(answer.header("etag"), Some(format!("\"{}\"", before["version"]).as_str()));
    assert_eq!(
        (&before["zone"], &before["country"], &before["state"]),
        (&json!("Europe/Berlin"), &json!("DE"), &json!(null))
    );
    assert_eq!((&before["lost_reasons"][0], &before["stuck_after_days"]), (&json!("Preis"), &json!(14)));
    for role in ["manager", "sales", "viewer"] {
        app.patch(SETTINGS, &json!({"name": "x"})).bearer(&app.token(role)).send().await.expect(403).problem();
    }
    let rules = version_of_rules(&app).await;
    let sam = member(&app, "sam").await;
    let goals = json!([{"won_minor_per_month": 5_000_000}, {"member_id": sam["id"], "won_minor_per_month": 900_000}]);
    let body = json!({"state": "de-by", "lost_reasons": [" Zu teuer ", "Kein Bedarf"], "stuck_after_days": 21, "goals": goals});
    let after: Value = change(&app, body).await.expect(200).json();
    assert_eq!((&after["state"], &after["goals"]), (&json!("DE-BY"), &goals));
    assert_eq!((&after["lost_reasons"], &after["stuck_after_days"]), (&json!(["Zu teuer", "Kein Bedarf"]), &json!(21)));
    assert_eq!(version_of_rules(&app).await, rules, "no rule reads these");
    let shown: Value = app.get(SETTINGS).bearer(&app.token("sales")).send().await.expect(200).json();
    assert_eq!(shown, after);
    let cleared: Value =
        change(&app, json!({"state": null, "lost_reasons": null, "goals": null})).await.expect(200).json();
    assert_eq!(
        (&cleared["state"], &cleared["goals"], &cleared["lost_reasons"]),
        (&json!(null), &json!([]), &before["lost_reasons"])
    );
    let same: Value = change(&app, json!({"stuck_after_days": 21})).await.expect(200).json();
    assert_eq!(same["version"], cleared["version"], "nothing changed");
    let lines = "SELECT before->>'state', after->>'state' FROM audit_log WHERE record_type = 'tenant' AND actor_kind = 'person' ORDER BY at";
    let lines = app.db().await.query(lines, &[]).await.unwrap();
    let states: Vec<(Option<String>, Option<String>)> = lines.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(states, [(None, Some("DE-BY".to_owned())), (Some("DE-BY".to_owned()), None)]);
}

#[tokio::test]
async fn every_function_knows_the_new_zone_and_country() {
    let app = TestApp::new().await;
    let rules = version_of_rules(&app).await;
    // The function has its tenant in mind by now.
    let lead = json!({"last_name": "Meier", "phone": "030 2345678"});
    let lead: Value = app.post("/api/v1/leads", &lead).bearer(&app.token("sales")).send().await.expect(201).json();
    assert_eq!(lead["phone"], "+49302345678");
    change(&app, json!({"zone": "Europe/Vienna", "country": "at", "state": "AT-9", "language": "en"}))
        .await
        .expect(200);
    assert_eq!(version_of_rules(&app).await, rules, "no rule has changed: no lead is read again from its log");
    let me: Value = app.get("/api/v1/auth/me").bearer(&app.token("viewer")).send().await.expect(200).json();
    assert_eq!((&me["tenant"]["zone"], &me["tenant"]["language"]), (&json!("Europe/Vienna"), &json!("en")));
    let lead = json!({"last_name": "Huber", "phone": "01 2345678"});
    let lead: Value = app.post("/api/v1/leads", &lead).bearer(&app.token("sales")).send().await.expect(201).json();
    assert_eq!(lead["phone"], "+4312345678", "dialled within Austria");
}

#[tokio::test]
async fn names_every_fault_and_guards_against_lost_updates() {
    let app = TestApp::new().await;
    let body = json!({"name": "", "zone": "Mars/Base", "language": null, "country": "XX", "state": "DE-XX",
        "lost_reasons": ["a", "a", ""], "stuck_after_days": 0,
        "goals": [{"won_minor_per_month": -1}, {"won_minor_per_month": 2}]});
    let mut found = pointers(&change(&app, body).await.expect(400));
    found.sort_unstable();
    let expected = [
        "/country",
        "/goals/0/won_minor_per_month",
        "/goals/1/member_id",
        "/language",
        "/lost_reasons/1",
        "/lost_reasons/2",
        "/name",
        "/state",
        "/stuck_after_days",
        "/zone",
    ];
    assert_eq!(found, expected);
    assert_eq!(pointers(&change(&app, json!({"currency": "USD", "slug": "x"})).await.expect(400)).len(), 2);
    // A state is one of its country, also when the country becomes another.
    change(&app, json!({"state": "DE-BE"})).await.expect(200);
    assert_eq!(pointers(&change(&app, json!({"country": "AT"})).await.expect(400)), ["/state"]);
    change(&app, json!({"country": "CH", "state": null})).await.expect(200);
    let other = app.new_tenant("other").await;
    let theirs: Value = app.get("/api/v1/team").bearer(&other.token("viewer")).send().await.expect(200).json();
    let sam = member(&app, "sam").await;
    let [first, second] = [0_usize, 1].map(|n| json!({"member_id": theirs["data"][n]["id"], "won_minor_per_month": 1}));
    let goals = json!([second, {"member_id": sam["id"], "won_minor_per_month": 1}, first]);
    let mut found = pointers(&change(&app, json!({ "goals": goals })).await.expect(400));
    found.sort_unstable();
    assert_eq!(found, ["/goals/0/member_id", "/goals/2/member_id"]);
    // A goal of somebody who has gone is in nobody's way.
    let gone = "UPDATE tenants SET goals = jsonb_build_array(jsonb_build_object('member_id', gen_random_uuid(), 'won_minor_per_month', 1))
        WHERE slug = 'test'";
    app.db().await.execute(gone, &[]).await.unwrap();
    change(&app, json!({"stuck_after_days": 9})).await.expect(200);
    let with = |version: &str| {
        app.patch(SETTINGS, &json!({"name": "Neu"})).bearer(&app.token("admin")).header("if-match", version).send()
    };
    with("\"0\"").await.expect(412);
    let shown: Value = app.get(SETTINGS).bearer(&app.token("viewer")).send().await.expect(200).json();
    with(&format!("\"{}\"", shown["version"])).await.expect(200);
    refuses_strangers(&app, Method::GET, SETTINGS, None, "team:read").await;
    refuses_strangers(&app, Method::PATCH, SETTINGS, Some(&json!({"name": "x"})), "settings:write").await;
}
