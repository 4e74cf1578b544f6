//! Dead letters of every queue into the inbox.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::TestApp;
use uuid::Uuid;

/// Tenant, source, queue and body of every row.
async fn rows(app: &TestApp) -> Vec<(Option<Uuid>, String, Option<String>, String)> {
    let statement = "SELECT tenant_id, source, queue, body FROM inbox WHERE kind = 'dead_letter' AND status = 'open' ORDER BY queue, body";
    let rows = app.db().await.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
}

/// Puts a message on a queue and has it given up there, whatever its consumer would make of it. Answers with its id.
fn give_up(app: &TestApp, queue: &str, body: &str) -> String {
    let id = app.sqs().send(queue, body).unwrap().id;
    while app.sqs().depth(queue).visible > 0 {
        for message in app.sqs().receive(queue, usize::MAX) {
            app.sqs().give_back(queue, &message.receipt);
        }
    }
    id
}

#[tokio::test]
async fn keeps_dead_letters_of_every_queue() {
    let app = TestApp::new().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let body = json!({"kind": "leads_changed", "tenant_id": tenant, "lead_ids": []}).to_string();
    let due = json!({"kind": "task_due", "tenant_id": tenant, "task_id": tenant, "due_at": "2026-12-01T08:00:00Z"})
        .to_string();
    let mut ids = Vec::new();
    for queue in ["routing", "slack", "reminders"] {
        ids.push(give_up(&app, queue, &body));
    }
    // What the scheduler could not hand over comes from no queue.
    app.sqs().send("dead-letters", "{\"scheduled_for\":\"2026-12-01T08:00:00Z\"}").unwrap();
    app.sqs().send("dead-letters", &due).unwrap();
    app.sqs().send("dead-letters", "who knows").unwrap();
    give_up(&app, "events", "no json");
    let delivered = app.drain().await;
    assert_eq!((delivered.messages, delivered.failures), (7, 0), "{delivered:?}");
    let expected = [
        (None, "events", "no json"),
        (None, "jobs", "{\"scheduled_for\":\"2026-12-01T08:00:00Z\"}"),
        (Some(tenant), "reminders", &due),
        (Some(tenant), "reminders", &body),
        (Some(tenant), "routing", &body),
        (Some(tenant), "slack", &body),
        (None, "unknown", "who knows"),
    ];
    let expected = expected.map(|(tenant, queue, body)| {
        (tenant, queue.to_owned(), (queue != "unknown").then(|| queue.to_owned()), body.to_owned())
    });
    assert_eq!(rows(&app).await, expected);
    let id: Uuid = ids[0].parse().unwrap();
    let kept = app.db().await.query("SELECT reason FROM inbox WHERE id = $1", &[&id]).await.unwrap();
    assert_eq!(kept[0].get::<_, String>(0), "gave_up", "a row has its message's id");
    assert!(app.logs("dlq-keeper").contains("\"DeadLetters\""), "{}", app.logs("dlq-keeper"));
}

/// Whose an event is can stand deep in the message, or only behind a key or token.
#[tokio::test]
async fn finds_out_whose_an_event_is() {
    let app = TestApp::new().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let key = app.tenant().api_key("portal");
    let event = json!({"event_type": "page_visited", "source": "portal", "lead_identifier": {"email": "a@b.de"}});
    app.database_down();
    app.post("/api/v1/events/ingest", &event).api_key(&key).send().await.expect(202);
    app.post("/api/v1/events/ingest", &event).api_key("portal:wrong").send().await.expect(202);
    let form = |token: &str| {
        app.request(testkit::Method::POST, &format!("/api/v1/webhooks/website/{token}")).form(&[("email", "a@b.de")])
    };
    form(&app.tenant().webhook_token("website")).send().await.expect(202);
    app.database_up();
    form(&app.tenant().webhook_token("website")).send().await.expect(202);
    for message in app.sqs().receive("events", usize::MAX) {
        app.sqs().delete("events", &message.receipt);
        give_up(&app, "events", &message.body);
    }
    app.drain().await;
    let found: Vec<_> = rows(&app).await.into_iter().map(|(tenant, source, ..)| (source, tenant)).collect();
    let count = |source: &str, tenant| found.iter().filter(|row| **row == (source.to_owned(), tenant)).count();
    assert_eq!(
        (count("portal", Some(tenant)), count("portal", None), count("website", Some(tenant))),
        (1, 1, 2),
        "{found:?}"
    );
}

#[tokio::test]
async fn while_the_database_is_away_they_stay_where_they_are() {
    let app = TestApp::new().await;
    give_up(&app, "slack", "{}");
    app.database_down();
    let delivered = app.deliver("dead-letters").await;
    assert_eq!((delivered.messages, delivered.failures), (1, 1), "{delivered:?}");
    app.database_up();
    app.drain().await;
    assert_eq!(rows(&app).await.len(), 1);
}

#[tokio::test]
async fn delivered_again_and_again_is_one_row() {
    let app = TestApp::new().await;
    app.redeliver(3, 5);
    for n in 0..20 {
        give_up(&app, "routing", &json!({"n": n}).to_string());
    }
    app.drain().await;
    assert_eq!(rows(&app).await.len(), 20);
}

/// The whole way: a message whose consumer could not do it for longer than the queue has patience becomes a dead letter and a row, and
/// once the database is back, a message again, without anybody's doing.
#[tokio::test]
async fn from_the_queue_to_the_inbox_and_back() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let event = json!({"event_type": "page_visited", "source": "portal", "lead_identifier": {"email": "a@b.de"}});
    app.post("/api/v1/events/ingest", &event).api_key(&key).send().await.expect(202);
    let sent = app.sqs().messages("events");
    assert_eq!(sent[0].attributes["queue"]["StringValue"], "events", "a message names its queue, for its dead letter");
    app.database_down();
    let mut quarters = 0;
    while !app.sqs().messages("events").is_empty() {
        app.let_pass(Duration::from_secs(900)).await;
        quarters += 1;
    }
    assert!(quarters > 4 * 12, "given up after {quarters} quarters of an hour: an outage of half a day is outlasted");
    app.database_up();
    app.drain().await;
    let listed: Value =
        app.get("/api/v1/inbox?kind=dead_letter").bearer(&app.token("admin")).send().await.expect(200).json();
    assert_eq!((&listed["data"][0]["source"], &listed["data"][0]["reason"]), (&json!("portal"), &json!("gave_up")));
    assert_eq!(app.run_job("outbox-relay", json!({})).await["sent_again"], 1);
    app.drain().await;
    let row = app
        .db()
        .await
        .query_one("SELECT (SELECT count(*) FROM events), (SELECT status FROM inbox)", &[])
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, &str>(1)), (1, "replayed"));
}
