use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::TestApp;

async fn health(app: &TestApp, status: u16) -> Value {
    app.get("/health").send().await.expect(status).json()
}

fn queue<'a>(health: &'a Value, name: &str) -> &'a Value {
    health["queues"].as_array().unwrap().iter().find(|queue| queue["name"] == name).unwrap()
}

/// The full name of a queue of the template.
fn named(app: &TestApp, end: &str) -> String {
    let names = app.sqs().queue_names();
    names.into_iter().find(|name| name.ends_with(end)).unwrap()
}

#[tokio::test]
async fn says_that_all_is_well() {
    let app = TestApp::new().await;
    let shown = health(&app, 200).await;
    assert_eq!(shown["status"], "ok", "{shown}");
    let database = &shown["database"];
    assert_eq!((&database["status"], &database["migration"]), (&json!("ok"), &database["expected_migration"]));
    let latency = database["latency_ms"].as_f64().unwrap();
    assert!(latency > 0.0 && latency < 1000.0, "{latency}");
    assert_eq!(shown["outbox"], json!({"status": "ok", "waiting": 0, "oldest_age_seconds": null}));
    assert_eq!(shown["events"], json!({"status": "ok", "missing_partitions": [], "default_rows": 0}));
    assert_eq!(shown["integrations"]["slack"], json!({"status": "ok", "last_success_at": null}));
    let names: Vec<&Value> = shown["queues"].as_array().unwrap().iter().map(|queue| &queue["name"]).collect();
    assert_eq!(names, ["events", "routing", "slack", "reminders", "mails"]);
    assert_eq!(
        *queue(&shown, "events"),
        json!({"name": "events", "status": "ok", "waiting": 0, "in_flight": 0, "delayed": 0})
    );
    assert_eq!(shown["dead_letters"], json!({"status": "ok", "waiting": 0}));
}

#[tokio::test]
async fn shows_queues_and_dead_letters() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    app.sqs().send(&named(&app, "events"), "{}").unwrap();
    app.sqs().send(&named(&app, "dead-letters"), "{}").unwrap();
    let shown = health(&app, 200).await;
    assert_eq!(shown["status"], "degraded");
    assert_eq!((&queue(&shown, "events")["status"], &queue(&shown, "events")["waiting"]), (&json!("ok"), &json!(1)));
    assert_eq!(shown["dead_letters"], json!({"status": "degraded", "waiting": 1}));
}

#[tokio::test]
async fn answers_in_time_without_the_queues() {
    let app = TestApp::new().await;
    health(&app, 200).await;
    app.sqs().unreachable(true);
    let started = Instant::now();
    let shown = health(&app, 200).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!((&shown["status"], &shown["database"]["status"]), (&json!("degraded"), &json!("ok")));
    let events = queue(&shown, "events");
    assert_eq!((&events["status"], &events["waiting"]), (&json!("unknown"), &json!(null)));
    assert_eq!(shown["dead_letters"], json!({"status": "unknown", "waiting": null}));
    app.sqs().unreachable(false);
    assert_eq!(health(&app, 200).await["status"], "ok");
}

#[tokio::test]
async fn answers_in_time_without_the_database() {
    let app = TestApp::new().await;
    health(&app, 200).await;
    app.database_down();
    let started = Instant::now();
    let answer = app.get("/health").send().await.expect(503);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert!(answer.header("retry-after").is_some());
    let shown: Value = answer.json();
    assert_eq!((&shown["status"], &shown["database"]["status"]), (&json!("down"), &json!("down")));
    assert_eq!((&shown["outbox"]["status"], &shown["events"]["status"]), (&json!("unknown"), &json!("unknown")));
    assert_eq!(queue(&shown, "events")["status"], "ok", "one part's silence hides no other");
    app.database_up();
    assert_eq!(health(&app, 200).await["status"], "ok");
}

#[tokio::test]
async fn shows_what_waits_in_the_outbox() {
    let app = TestApp::new().await;
    let put = "INSERT INTO outbox (id, tenant_id, queue, body, created_at, due_at)
        SELECT gen_random_uuid(), id, 'events', '{}', now(), now() - $1::text::interval FROM tenants";
    let db = app.db().await;
    db.execute(put, &[&"-1 hour"]).await.unwrap();
    db.execute(put, &[&"1 minute"]).await.unwrap();
    let shown = health(&app, 200).await;
    assert_eq!((&shown["outbox"]["status"], &shown["outbox"]["waiting"]), (&json!("ok"), &json!(1)), "{shown}");
    assert!((55..120).contains(&shown["outbox"]["oldest_age_seconds"].as_i64().unwrap()));
    db.execute(put, &[&"10 minutes"]).await.unwrap();
    let shown = health(&app, 200).await;
    assert_eq!((&shown["status"], &shown["outbox"]["status"]), (&json!("degraded"), &json!("degraded")));
    assert!(shown["outbox"]["oldest_age_seconds"].as_i64().unwrap() >= 600);
}

#[tokio::test]
async fn shows_missing_partitions_and_stray_events() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let month = "SELECT to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY-MM')";
    let month: String = db.query_one(month, &[]).await.unwrap().get(0);
    db.batch_execute(&format!("DROP TABLE events_{}", month.replace('-', "_"))).await.unwrap();
    db.batch_execute(
        "INSERT INTO events (id, tenant_id, lead_id, event_type, source, occurred_at, received_at, external_id, identifiers)
         SELECT gen_random_uuid(), id, gen_random_uuid(), 'x', 'x', '2001-01-01', now(), 'x', '[]' FROM tenants",
    )
    .await
    .unwrap();
    let shown = health(&app, 200).await;
    assert_eq!(shown["events"], json!({"status": "degraded", "missing_partitions": [month], "default_rows": 1}));
    assert_eq!(shown["status"], "degraded");
}

#[tokio::test]
async fn shows_partners_over_all_tenants_and_no_tenants_data() {
    let app = TestApp::new().await;
    app.new_tenant("other").await;
    let db = app.db().await;
    let slack = async || health(&app, 200).await["integrations"]["slack"].clone();
    db.batch_execute(
        "UPDATE integrations SET last_success_at = '2026-11-20T10:00:00Z', last_error_at = '2026-11-20T09:00:00Z'",
    )
    .await
    .unwrap();
    assert_eq!(slack().await, json!({"status": "ok", "last_success_at": "2026-11-20T10:00:00Z"}));
    db.batch_execute(
        "UPDATE integrations SET last_error_at = '2026-11-20T11:00:00Z', last_error = 'channel_not_found #secret-channel'
          WHERE tenant_id = (SELECT id FROM tenants WHERE slug = 'other')",
    )
    .await
    .unwrap();
    let shown = app.get("/health").send().await.expect(200);
    let text = String::from_utf8_lossy(&shown.body).into_owned();
    for secret in ["other", "test", "secret-channel", "hooks.slack", "127.0.0.1", "postgres"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert_eq!(slack().await["status"], "degraded");
    db.batch_execute("UPDATE integrations SET last_error_at = '2026-11-20T11:00:00Z'").await.unwrap();
    assert_eq!(slack().await["status"], "down");
    assert_eq!(health(&app, 200).await["status"], "degraded");
    db.batch_execute("UPDATE integrations SET active = false").await.unwrap();
    assert_eq!(slack().await, json!({"status": "unconfigured", "last_success_at": null}));
    assert_eq!(health(&app, 200).await["status"], "ok");
}

#[tokio::test]
async fn shows_a_database_that_was_not_migrated() {
    let app = TestApp::new().await;
    app.db().await.batch_execute("DELETE FROM schema_migrations WHERE version > 3").await.unwrap();
    let shown = health(&app, 200).await;
    assert_eq!((&shown["database"]["status"], &shown["database"]["migration"]), (&json!("degraded"), &json!(3)));
    assert_eq!(shown["status"], "degraded");
}
