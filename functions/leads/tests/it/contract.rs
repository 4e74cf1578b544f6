//! What every endpoint of leads refuses in the same way.

use serde_json::{Value, json};
use testkit::app::{RequestBuilder, TestApp};

use crate::support::{anna, create_in, faults, path};

/// Every endpoint of this area that works on one lead or on all, with a body it would accept.
fn endpoints<'a>(app: &'a TestApp, lead: &Value) -> Vec<(&'static str, RequestBuilder<'a>)> {
    vec![
        ("leads-list", app.get("/api/v1/leads")),
        ("leads-unrouted", app.get("/api/v1/leads/unrouted")),
        ("leads-stats", app.get("/api/v1/leads/stats")),
        ("leads-create", app.post("/api/v1/leads", &json!({"last_name": "Neu"}))),
        ("leads-get", app.get(&path(lead, ""))),
        ("leads-events", app.get(&path(lead, "/events"))),
        ("leads-scores", app.get(&path(lead, "/scores"))),
        ("leads-intents", app.get(&path(lead, "/intents"))),
        ("leads-decisions", app.get(&path(lead, "/decisions"))),
        ("leads-timeline", app.get(&path(lead, "/timeline"))),
        ("leads-update", app.patch(&path(lead, ""), &json!({"company": "Neu"}))),
        ("leads-delete", app.delete(&path(lead, ""))),
    ]
}

#[tokio::test]
async fn credentials_and_scope_come_first() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    for (name, request) in endpoints(&app, &lead) {
        let refused = request.send().await;
        assert_eq!(refused.status, 401, "{name} without credentials");
        refused.problem();
    }
    let elsewhere = app.token_with_scopes(&["deals:read", "deals:write"]);
    for (name, request) in endpoints(&app, &lead) {
        let refused = request.bearer(&elsewhere).send().await;
        assert_eq!(refused.status, 403, "{name} with another scope");
        assert!(refused.problem()["detail"].as_str().unwrap().contains("leads:"), "{name} names the scope");
    }
    let viewer = app.token("viewer");
    for (name, request) in endpoints(&app, &lead).split_off(10) {
        assert_eq!(request.bearer(&viewer).send().await.status, 403, "{name} as a viewer");
    }
    // Nothing of it happened.
    assert_eq!(
        crate::support::get(&app, &path(&lead, "")).await.expect(200).json::<Value>()["version"],
        lead["version"]
    );
}

#[tokio::test]
async fn unknown_query_parameters_are_refused() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let token = app.token("admin");
    for (name, request) in endpoints(&app, &lead) {
        let refused = request.query(&[("colour", "red"), ("limit", "0")]).bearer(&token).send().await;
        assert_eq!(refused.status, 400, "{name}");
        let mut found = faults(&refused);
        found.sort_unstable();
        let is_list = !["leads-stats", "leads-create", "leads-get", "leads-update", "leads-delete"].contains(&name);
        let expected = [("?colour", "unknown_field"), ("?limit", if is_list { "range" } else { "unknown_field" })];
        assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())), "{name}");
    }
}

#[tokio::test]
async fn another_tenants_leads_do_not_exist() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let other = app.new_tenant("other").await;
    let token = other.token("admin");
    for (name, request) in endpoints(&app, &lead).split_off(4) {
        let refused = request.bearer(&token).send().await;
        assert_eq!(refused.status, 404, "{name} of another tenant's lead");
        refused.problem();
    }
    for list in ["/api/v1/leads", "/api/v1/leads?q=anna", "/api/v1/leads/unrouted"] {
        let shown: Value = app.get(list).bearer(&token).send().await.expect(200).json();
        assert_eq!((&shown["data"], &shown["pagination"]["total"]), (&json!([]), &json!(0)), "{list}");
    }
    let stats: Value = app.get("/api/v1/leads/stats").bearer(&token).send().await.expect(200).json();
    assert_eq!(stats["total"], 0);
    // The same person may be a lead of both, and neither learns of the other.
    let theirs = create_in(&app, &other, &json!({"email": "anna@beispiel.de"})).await;
    assert_ne!(theirs["id"], lead["id"]);
    assert_eq!(
        crate::support::get(&app, &path(&lead, "")).await.expect(200).json::<Value>()["company"],
        "Beispiel GmbH"
    );
}

#[tokio::test]
async fn ids_that_are_none_are_not_found() {
    let app = TestApp::new().await;
    for rest in ["", "/events", "/scores", "/intents", "/decisions", "/timeline"] {
        for id in ["7", "0192c5a0-0000-7000-8000-000000000000"] {
            let refused = crate::support::get(&app, &format!("/api/v1/leads/{id}{rest}")).await;
            assert_eq!(refused.status, 404, "{id}{rest}");
        }
    }
}
