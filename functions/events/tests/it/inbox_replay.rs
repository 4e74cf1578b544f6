//! POST /api/v1/inbox/replay

use serde_json::{Value, json};
use testkit::app::{TestApp, tenant_input};
use testkit::keys::{epoch_seconds, signature};
use testkit::{Method, Tenant};
use uuid::Uuid;

const NEW_SECRET: &str = "new-secret-0123456789abcdef-0123456789";
const PATH: &str = "/api/v1/inbox/replay";

/// Puts a row of a tenant aside that holds a message of a queue.
async fn keep(app: &TestApp, tenant: &Tenant, source: &str, queue: &str, body: &str) -> Uuid {
    let (id, tenant): (Uuid, Uuid) = (Uuid::now_v7(), tenant.id.parse().unwrap());
    let statement = "INSERT INTO inbox (id, tenant_id, kind, source, queue, reason, detail, body, received_at)
        VALUES ($1, $2, 'dead_letter', $3, $4, 'gave_up', 'why', $5, now() - interval '1 hour')";
    app.db().await.execute(statement, &[&id, &tenant, &source, &queue, &body]).await.unwrap();
    id
}

async fn replay(app: &TestApp, body: &Value) -> Value {
    app.post(PATH, body).bearer(&app.token("admin")).send().await.expect(200).json()
}

async fn statuses(app: &TestApp) -> Vec<(String, i32)> {
    let rows = app.db().await.query("SELECT status, replays FROM inbox ORDER BY id", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn stored(app: &TestApp) -> i64 {
    app.db().await.query_one("SELECT count(*) FROM events", &[]).await.unwrap().get(0)
}

fn event(n: usize) -> Value {
    json!({"event_type": "page_visited", "source": "partner", "external_id": n.to_string(), "lead_identifier": {"email": "a@b.de"}})
}

async fn webhook(app: &TestApp, tenant: &Tenant, secret: &str, body: &str, expected: u16) {
    let at = epoch_seconds().to_string();
    app.request(Method::POST, "/api/v1/events/webhook")
        .header("x-source", "partner")
        .header("x-webhook-token", &tenant.webhook_token("partner"))
        .header("x-timestamp", &at)
        .header("x-signature", &signature(secret, &at, body.as_bytes()))
        .body(body.to_owned())
        .send()
        .await
        .expect(expected);
}

#[tokio::test]
async fn a_delivery_that_is_believed_today() {
    let app = TestApp::bare().await;
    let tenant = app.new_tenant("late").await;
    // The partner was given the new secret before we were.
    webhook(&app, &tenant, NEW_SECRET, &event(1).to_string(), 401).await;
    app.drain().await;
    let id: Uuid = app.db().await.query_one("SELECT id FROM inbox", &[]).await.unwrap().get(0);
    let request = json!({"ids": [id]});
    let send = || app.post(PATH, &request).bearer(&tenant.token("admin")).send();

    // Still not believed: it is open again, and nothing was counted.
    assert_eq!(send().await.expect(200).json::<Value>(), json!({"replayed": 1, "skipped": [], "remaining": 0}));
    assert_eq!(statuses(&app).await, [("replayed".to_owned(), 1)]);
    app.drain().await;
    assert_eq!(statuses(&app).await, [("open".to_owned(), 1)]);
    assert_eq!(stored(&app).await, 0);

    let mut input = tenant_input("late");
    for source in input["webhook_sources"].as_array_mut().unwrap() {
        if source["source"] == "partner" {
            source["secret"] = json!(NEW_SECRET);
        }
    }
    app.create_tenant(input).await;
    send().await.expect(200);
    app.drain().await;
    assert_eq!(statuses(&app).await, [("replayed".to_owned(), 2)]);
    let stored: Uuid = app.db().await.query_one("SELECT id FROM events", &[]).await.unwrap().get(0);
    assert_eq!(stored, id, "the event has its delivery's id");
}

#[tokio::test]
async fn a_delivery_whose_check_was_passed_is_not_checked_again() {
    let app = TestApp::new().await;
    webhook(&app, app.tenant(), &app.tenant().webhook_secret("partner"), "not json", 202).await;
    app.drain().await;
    app.db().await.execute("UPDATE webhook_sources SET secret = NULL, previous_secret = NULL", &[]).await.unwrap();
    // Today's code understands it, say.
    app.db().await.execute("UPDATE inbox SET body = $1", &[&event(1).to_string()]).await.unwrap();
    let id: Uuid = app.db().await.query_one("SELECT id FROM inbox", &[]).await.unwrap().get(0);
    replay(&app, &json!({"ids": [id]})).await;
    app.drain().await;
    assert_eq!(stored(&app).await, 1);
}

#[tokio::test]
async fn dead_letters_go_back_to_their_queues_as_they_were() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let tenant = app.tenant();
    let mut ids = Vec::new();
    for queue in ["events", "routing", "slack", "reminders"] {
        ids.push(keep(&app, tenant, "portal", queue, &format!(r#"{{ "to" : "{queue}", "n": 1.10 }}"#)).await);
    }
    let answer = replay(&app, &json!({"ids": ids})).await;
    assert_eq!(answer, json!({"replayed": 4, "skipped": [], "remaining": 0}));
    for queue in ["events", "routing", "slack", "reminders"] {
        let bodies: Vec<String> = app.sqs().messages(queue).into_iter().map(|message| message.body).collect();
        assert_eq!(bodies, [format!(r#"{{ "to" : "{queue}", "n": 1.10 }}"#)]);
    }
    let audit =
        app.db().await.query_one("SELECT actor_kind, after FROM audit_log WHERE action = 'replay'", &[]).await.unwrap();
    assert_eq!(audit.get::<_, String>(0), "person");
    assert_eq!(audit.get::<_, Value>(1)["deliveries"].as_array().unwrap().len(), 4);
    // Once more: they are on their way already.
    let again = replay(&app, &json!({"ids": [ids[0]]})).await;
    assert_eq!(again, json!({"replayed": 0, "skipped": [{"id": ids[0], "reason": "not_open"}], "remaining": 0}));
    assert_eq!(app.sqs().messages("events").len(), 1);
}

#[tokio::test]
async fn nothing_is_counted_twice() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let sent = json!({"event_type": "page_visited", "source": "portal", "lead_identifier": {"email": "a@b.de"}});
    app.post("/api/v1/events/ingest", &sent).api_key(&key).send().await.expect(202);
    let body = app.sqs().messages("events")[0].body.clone();
    app.drain().await;
    for _ in 0..2 {
        let id = keep(&app, app.tenant(), "portal", "events", &body).await;
        replay(&app, &json!({"ids": [id]})).await;
        app.drain().await;
    }
    assert_eq!(stored(&app).await, 1);
}

#[tokio::test]
async fn a_source_and_a_time_range() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    for n in 0..5 {
        keep(&app, app.tenant(), if n < 3 { "partner" } else { "portal" }, "events", &n.to_string()).await;
    }
    let broken = keep(&app, app.tenant(), "partner", "events", "no json").await;
    let (from, to) = ("2026-01-01T00:00:00Z", "2126-01-01T00:00:00Z");
    let before = json!({"source": "partner", "from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"});
    assert_eq!(replay(&app, &before).await, json!({"replayed": 0, "skipped": [], "remaining": 0}));
    let answer = replay(&app, &json!({"source": "partner", "from": from, "to": to})).await;
    assert_eq!(answer, json!({"replayed": 3, "skipped": [{"id": broken, "reason": "not_json"}], "remaining": 0}));
    let mut bodies: Vec<String> = app.sqs().messages("events").into_iter().map(|message| message.body).collect();
    bodies.sort();
    assert_eq!(bodies, ["0", "1", "2"]);
}

#[tokio::test]
async fn what_does_not_fit_into_one_request_stays_open() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let large = format!("\"{}\"", "x".repeat(700 * 1024));
    let mut ids = Vec::new();
    for _ in 0..25 {
        ids.push(keep(&app, app.tenant(), "partner", "events", &large).await);
    }
    // 16 MiB of bodies a request: 23 of these.
    let range = json!({"source": "partner", "from": "2026-01-01T00:00:00Z", "to": "2126-01-01T00:00:00Z"});
    assert_eq!(replay(&app, &range).await, json!({"replayed": 23, "skipped": [], "remaining": 2}));
    assert_eq!(replay(&app, &range).await, json!({"replayed": 2, "skipped": [], "remaining": 0}));
    // As much as fits into a moment is handed over at once, and the rest by the relay; what was on its way just then may come twice.
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(1);
    app.run_job("outbox-relay", json!({"scheduled_for": later})).await;
    let waiting: i64 = app.db().await.query_one("SELECT count(*) FROM outbox", &[]).await.unwrap().get(0);
    assert_eq!(waiting, 0);
    assert!((25..=27).contains(&app.sqs().messages("events").len()));
    app.db().await.execute("UPDATE inbox SET status = 'open'", &[]).await.unwrap();
    let named = replay(&app, &json!({"ids": ids})).await;
    assert_eq!((&named["replayed"], &named["remaining"], &named["skipped"]), (&json!(23), &json!(2), &json!([])));
}

#[tokio::test]
async fn the_queue_down_is_made_up_for() {
    let app = TestApp::new().await;
    let id = keep(&app, app.tenant(), "partner", "events", &json!({"odd": 1}).to_string()).await;
    app.sqs().down(true);
    replay(&app, &json!({"ids": [id]})).await;
    app.sqs().down(false);
    let waiting: i64 = app.db().await.query_one("SELECT count(*) FROM outbox", &[]).await.unwrap().get(0);
    assert_eq!(waiting, 1, "the relay sends it");
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_answer() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let id = keep(&app, app.tenant(), "partner", "events", "{}").await;
    let send =
        || app.post(PATH, &json!({"ids": [id]})).bearer(&app.token("admin")).header("idempotency-key", "once").send();
    assert_eq!(send().await.expect(200).body, send().await.expect(200).body);
    assert_eq!(app.sqs().messages("events").len(), 1);
}

#[tokio::test]
async fn who_may_not_replay() {
    let app = TestApp::new().await;
    let id = keep(&app, app.tenant(), "partner", "events", "{}").await;
    let body = json!({"ids": [id]});
    app.post(PATH, &body).send().await.expect(401).problem();
    app.post(PATH, &body).bearer(&app.token("sales")).send().await.expect(403).problem();
    app.post(PATH, &body).bearer(&app.token_with_scopes(&["inbox:read"])).send().await.expect(403).problem();
    let other = app.new_tenant("other").await;
    app.post(PATH, &body).bearer(&other.token("admin")).send().await.expect(404).problem();
    app.post(PATH, &json!({"ids": [Uuid::now_v7()]})).bearer(&app.token("admin")).send().await.expect(404).problem();
    assert_eq!(statuses(&app).await, [("open".to_owned(), 0)]);
}

#[tokio::test]
async fn bad_requests_name_the_field() {
    let app = TestApp::new().await;
    let (from, to) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    for (body, pointers) in [
        (json!({}), vec!["/source", "/from", "/to"]),
        (json!({"source": "partner"}), vec!["/from", "/to"]),
        (json!({"ids": []}), vec!["/ids"]),
        (json!({"ids": vec![Uuid::nil(); 1001]}), vec!["/ids"]),
        (json!({"ids": ["7"]}), vec!["/ids/0"]),
        (json!({"ids": [Uuid::nil()], "source": "partner"}), vec!["/ids"]),
        (json!({"source": "partner", "from": to, "to": from}), vec!["/to"]),
        (json!({"ids": [Uuid::nil()], "colour": 1}), vec!["/colour"]),
    ] {
        let problem = app.post(PATH, &body).bearer(&app.token("admin")).send().await.expect(400).problem();
        let named: Vec<_> =
            problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(named, pointers, "{body}");
    }
}

/// The commit is done, and the queue takes the message and says nothing. Whoever waits has the answer all the same, and the relay hands
/// over a minute later.
#[tokio::test]
async fn a_queue_that_hangs_after_the_commit_delays_no_answer() {
    let app = TestApp::new().await;
    let body = json!({"kind": "events", "tenant_id": app.tenant().id, "source": "portal", "received_at": "2026-11-28T10:00:00Z", "receipts": []});
    let id = keep(&app, app.tenant(), "portal", "events", &body.to_string()).await;
    // Warm: what is measured is the waiting.
    app.get("/api/v1/inbox").bearer(&app.token("admin")).send().await.expect(200);
    app.sqs().silent(true);
    let started = std::time::Instant::now();
    let answer = replay(&app, &json!({"ids": [id]})).await;
    let took = started.elapsed();
    app.sqs().silent(false);
    assert_eq!(answer["replayed"], 1);
    assert!((1..6).contains(&took.as_secs()), "it waits for a moment, not for the function's end: {took:?}");
    assert!(app.sqs().messages("events").is_empty());
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(1);
    assert_eq!(app.run_job("outbox-relay", json!({"scheduled_for": later})).await["messages"], 1);
    app.drain().await;
}
