use serde_json::{Value, json};
use testkit::app::{Response, TestApp};

use crate::support::{anna, award, create, deal, event, get, path, signal, uuid};

async fn delete(app: &TestApp, lead: &Value) -> Response {
    app.delete(&path(lead, "")).bearer(&app.token("sales")).send().await
}

async fn delete_with_deals(app: &TestApp, lead: &Value) -> Response {
    app.delete(&path(lead, "?with_deals=true")).bearer(&app.token("sales")).send().await
}

#[tokio::test]
async fn takes_everything_of_the_lead_along() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let kept = create(&app, &json!({"email": "ben@beispiel.de"})).await;
    for lead in [&lead, &kept] {
        let event = event(&app, lead, "page_visited", 3).await;
        award(&app, lead, "page-visited", Some(event), 0, Some(90), false).await;
        award(&app, lead, "pricing-viewed", Some(event), 0, Some(90), true).await;
        signal(&app, lead, "b2b-pages", Some(event), false).await;
        deal(&app, lead, "b2b", "won").await;
    }
    let db = app.db().await;
    let tables = ["events", "score_history", "intent_signals", "lead_identifiers", "lead_standings", "deals"];
    let count = async |table: &str, lead: &Value| -> i64 {
        let statement = format!("SELECT count(*) FROM {table} WHERE lead_id = $1");
        db.query_one(&statement, &[&uuid(&lead["id"])]).await.unwrap().get(0)
    };
    for table in tables {
        assert!(count(table, &lead).await > 0, "{table} before");
    }
    let gone = delete_with_deals(&app, &lead).await.expect(204);
    assert!(gone.body.is_empty());
    for table in tables {
        assert_eq!(count(table, &lead).await, 0, "{table} of the deleted lead");
        assert!(count(table, &kept).await > 0, "{table} of the other lead");
    }
    get(&app, &path(&lead, "")).await.expect(404);
    delete(&app, &lead).await.expect(404);
    get(&app, &path(&kept, "")).await.expect(200);
    let statement = "SELECT before FROM audit_log WHERE record_id = $1 AND action = 'delete'";
    let before: Value = db.query_one(statement, &[&lead["id"].as_str()]).await.unwrap().get(0);
    assert_eq!(before["email"], "anna@beispiel.de");
    // The address is free again.
    create(&app, &json!({"email": "anna@beispiel.de"})).await;
}

#[tokio::test]
async fn an_open_deal_keeps_it() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let deal = deal(&app, &lead, "b2b", "open").await;
    let refused = delete(&app, &lead).await.expect(409);
    let problem = refused.problem();
    assert_eq!(
        (&problem["code"], &problem["matches"]),
        (&json!("open_deal"), &json!([{"deal_id": deal, "name": "Deal"}]))
    );
    get(&app, &path(&lead, "")).await.expect(200);
}

#[tokio::test]
async fn closed_deals_go_only_when_that_is_said() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let deal = deal(&app, &lead, "b2b", "won").await;
    app.db().await.execute("UPDATE deals SET value_minor = 250000 WHERE id = $1", &[&deal]).await.unwrap();
    let refused = delete(&app, &lead).await.expect(409);
    let problem = refused.problem();
    let would_go =
        json!([{"deal_id": deal, "name": "Deal", "status": "won", "value_minor": 250_000, "currency": "EUR"}]);
    assert_eq!((&problem["code"], &problem["matches"]), (&json!("closed_deals"), &would_go));
    get(&app, &path(&lead, "")).await.expect(200);
    delete_with_deals(&app, &lead).await.expect(204);
    assert!(app.db().await.query("SELECT FROM deals", &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_open_deal_keeps_it_whatever_is_said() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    deal(&app, &lead, "b2b", "open").await;
    assert_eq!(delete_with_deals(&app, &lead).await.expect(409).problem()["code"], "open_deal");
}

#[tokio::test]
async fn a_closed_deal_of_a_contact_stays() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let deal = deal(&app, &lead, "b2b", "won").await;
    let db = app.db().await;
    db.execute("UPDATE deals SET contact_id = gen_random_uuid() WHERE id = $1", &[&deal]).await.unwrap();
    delete(&app, &lead).await.expect(204);
    let row = db.query_one("SELECT lead_id FROM deals WHERE id = $1", &[&deal]).await.unwrap();
    assert_eq!(row.get::<_, Option<uuid::Uuid>>(0), None);
}

#[tokio::test]
async fn what_was_still_to_be_said_outside_is_called_off() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let statement = "INSERT INTO effects (id, tenant_id, kind, cause, target, lead_id, payload, status, next_attempt_at, created_at)
        SELECT gen_random_uuid(), l.tenant_id, 'slack_message', s, 'x', l.id, '{}', s, now(), now()
          FROM leads l, unnest(ARRAY['pending', 'waiting', 'done']) s WHERE l.id = $1";
    let db = app.db().await;
    db.execute(statement, &[&uuid(&lead["id"])]).await.unwrap();
    delete(&app, &lead).await.expect(204);
    let rows = db.query("SELECT cause, status FROM effects ORDER BY cause", &[]).await.unwrap();
    let found: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(
        found,
        [("done", "done"), ("pending", "cancelled"), ("waiting", "cancelled")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
}

#[tokio::test]
async fn a_stale_version_is_refused() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let request = app.delete(&path(&lead, "")).bearer(&app.token("sales")).header("if-match", "\"7\"");
    request.send().await.expect(412).problem();
    get(&app, &path(&lead, "")).await.expect(200);
}
