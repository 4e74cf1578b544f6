//! What happens to events while something is away.

use serde_json::{Value, json};
use testkit::TestApp;
use uuid::Uuid;

use super::{PATH, event, queued, stored};

/// Reason and tenant of every inbox row, in the order of ids.
async fn inbox(app: &TestApp) -> Vec<(String, Option<Uuid>)> {
    let rows = app.db().await.query("SELECT reason, tenant_id FROM inbox ORDER BY id", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn the_database_down_loses_nothing() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    app.post(PATH, &event(json!({"external_id": "before"}))).api_key(&key).send().await.expect(202);
    app.database_down();
    for n in 0..6 {
        let batch: Vec<Value> = (0..5).map(|m| event(json!({"external_id": format!("{n}-{m}")}))).collect();
        let answer = app.post(PATH, &json!(batch)).api_key(&key).send().await.expect(202);
        assert_eq!(answer.json::<Value>()["accepted"], 5);
    }
    // What can be known without the database is still told.
    app.post(PATH, &event(json!({"source": "website"}))).api_key(&key).send().await.expect(400).problem();
    app.post(PATH, &event(json!({}))).send().await.expect(401).problem();
    app.post(PATH, &event(json!({}))).bearer("nonsense").send().await.expect(401).problem();
    // A token proves itself.
    let person = event(json!({"external_id": "by a person"}));
    app.post(PATH, &person).bearer(&app.token("admin")).send().await.expect(202);
    // A key that may be wrong is found out later, and so is a number only the tenant's country explains.
    app.post(PATH, &event(json!({"external_id": "of a stranger"}))).api_key("portal:wrong").send().await.expect(202);
    let odd = event(json!({"external_id": "odd", "lead_identifier": {"phone": "555"}}));
    app.post(PATH, &odd).api_key(&key).send().await.expect(202);
    let kinds: Vec<_> = queued(&app).iter().map(|message| message["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "unproven_events").count(), 8);
    assert!(
        !queued(&app).iter().any(|message| message.to_string().contains("0123456789abcdef")),
        "the key travels as a hash"
    );

    // The processor cannot work now; everything comes again.
    let delivered = app.deliver("events").await;
    assert_eq!(delivered.failures, delivered.messages, "{delivered:?}");
    app.database_up();
    app.drain().await;
    assert_eq!(stored(&app).await, 1 + 30 + 1);
    let mut aside = inbox(&app).await;
    aside.sort();
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    assert_eq!(aside, [("invalid".to_owned(), Some(tenant)), ("unknown_key".to_owned(), None)]);
}

#[tokio::test]
async fn the_queue_down_leaves_it_with_the_sender() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    app.sqs().unreachable(true);
    app.post(PATH, &event(json!({}))).api_key(&key).send().await.expect(503).problem();
    app.sqs().unreachable(false);
    app.sqs().down(true);
    let answer = app.post(PATH, &event(json!({}))).api_key(&key).send().await.expect(503);
    answer.problem();
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    app.sqs().down(false);
    assert_eq!(queued(&app).len(), 0);
    app.post(PATH, &event(json!({}))).api_key(&key).send().await.expect(202);
    app.drain().await;
    assert_eq!(stored(&app).await, 1);
}

#[tokio::test]
async fn messages_that_the_queue_refuses_are_sent_again() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let batch: Vec<Value> = (0..350).map(|n| event(json!({"external_id": format!("n-{n}")}))).collect();
    app.sqs().fail_entries(2);
    app.post(PATH, &json!(batch)).api_key(&key).send().await.expect(202);
    app.drain().await;
    assert_eq!(stored(&app).await, 350);
}

/// A connection that died silently, or a database under a lock: nothing answers, and nothing says so.
#[tokio::test]
async fn a_database_that_keeps_silent_is_one_that_is_away() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let db = app.db().await;
    db.batch_execute("BEGIN; LOCK TABLE api_keys, tenants IN ACCESS EXCLUSIVE MODE").await.unwrap();
    app.post(PATH, &event(json!({"external_id": "1"}))).api_key(&key).send().await.expect(202);
    app.post(PATH, &event(json!({"external_id": "2"}))).bearer(&app.token("admin")).send().await.expect(202);
    let kinds: Vec<_> = queued(&app).iter().map(|message| message["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["unproven_events", "events"]);
    db.batch_execute("ROLLBACK").await.unwrap();
    app.drain().await;
    assert_eq!(stored(&app).await, 2);
}
