//! Every month has its partition before its first event.

use serde_json::json;
use testkit::app::TestApp;
use uuid::Uuid;

#[tokio::test]
async fn makes_this_month_and_three_more_once() {
    let app = TestApp::new().await;
    let moment = json!({"scheduled_for": "2031-11-30T23:59:59Z"});

    let first = app.run_job("partition-keeper", moment.clone()).await;
    assert_eq!(first["made"], json!(["events_2031_11", "events_2031_12", "events_2032_01", "events_2032_02"]));

    let again = app.run_job("partition-keeper", moment).await;
    assert_eq!(
        again,
        json!({"made": [], "default_rows": 0, "idempotency_keys": 0, "revoked_tokens": 0, "sessions": 0, "inbox": 0, "secrets": 0,
               "stranger_deliveries": 0})
    );
    let next_day = app.run_job("partition-keeper", json!({"scheduled_for": "2031-12-01T00:15:00Z"})).await;
    assert_eq!(next_day["made"], json!(["events_2032_03"]));
}

#[tokio::test]
async fn a_fresh_database_lacks_nothing_today() {
    let app = TestApp::new().await;
    assert_eq!(app.run_job("partition-keeper", json!({})).await["made"], json!([]));
}

#[tokio::test]
async fn events_that_wait_in_the_default_partition_move_to_their_month() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let statement = "INSERT INTO events (id, tenant_id, lead_id, event_type, source, occurred_at, received_at, external_id, identifiers)
        VALUES (gen_random_uuid(), $1, gen_random_uuid(), 'page_visited', 'website', $2::text::timestamptz, now(), $2, '[]')";
    for at in ["2031-12-01T00:00:00Z", "2031-12-31T23:59:59Z", "2040-01-01T00:00:00Z"] {
        db.execute(statement, &[&tenant, &at]).await.unwrap();
    }
    let rows = async |table: &str| -> i64 {
        db.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
    };
    assert_eq!(rows("events_default").await, 3);

    let done = app.run_job("partition-keeper", json!({"scheduled_for": "2031-12-01T01:15:00Z"})).await;

    assert_eq!(done["default_rows"], 1, "the event of 2040 still waits");
    assert_eq!((rows("events_2031_12").await, rows("events_default").await, rows("events").await), (2, 1, 3));
    assert!(app.logs("partition-keeper").contains("EventsInDefaultPartition"));
}

#[tokio::test]
async fn what_has_had_its_time_is_thrown_away() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let token = app.token("sales");
    for name in ["kept", "almost-old", "old"] {
        let request = app.post("/api/v1/leads", &json!({"email": format!("{name}@b.de")})).bearer(&token);
        request.header("idempotency-key", name).send().await.expect(201);
    }
    let age = "UPDATE idempotency_keys
        SET created_at = now() - interval '24 hours' + CASE key WHEN 'old' THEN -1 ELSE 1 END * interval '1 minute' WHERE key LIKE '%old'";
    assert_eq!(db.execute(age, &[]).await.unwrap(), 2);
    let revoked = "INSERT INTO revoked_tokens (jti, tenant_id, expires_at)
        VALUES ('still-valid', $1, now() + interval '1 minute'), ('just-over', $1, now() - interval '1 minute'), ('almost over', $1, now() - interval '59 minutes'), ('old', $1, now() - interval '61 minutes')";
    db.execute(revoked, &[&tenant]).await.unwrap();

    let done = app.run_job("partition-keeper", json!({})).await;

    assert_eq!((&done["idempotency_keys"], &done["revoked_tokens"]), (&json!(1), &json!(1)));
    let left = "SELECT key FROM idempotency_keys UNION ALL SELECT jti FROM revoked_tokens ORDER BY 1";
    let left: Vec<String> = db.query(left, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(left, ["almost over", "almost-old", "just-over", "kept", "still-valid"]);
    app.drain().await;
}
