use serde_json::{Value, json};
use testkit::app::{Response, TestApp};

use crate::support::{anna, create, faults, get, member, path, uuid};

async fn patch(app: &TestApp, lead: &Value, body: Value) -> Response {
    app.patch(&path(lead, ""), &body).bearer(&app.token("sales")).send().await
}

async fn identifiers(app: &TestApp, lead: &Value) -> Vec<String> {
    let statement = "SELECT value FROM lead_identifiers WHERE lead_id = $1 ORDER BY value";
    let rows = app.db().await.query(statement, &[&uuid(&lead["id"])]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// An event of the same person holds what they are known by and then wants the lead: neither waits for the other in a circle.
#[tokio::test]
async fn a_change_takes_its_locks_as_the_event_path_does() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let id = uuid(&lead["id"]);
    let mut event = app.db().await;
    let event = event.transaction().await.unwrap();
    let statement = "INSERT INTO lead_identifiers (tenant_id, kind, value, lead_id) SELECT tenant_id, 'email', 'new@beispiel.de', id FROM leads WHERE id = $1";
    event.execute(statement, &[&id]).await.unwrap();
    let change = patch(&app, &lead, json!({"email": "new@beispiel.de"}));
    let waited = async {
        assert!(app.somebody_waits_for_a_lock().await, "the address is being given to somebody");
        let locked = "SELECT FROM leads WHERE id = $1 FOR NO KEY UPDATE NOWAIT";
        let locked = event.query_one(locked, &[&id]).await.map(|_| ());
        event.rollback().await.unwrap();
        locked
    };
    let (answer, locked) = tokio::join!(change, waited);
    locked.unwrap_or_else(|error| panic!("the change holds the lead while it waits for an identifier: {error}"));
    answer.expect(200);
    assert!(identifiers(&app, &lead).await.contains(&"new@beispiel.de".to_owned()));
}

#[tokio::test]
async fn absent_keeps_null_clears() {
    let app = TestApp::new().await;
    let owner = member(&app, app.tenant(), "sam").await;
    let lead = create(
        &app,
        &json!({
            "email": "anna@beispiel.de", "company": "Alt GmbH", "job_title": "Chefin", "tags": ["a"], "custom": {"size": 4, "city": "Köln"},
            "owner_id": owner,
        }),
    )
    .await;
    let body = json!({"company": "Neu GmbH", "job_title": null, "tags": ["b", "c"], "custom": {"size": 5, "city": null, "zip": "1"}});
    let response = patch(&app, &lead, body).await.expect(200);
    assert_eq!(response.header("etag"), Some("\"2\""));
    let changed: Value = response.json();
    let expected = json!({
        "email": "anna@beispiel.de", "company": "Neu GmbH", "job_title": null, "tags": ["b", "c"], "custom": {"size": 5, "zip": "1"},
        "owner_id": owner, "version": 2,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&changed[field], value, "{field}");
    }
    let cleared: Value =
        patch(&app, &lead, json!({"owner_id": null, "custom": null, "tags": null})).await.expect(200).json();
    assert_eq!((&cleared["owner_id"], &cleared["custom"], &cleared["tags"]), (&Value::Null, &json!({}), &json!([])));
}

#[tokio::test]
async fn a_changed_profile_is_scored_again() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    assert_eq!(lead["total_score"], 5);
    let changed: Value =
        patch(&app, &lead, json!({"country": "AT", "job_title": "Laborleiterin"})).await.expect(200).json();
    assert_eq!((&changed["total_score"], &changed["primary_intent"]), (&json!(15), &json!("b2b")));
    let back: Value = patch(&app, &lead, json!({"country": "FR", "job_title": null})).await.expect(200).json();
    assert_eq!((&back["total_score"], &back["primary_intent"]), (&json!(5), &Value::Null));
}

#[tokio::test]
async fn what_no_rule_can_read_is_not_evaluated() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    // Whoever evaluates holds the rules together with others, and waits while somebody has them alone.
    let db = app.db().await;
    let tenant = app.tenant().id.clone();
    db.execute("SELECT pg_advisory_lock(hashtextextended('rules:' || $1, 0))", &[&tenant]).await.unwrap();
    let tagged: Value = patch(&app, &lead, json!({"tags": ["vip"]})).await.expect(200).json();
    assert_eq!(tagged["tags"], json!(["vip"]));
    let release = async {
        assert!(app.somebody_waits_for_a_lock().await, "another company is something rules may read");
        db.execute("SELECT pg_advisory_unlock(hashtextextended('rules:' || $1, 0))", &[&tenant]).await.unwrap();
    };
    let (changed, ()) = tokio::join!(patch(&app, &lead, json!({"company": "Neu GmbH"})), release);
    assert_eq!(changed.expect(200).json::<Value>()["company"], "Neu GmbH");
}

#[tokio::test]
async fn identifiers_follow() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let changed: Value =
        patch(&app, &lead, json!({"email": "Anna@Neu.de", "phone": "030/1234567"})).await.expect(200).json();
    assert_eq!((&changed["email"], &changed["phone"]), (&json!("anna@neu.de"), &json!("+49301234567")));
    // Events under the old address still belong to the same person.
    assert_eq!(identifiers(&app, &lead).await, ["+49301234567", "anna@beispiel.de", "anna@neu.de"]);
    patch(&app, &lead, json!({"email": null})).await.expect(200);
    assert_eq!(identifiers(&app, &lead).await, ["+49301234567", "anna@beispiel.de"]);
}

#[tokio::test]
async fn an_address_that_is_given_up_is_the_other_leads_who_shows_it() {
    let app = TestApp::new().await;
    let first = anna(&app).await;
    let body = json!({"email": "anna@beispiel.de", "last_name": "Schmitt"});
    let force = || async {
        app.post("/api/v1/leads?force=true", &body).bearer(&app.token("sales")).send().await.expect(201).json::<Value>()
    };
    let (second, third) = (force().await, force().await);
    // Two were kept side by side on purpose: to send what is there already says nothing new.
    patch(&app, &second, json!({"email": "anna@beispiel.de", "company": "Neu"})).await.expect(200);
    assert_eq!(identifiers(&app, &first).await, ["anna@beispiel.de"]);

    patch(&app, &first, json!({"email": null})).await.expect(200);
    assert_eq!(identifiers(&app, &first).await, [""; 0]);
    assert_eq!(identifiers(&app, &second).await, ["anna@beispiel.de"], "the older of the two");
    app.delete(&path(&second, "")).bearer(&app.token("sales")).send().await.expect(204);
    assert_eq!(identifiers(&app, &third).await, ["anna@beispiel.de"]);
    patch(&app, &third, json!({"email": "anna@beispiel.de"})).await.expect(200);

    let event =
        json!({"event_type": "page_visited", "source": "portal", "lead_identifier": {"email": "anna@beispiel.de"}});
    app.post("/api/v1/events/ingest", &event).api_key(&app.tenant().api_key("portal")).send().await.expect(202);
    app.drain().await;
    let leads = "SELECT count(*), count(*) FILTER (WHERE id = $1) FROM leads WHERE email = 'anna@beispiel.de'";
    let leads = app.db().await.query_one(leads, &[&uuid(&third["id"])]).await.unwrap();
    assert_eq!((leads.get::<_, i64>(0), leads.get::<_, i64>(1)), (1, 1), "no third lead with the same address");
}

#[tokio::test]
async fn another_leads_address_is_refused() {
    let app = TestApp::new().await;
    let first = anna(&app).await;
    let second = create(&app, &json!({"email": "ben@beispiel.de"})).await;
    let refused = patch(&app, &second, json!({"email": "anna@beispiel.de", "company": "Neu"})).await.expect(409);
    let problem = refused.problem();
    assert_eq!((&problem["code"], &problem["matches"][0]["lead_id"]), (&json!("identifier_in_use"), &first["id"]));
    let kept: Value = get(&app, &path(&second, "")).await.expect(200).json();
    assert_eq!(
        (&kept["email"], &kept["company"], &kept["version"]),
        (&json!("ben@beispiel.de"), &Value::Null, &json!(1))
    );
}

#[tokio::test]
async fn a_stale_version_is_refused() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let token = app.token("sales");
    let send = |etag: &'static str, company: &'static str| {
        app.patch(&path(&lead, ""), &json!({ "company": company })).bearer(&token).header("if-match", etag).send()
    };
    send("\"1\"", "Erste").await.expect(200);
    let refused = send("\"1\"", "Zweite").await.expect(412);
    assert_eq!(refused.problem()["current_version"], 2);
    let refused = send("yesterday", "Dritte").await.expect(400);
    assert_eq!(faults(&refused)[0].0, "If-Match");
    assert_eq!(get(&app, &path(&lead, "")).await.expect(200).json::<Value>()["company"], "Erste");
}

#[tokio::test]
async fn nothing_sent_changes_nothing() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let same: Value = patch(&app, &lead, json!({})).await.expect(200).json();
    assert_eq!(same["version"], 1);
}

#[tokio::test]
async fn every_fault_at_once() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let refused =
        patch(&app, &lead, json!({"language": "German", "phone": "12", "tags": [7], "score": 100})).await.expect(400);
    let mut found = faults(&refused);
    found.sort_unstable();
    assert_eq!(found, [("/score", "unknown_field"), ("/tags/0", "type")].map(|(p, c)| (p.to_owned(), c.to_owned())));
    let refused = patch(&app, &lead, json!({"language": "German!", "phone": "12"})).await.expect(400);
    let mut found = faults(&refused);
    found.sort_unstable();
    assert_eq!(
        found,
        [("/language", "format"), ("/phone", "bad_identifier")].map(|(p, c)| (p.to_owned(), c.to_owned()))
    );
}

#[tokio::test]
async fn an_erased_person_stays_erased() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    app.db().await.execute("UPDATE leads SET lifecycle = 'anonymized'", &[]).await.unwrap();
    let refused = patch(&app, &lead, json!({"first_name": "Anna"})).await.expect(409);
    assert_eq!(refused.problem()["code"], "anonymized");
}

#[tokio::test]
async fn before_and_after_stand_in_the_audit_log() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    patch(&app, &lead, json!({"company": "Neu GmbH"})).await.expect(200);
    let statement = "SELECT before, after FROM audit_log WHERE record_id = $1 AND action = 'update'";
    let row = app.db().await.query_one(statement, &[&lead["id"].as_str()]).await.unwrap();
    let company = |n: usize| row.get::<_, Value>(n)["company"].clone();
    assert_eq!((company(0), company(1)), (json!("Beispiel GmbH"), json!("Neu GmbH")));
}
