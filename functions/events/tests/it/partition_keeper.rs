//! Every month has its partition before its first event.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use testkit::app::TestApp;
use tokio::task::JoinSet;
use tokio_postgres::Client;
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
        json!({"made": [], "moved": 0, "default_rows": 0, "idempotency_keys": 0, "revoked_tokens": 0, "sessions": 0, "inbox": 0,
               "notifications": 0, "secrets": 0, "stranger_deliveries": 0})
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
async fn what_told_members_of_something_is_thrown_away_after_its_time() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let rows = "INSERT INTO notifications (tenant_id, member_id, kind, cause, record_type, record_id, created_at, read_at)
        SELECT m.tenant_id, m.id, 'assigned', 'x:' || age || COALESCE(read, ''), 'lead', gen_random_uuid(), now() - age * interval '1 day', read::timestamptz
          FROM team_members m, (VALUES (29, 'now'), (32, 'now'), (32, NULL), (89, NULL), (92, NULL)) AS v (age, read) WHERE m.name = 'sam'";
    db.execute(rows, &[]).await.unwrap();
    assert_eq!(app.run_job("partition-keeper", json!({})).await["notifications"], json!(2));
    let left = "SELECT string_agg(cause, ' ' ORDER BY cause) FROM notifications";
    let left: String = db.query_one(left, &[]).await.unwrap().get(0);
    assert_eq!(left, "x:29now x:32 x:89");
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

    assert_eq!((&done["moved"], &done["default_rows"]), (&json!(3), &json!(0)));
    assert_eq!((rows("events_2031_12").await, rows("events_2040_01").await, rows("events").await), (2, 1, 3));
    assert!(app.logs("partition-keeper").contains("EventsInDefaultPartition"));
}

/// Events of a lead in the past, one every three days: most of their months have no partition.
async fn old_events(app: &TestApp, lead: Uuid, count: i32) {
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let statement = "INSERT INTO events (id, tenant_id, lead_id, event_type, source, occurred_at, received_at, external_id, identifiers)
        SELECT gen_random_uuid(), $1, $2, 'page_visited', 'website', now() - n * interval '3 days', now(), n::text, '[]' FROM generate_series(1, $3) n";
    app.db().await.execute(statement, &[&tenant, &lead, &count]).await.unwrap();
}

async fn count(client: &Client, what: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {what}"), &[]).await.unwrap().get(0)
}

/// Two years are allowed. /health has nothing to say of such events before the keeper had its turn, complains when it has left them,
/// and is at ease again afterwards.
#[tokio::test]
async fn old_events_leave_no_mark_on_health() {
    let app = TestApp::new().await;
    let health = async || -> Value { app.get("/health").send().await.expect(200).json() };
    old_events(&app, Uuid::now_v7(), 240).await;
    let shown = health().await;
    assert_eq!((&shown["status"], &shown["events"]["status"]), (&json!("ok"), &json!("ok")), "{shown}");
    assert!(shown["events"]["default_rows"].as_i64().unwrap() > 150);
    app.db().await.execute("UPDATE events SET received_at = now() - interval '2 days'", &[]).await.unwrap();
    assert_eq!(health().await["events"]["status"], "degraded");

    let done = app.run_job("partition-keeper", json!({})).await;

    assert!(done["moved"].as_i64().unwrap() > 150 && done["made"].as_array().unwrap().len() > 15, "{done}");
    let shown = health().await;
    assert_eq!((&shown["events"]["status"], &shown["events"]["default_rows"]), (&json!("ok"), &json!(0)));
    let db = app.db().await;
    assert_eq!((count(&db, "events").await, count(&db, "events_default").await), (240, 0));
    let apart = "pg_class WHERE relname LIKE 'events%' AND relkind = 'r' AND NOT relispartition";
    assert_eq!(count(&db, apart).await, 0, "no table is left behind");
    let checks = "pg_constraint WHERE conrelid::regclass::text LIKE 'events%' AND contype = 'c'";
    assert_eq!(count(&db, checks).await, 0, "the bounds alone keep the months apart");
    // What is late for a month that has a partition now finds it.
    old_events(&app, Uuid::now_v7(), 240).await;
    assert_eq!(count(&db, "events_default").await, 0);
}

/// A run that was killed between two of its steps: rows are where they were, new ones are copied, and the next run ends what it began.
#[tokio::test]
async fn an_interrupted_run_is_ended_by_the_next() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let (before, meanwhile, gone) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    for lead in [before, gone] {
        old_events(&app, lead, 240).await;
    }
    let place = format!("'{}', '-infinity', '{}', 100", Uuid::nil(), Uuid::nil());
    for step in ["stage_default_events()", "mirror_default_events()", &format!("copy_default_events({place})")] {
        db.batch_execute(&format!("SELECT lotse.{step}")).await.unwrap();
        old_events(&app, meanwhile, 100).await;
    }
    db.execute("DELETE FROM events WHERE lead_id = $1", &[&gone]).await.unwrap();
    db.execute("UPDATE events SET source = 'changed' WHERE lead_id = $1", &[&before]).await.unwrap();
    assert_eq!(count(&db, "events").await, 240 + 300);
    let digest = "SELECT md5(string_agg(e::text, ';' ORDER BY e.lead_id, e.occurred_at, e.id)) FROM events e";
    let all: String = db.query_one(digest, &[]).await.unwrap().get(0);

    app.run_job("partition-keeper", json!({})).await;

    assert_eq!(db.query_one(digest, &[]).await.unwrap().get::<_, String>(0), all, "every row, and as it was changed");
    assert_eq!(count(&db, "events_default").await, 0);
}

/// A run that was killed before it could attach what it had made.
#[tokio::test]
async fn a_month_that_was_only_prepared_gets_its_place() {
    let app = TestApp::new().await;
    let db = app.db().await;
    for month in ["2031-12-01", "2040-01-01"] {
        db.batch_execute(&format!("SELECT lotse.prepare_event_month('{month}')")).await.unwrap();
    }
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let statement = "INSERT INTO events (id, tenant_id, lead_id, event_type, source, occurred_at, received_at, external_id, identifiers)
        VALUES (gen_random_uuid(), $1, gen_random_uuid(), 'page_visited', 'website', '2040-01-02', now(), 'x', '[]')";
    db.execute(statement, &[&tenant]).await.unwrap();
    assert_eq!(count(&db, "events_default").await, 1, "what is not attached takes nothing");

    let done = app.run_job("partition-keeper", json!({"scheduled_for": "2031-12-01T01:15:00Z"})).await;

    let made = ["events_2031_12", "events_2040_01", "events_2032_01", "events_2032_02", "events_2032_03"];
    assert_eq!((&done["made"], &done["moved"]), (&json!(made), &json!(1)));
    assert_eq!((count(&db, "events_2040_01").await, count(&db, "events_default").await), (1, 0));
}

/// Whatever keeps partitions from being made, what else is to be done daily is done, and the run fails all the same.
#[tokio::test]
async fn a_keeper_that_cannot_make_partitions_throws_away_what_is_old_nevertheless() {
    let app = TestApp::new().await;
    let db = app.db().await;
    inbox(&app, &[("open, old", Some(app.tenant().id.parse().unwrap()), "open", "91 days", "")]).await;
    db.batch_execute("REVOKE EXECUTE ON FUNCTION lotse.stage_default_events() FROM lotse_app").await.unwrap();
    let outcome = app.invoke("partition-keeper", json!({})).await;
    assert!(outcome.is_err(), "{outcome:?}");
    assert_eq!(count(&db, "inbox").await, 0);
}

/// While rows move, others go on reading and writing them. Nobody of them waits for a lock for a tenth of a second, or they would fail;
/// and nothing is out of sight for a moment.
#[tokio::test]
async fn moving_them_keeps_nobody_waiting() {
    let app = TestApp::new().await;
    let (lead, tenant) = (Uuid::now_v7(), app.tenant().id.clone());
    old_events(&app, lead, 240).await;
    for _ in 0..12 {
        old_events(&app, Uuid::now_v7(), 240).await;
    }
    let before = count(&app.db().await, "events").await;
    let over = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let client = app.database().app_client().await.unwrap();
        let (over, tenant) = (Arc::clone(&over), tenant.clone());
        writers.spawn(async move {
            client.batch_execute("SET lock_timeout = '100ms'").await.unwrap();
            let own = Uuid::now_v7();
            let mut left = 0_i64;
            while !over.load(Ordering::Relaxed) {
                client.batch_execute(&format!("BEGIN; SELECT lotse.enter_tenant('{tenant}')")).await.unwrap();
                let insert = "INSERT INTO events (id, tenant_id, lead_id, event_type, source, occurred_at, received_at, external_id, identifiers)
                    SELECT gen_random_uuid(), lotse.tenant(), $1, 'page_visited', 'website', now() - n * interval '29 days', now(), n::text, '[]'
                      FROM generate_series(1, 24) n";
                left += i64::try_from(client.execute(insert, &[&own]).await.unwrap()).unwrap();
                let delete = "DELETE FROM events WHERE lead_id = $1 AND external_id = $2";
                let which = (left % 24 + 1).to_string();
                left -= i64::try_from(client.execute(delete, &[&own, &which]).await.unwrap()).unwrap();
                let seen: i64 =
                    client.query_one("SELECT count(*) FROM events WHERE lead_id = $1", &[&lead]).await.unwrap().get(0);
                assert_eq!(seen, 240, "writer {writer} misses some");
                client.batch_execute("COMMIT").await.unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            left
        });
    }

    let done = app.run_job("partition-keeper", json!({})).await;

    over.store(true, Ordering::Relaxed);
    let mut written = 0;
    while let Some(one) = writers.join_next().await {
        written += one.unwrap();
    }
    assert!(written > 0 && done["moved"].as_i64().unwrap() > 2_000, "{written} {done}");
    let db = app.db().await;
    assert_eq!(count(&db, "events").await, before + written);
    assert_eq!(count(&db, "events_default").await, 0);
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

/// Puts rows into the inbox, each as old as said.
async fn inbox(app: &TestApp, rows: &[(&str, Option<Uuid>, &str, &str, &str)]) {
    for (source, tenant, status, received, replayed) in rows {
        let statement = "INSERT INTO inbox (id, tenant_id, kind, source, reason, detail, body, received_at, status, replayed_at)
            VALUES (gen_random_uuid(), $1, 'quarantine', $2, 'r', 'd', 'body', now() - $3::text::interval, $4, now() - NULLIF($5, '')::interval)";
        app.db().await.execute(statement, &[tenant, source, received, status, replayed]).await.unwrap();
    }
}

#[tokio::test]
async fn the_inbox_keeps_what_is_open_longest_and_what_is_nobodys_shortest() {
    let app = TestApp::new().await;
    let own = Some(app.tenant().id.parse::<Uuid>().unwrap());
    let rows = [
        ("open", own, "open", "89 days", ""),
        ("open, old", own, "open", "91 days", ""),
        ("replayed", own, "replayed", "100 days", "29 days"),
        ("replayed, old", own, "replayed", "100 days", "31 days"),
        ("discarded", own, "discarded", "29 days", ""),
        ("discarded, old", own, "discarded", "31 days", ""),
        ("nobody's", None, "open", "6 days", ""),
        ("nobody's, old", None, "open", "8 days", ""),
    ];
    inbox(&app, &rows).await;
    let many = "INSERT INTO inbox (id, kind, source, reason, detail, body, received_at)
        SELECT gen_random_uuid(), 'quarantine', 'flood', 'r', 'd', 'b', now() - interval '9 days' FROM generate_series(1, 1100)";
    app.db().await.execute(many, &[]).await.unwrap();
    let strangers = "SELECT lotse.note_stranger('website', '', 'no_token', 10, 'x', now() - age)
          FROM unnest(ARRAY[interval '1 hour', '1 hour', '1 hour', '2 days', '8 days']) age";
    app.db().await.query(strangers, &[]).await.unwrap();

    let done = app.run_job("partition-keeper", json!({})).await;

    assert_eq!((&done["inbox"], &done["stranger_deliveries"]), (&json!(1104), &json!(3)));
    let left = app.db().await.query("SELECT source FROM inbox ORDER BY 1", &[]).await.unwrap();
    let left: Vec<String> = left.iter().map(|row| row.get(0)).collect();
    assert_eq!(left, ["discarded", "nobody's", "open", "replayed"]);
    let hours: i64 = app.db().await.query_one("SELECT count(*) FROM stranger_deliveries", &[]).await.unwrap().get(0);
    assert_eq!(hours, 2, "a week is remembered");
}

#[tokio::test]
async fn looking_for_what_is_old_reads_only_that() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let rows = "INSERT INTO inbox (id, tenant_id, kind, source, reason, detail, body, received_at, status)
        SELECT gen_random_uuid(), CASE WHEN n % 3 > 0 THEN gen_random_uuid() END, 'quarantine', 'x', 'r', 'd', repeat('b', 500),
               now() - n * interval '1 second', (ARRAY['open', 'replayed'])[1 + n % 2] FROM generate_series(1, 20000) n";
    db.execute(rows, &[]).await.unwrap();
    db.batch_execute("ANALYZE inbox").await.unwrap();
    let text: String =
        db.query_one("SELECT prosrc FROM pg_proc WHERE proname = 'purge_inbox'", &[]).await.unwrap().get(0);
    let text = text.replace("p_now", "now()").replace("p_limit", "500");
    let plan = db.query(&format!("EXPLAIN {text}"), &[]).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    let plan = plan.join("\n");
    for index in ["inbox_age_idx", "inbox_done_age_idx", "inbox_nobody_age_idx"] {
        assert!(plan.contains(index), "{index}:\n{plan}");
    }
    assert!(!plan.contains("Seq Scan"), "{plan}");
}

#[tokio::test]
async fn a_rotation_without_an_end_gets_one_and_a_secret_that_is_over_is_forgotten() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let rotations = "UPDATE webhook_sources SET previous_secret = 'sealed', previous_secret_until = CASE source
        WHEN 'website' THEN NULL WHEN 'lemlist' THEN now() - interval '25 hours' ELSE now() - interval '23 hours' END";
    db.execute(rotations, &[]).await.unwrap();
    assert_eq!(app.run_job("partition-keeper", json!({})).await["secrets"], json!(1));
    let rows = "SELECT source, previous_secret IS NOT NULL, previous_secret_until > now() + interval '6 days' FROM webhook_sources ORDER BY 1";
    let rows = db.query(rows, &[]).await.unwrap();
    let rows: Vec<(String, bool, Option<bool>)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let expected = [("lemlist", false, None), ("partner", true, Some(false)), ("website", true, Some(true))];
    assert_eq!(rows, expected.map(|(source, kept, long)| (source.to_owned(), kept, long)));
}
