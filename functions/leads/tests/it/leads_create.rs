use serde_json::{Value, json};
use testkit::app::TestApp;

use crate::support::{anna, create, faults, get, member, path, tenant_id, uuid};

#[tokio::test]
async fn shows_what_was_typed_in_normal_form_and_scores_it() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let owner = member(&app, app.tenant(), "sam").await;
    let body = json!({
        "email": " Anna.Schmidt@Beispiel.DE ", "phone": "030 1234567", "linkedin_url": "https://de.linkedin.com/in/Anna-Schmidt/?x=1",
        "first_name": "Anna", "last_name": "Schmidt", "company": "Beispiel GmbH", "job_title": "Laborleiterin", "country": "de",
        "language": "de", "source": "conference", "tags": ["vip", "vip", "messe"], "custom": {"size": 40}, "owner_id": owner,
    });
    let response = app.post("/api/v1/leads", &body).bearer(&app.token("sales")).send().await.expect(201);
    let lead: Value = response.json();
    let id = lead["id"].as_str().unwrap();
    assert_eq!(response.header("location"), Some(format!("/api/v1/leads/{id}").as_str()));
    assert_eq!(response.header("etag"), Some("\"1\""));
    let expected = json!({
        "email": "anna.schmidt@beispiel.de", "phone": "+49301234567", "linkedin_url": "in/anna-schmidt", "country": "DE",
        "tags": ["vip", "messe"], "custom": {"size": 40}, "owner_id": owner, "status": "new", "tier": "cold", "source": "conference",
        // Business address, laboratory and country: five points each. One signal of weight 20 for b2b.
        "total_score": 15, "scores": {"demographic": 15, "engagement": 0, "behavior": 0}, "primary_intent": "b2b",
        "intent_confidence": 66.7, "intents": {"research": 0.0, "b2b": 66.7, "co_creation": 0.0}, "pipeline_id": null, "version": 1,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&lead[field], value, "{field}");
    }
    assert_eq!(get(&app, &path(&lead, "")).await.expect(200).json::<Value>()["email"], lead["email"]);
}

#[tokio::test]
async fn is_written_down_with_provenance_and_in_the_audit_log() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let db = app.db().await;
    let row = db.query_one("SELECT provenance FROM leads WHERE id = $1", &[&uuid(&lead["id"])]).await.unwrap();
    let provenance: Value = row.get(0);
    assert_eq!((&provenance["email"]["by"], &provenance["company"]["by"]), (&json!("person"), &json!("person")));
    let statement = "SELECT action, record_type, before, after, actor_kind FROM audit_log WHERE record_id = $1";
    let row = db.query_one(statement, &[&lead["id"].as_str()]).await.unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(4)), ("create", "lead", "person"));
    assert_eq!(row.get::<_, Option<Value>>(2), None);
    assert_eq!(row.get::<_, Value>(3)["email"], "anna@beispiel.de");
}

#[tokio::test]
async fn every_fault_at_once() {
    let app = TestApp::new().await;
    let body = json!({
        "email": "nobody", "country": "Germany", "tags": ["ok", " "], "custom": {"deep": {"a": 1}},
    });
    let refused = app.post("/api/v1/leads", &body).bearer(&app.token("sales")).send().await.expect(400);
    let mut found = faults(&refused);
    found.sort_unstable();
    let expected =
        [("/country", "unknown_value"), ("/custom/deep", "type"), ("/email", "bad_identifier"), ("/tags/1", "empty")];
    assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));

    let body = json!({"email": 7, "status": "customer"});
    let refused = app.post("/api/v1/leads", &body).bearer(&app.token("sales")).send().await.expect(400);
    let mut found = faults(&refused);
    found.sort_unstable();
    assert_eq!(found, [("/email", "type"), ("/status", "unknown_field")].map(|(p, c)| (p.to_owned(), c.to_owned())));

    let refused =
        app.post("/api/v1/leads", &json!({"first_name": "Anna"})).bearer(&app.token("sales")).send().await.expect(400);
    assert_eq!(faults(&refused), [(String::new(), "required".to_owned())]);
}

#[tokio::test]
async fn links_must_exist_in_this_tenant() {
    let app = TestApp::new().await;
    let other = app.new_tenant("other").await;
    let stranger = member(&app, &other, "sam").await;
    let body =
        json!({"last_name": "Neu", "owner_id": stranger, "organization_id": "0192c5a0-0000-7000-8000-000000000000"});
    let refused = app.post("/api/v1/leads", &body).bearer(&app.token("sales")).send().await.expect(400);
    assert_eq!(
        faults(&refused),
        [("/organization_id", "unknown_value"), ("/owner_id", "unknown_value")]
            .map(|(p, c)| (p.to_owned(), c.to_owned()))
    );
}

#[tokio::test]
async fn a_known_person_is_refused_with_the_match() {
    let app = TestApp::new().await;
    let first = anna(&app).await;
    let body = json!({"email": "ANNA@beispiel.de", "phone": "+49 30 1234567"});
    let refused = app.post("/api/v1/leads", &body).bearer(&app.token("sales")).send().await.expect(409);
    let problem = refused.problem();
    assert_eq!(problem["code"], "duplicate_lead");
    assert_eq!(problem["matches"][0]["lead_id"], first["id"]);
    assert_eq!(problem["matches"][0]["matched"], json!(["email"]));
    assert_eq!(problem["matches"].as_array().unwrap().len(), 1);
    let count: i64 = app.db().await.query_one("SELECT count(*) FROM leads", &[]).await.unwrap().get(0);
    assert_eq!(count, 1);
}

#[tokio::test]
async fn force_makes_the_lead_and_notes_the_suspicion() {
    let app = TestApp::new().await;
    let first = anna(&app).await;
    let body = json!({"email": "anna@beispiel.de", "phone": "+49 30 1234567", "last_name": "Schmitt"});
    let made = app.post("/api/v1/leads?force=true", &body).bearer(&app.token("sales")).send().await.expect(201);
    let second: Value = made.json();
    assert_eq!(second["email"], "anna@beispiel.de");
    // The address stays with the first lead, the free number goes to the second.
    let statement = "SELECT kind, lead_id FROM lead_identifiers WHERE tenant_id = $1 ORDER BY kind";
    let rows = app.db().await.query(statement, &[&tenant_id(&app)]).await.unwrap();
    let owners: Vec<(String, uuid::Uuid)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(owners, [("email".to_owned(), uuid(&first["id"])), ("phone".to_owned(), uuid(&second["id"]))]);
    for (lead, other) in [(&first, &second), (&second, &first)] {
        let shown: Value = get(&app, &path(lead, "")).await.expect(200).json();
        assert_eq!(shown["suspected_duplicates"], json!([other["id"]]));
    }
}

#[tokio::test]
async fn two_requests_at_once_make_one_lead() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let token = app.token("sales");
    let send = || app.post("/api/v1/leads", &json!({"email": "anna@beispiel.de"})).bearer(&token).send();
    let (a, b, c) = tokio::join!(send(), send(), send());
    let mut statuses = [a.status, b.status, c.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409]);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_answer() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let token = app.token("sales");
    let send = || {
        let request = app.post("/api/v1/leads", &json!({"email": "anna@beispiel.de"}));
        request.bearer(&token).header("idempotency-key", "once").send()
    };
    let first: Value = send().await.expect(201).json();
    let second: Value = send().await.expect(201).json();
    assert_eq!(first, second);
}

#[tokio::test]
async fn a_lead_without_identifiers_is_possible() {
    let app = TestApp::new().await;
    let lead = create(&app, &json!({"company": "Beispiel GmbH"})).await;
    assert_eq!((&lead["company"], &lead["email"]), (&json!("Beispiel GmbH"), &Value::Null));
}
