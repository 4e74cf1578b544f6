//! What happens to events while something is away.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::TestApp;
use testkit::keys::Token;
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

/// Revokes the key of `portal` at a moment of Postgres.
async fn revoke_key(app: &TestApp, at: &str) {
    let statement = format!("UPDATE api_keys SET revoked_at = {at} WHERE source = 'portal'");
    assert_eq!(app.db().await.execute(&statement, &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn a_key_counts_as_it_was_when_the_events_came() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    app.database_down();
    app.post(PATH, &event(json!({"external_id": "in time"}))).api_key(&key).send().await.expect(202);
    revoke_key(&app, "now()").await;
    // The receiver cannot know that yet.
    for external_id in ["late", "later"] {
        app.post(PATH, &event(json!({"external_id": external_id}))).api_key(&key).send().await.expect(202);
    }
    app.database_up();
    app.drain().await;
    let known: Vec<String> = app
        .db()
        .await
        .query("SELECT external_id FROM events", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(known, ["in time"]);
    assert_eq!(inbox(&app).await, [("unknown_key".to_owned(), None), ("unknown_key".to_owned(), None)]);
    app.post(PATH, &event(json!({}))).api_key(&key).send().await.expect(401).problem();
    // Expiry is the same question.
    app.database_down();
    app.post(PATH, &event(json!({"external_id": "before its end"}))).api_key(&key).send().await.expect(202);
    app.database_up();
    revoke_key(&app, "NULL, expires_at = now() + interval '1 minute'").await;
    app.drain().await;
    app.database_down();
    revoke_key(&app, "NULL, expires_at = now() - interval '1 minute'").await;
    app.post(PATH, &event(json!({"external_id": "after it"}))).api_key(&key).send().await.expect(202);
    app.database_up();
    app.drain().await;
    assert_eq!((stored(&app).await, inbox(&app).await.len()), (2, 3));
}

#[tokio::test]
async fn a_token_that_was_revoked_before_the_events_came_is_found_out_later() {
    let app = TestApp::new().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let token = |jti: &str| Token::new(&app.tenant().id).role("admin").claim("jti", json!(jti)).sign();
    let send = async |jti: &str, external_id: &str| {
        let body = json!([
            event(json!({"external_id": external_id})),
            event(json!({"external_id": format!("{external_id} too")}))
        ]);
        app.post(PATH, &body).bearer(&token(jti)).send().await.expect(202);
    };
    let db = app.db().await;
    let revoke = async |jti: &str| {
        let statement = "INSERT INTO revoked_tokens (jti, tenant_id, revoked_at, expires_at) VALUES ($1, $2, now(), now() + interval '1 day')";
        db.execute(statement, &[&jti, &tenant]).await.unwrap();
    };
    // Checked by the receiver: what is revoked afterwards was right when it came.
    send("checked", "checked").await;
    revoke("checked").await;
    app.database_down();
    send("in-time", "in time").await;
    revoke("in-time").await;
    revoke("gone").await;
    send("gone", "late").await;
    send("good", "good").await;
    let unchecked: Vec<Value> = queued(&app).iter().map(|message| message["unchecked_token"].clone()).collect();
    assert_eq!(unchecked, [json!(null), json!("in-time"), json!("gone"), json!("good")]);
    app.database_up();
    app.drain().await;
    let known = db.query("SELECT external_id FROM events ORDER BY 1", &[]).await.unwrap();
    let known: Vec<String> = known.iter().map(|row| row.get(0)).collect();
    assert_eq!(known, ["checked", "checked too", "good", "good too", "in time", "in time too"]);
    let aside = [("revoked_token".to_owned(), Some(tenant)), ("revoked_token".to_owned(), Some(tenant))];
    assert_eq!(inbox(&app).await, aside);

    // Sending them again asks again.
    let ids: Vec<Uuid> = db.query("SELECT id FROM inbox", &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let replay = json!({"ids": ids});
    app.post("/api/v1/inbox/replay", &replay).bearer(&app.token("admin")).send().await.expect(200);
    app.drain().await;
    assert_eq!((stored(&app).await, inbox(&app).await), (6, aside.to_vec()));
    db.execute("DELETE FROM revoked_tokens WHERE jti = 'gone'", &[]).await.unwrap();
    app.post("/api/v1/inbox/replay", &replay).bearer(&app.token("admin")).send().await.expect(200);
    app.drain().await;
    assert_eq!(stored(&app).await, 8);
}

#[tokio::test]
async fn a_member_who_is_inactive_is_found_out_later_too() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let id = async |name: &str| -> Uuid {
        db.query_one("SELECT id FROM team_members WHERE name = $1", &[&name]).await.unwrap().get(0)
    };
    let (sam, mia) = (id("sam").await, id("mia").await);
    let token = |claim: &str, value: Value| Token::new(&app.tenant().id).role("admin").claim(claim, value).sign();
    app.database_down();
    for (n, token) in [token("sub", json!(sam)), token("email", json!("Sam@Test.example")), token("sub", json!(mia))]
        .iter()
        .enumerate()
    {
        let body = event(json!({"external_id": format!("{n}")}));
        app.post(PATH, &body).bearer(token).send().await.expect(202);
    }
    app.database_up();
    db.execute("UPDATE team_members SET active = false WHERE id = $1", &[&sam]).await.unwrap();
    app.drain().await;
    assert_eq!(
        inbox(&app).await,
        [("revoked_token".to_owned(), Some(tenant)), ("revoked_token".to_owned(), Some(tenant))]
    );
    let known: String = db.query_one("SELECT external_id FROM events", &[]).await.unwrap().get(0);
    assert_eq!(known, "2", "mia's");
}

#[tokio::test]
async fn an_idempotency_key_counts_once_also_without_the_database() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let send = async |body: &Value| -> Value {
        app.post(PATH, body).api_key(&key).header("idempotency-key", "once").send().await.expect(202).json()
    };
    let batch = json!([event(json!({})), event(json!({}))]);
    app.database_down();
    send(&batch).await;
    send(&batch).await;
    // Nobody can say now that the key was used for another request; its events are not lost for that.
    send(&event(json!({"metadata": {"page_path": "/"}}))).await;
    app.database_up();
    let known = send(&batch).await;
    assert_eq!(send(&batch).await, known);
    app.drain().await;
    assert_eq!(stored(&app).await, 2 + 1);
}

/// How long the database is away.
const OUTAGE: Duration = Duration::from_secs(60);

/// Events of two keys, one of them wrong, and of a person, every fifth of a second, with some sent twice; a processor that never
/// rests; and in the middle a minute without the database.
#[tokio::test]
async fn a_minute_without_the_database_loses_and_doubles_nothing() {
    let app = TestApp::new().await;
    let (portal, website, person) =
        (app.tenant().api_key("portal"), app.tenant().api_key("website"), app.token("admin"));
    let quiet = "UPDATE integrations SET active = false WHERE name = 'slack'";
    app.db().await.execute(quiet, &[]).await.unwrap();
    let started = Instant::now();
    let (before, after) = (Duration::from_secs(3), Duration::from_secs(3) + OUTAGE);
    let done = AtomicBool::new(false);

    let sending = async {
        let (mut ids, mut names, mut while_away) = (BTreeSet::new(), BTreeSet::new(), 0);
        for n in 0.. {
            if started.elapsed() > after + Duration::from_secs(3) {
                break;
            }
            let source = if n % 3 == 1 { "website" } else { "portal" };
            let batch: Vec<Value> = (0..5)
                .map(|m| {
                    event(json!({"source": source, "external_id": format!("{n}-{m}"),
                                 "lead_identifier": {"email": format!("p{}@beispiel.de", (n + m) % 17)}}))
                })
                .collect();
            for _ in 0..1 + usize::from(n % 10 == 0) {
                let request = app.post(PATH, &json!(batch));
                let request = match n % 3 {
                    // What the receiver cannot know while the database is away is found out by the processor.
                    0 if n % 4 == 0 && (before..after).contains(&started.elapsed()) => request.api_key("portal:wrong"),
                    0 => request.api_key(&portal),
                    1 => request.api_key(&website),
                    _ => request.bearer(&person),
                };
                let answer = request.send().await;
                // The wrong key may be recognised in the moment of the change.
                if answer.status == 401 {
                    continue;
                }
                let reply: Value = answer.expect(202).json();
                assert_eq!(reply["accepted"], 5);
                while_away += if (before..after).contains(&started.elapsed()) { 5 } else { 0 };
                ids.extend(
                    reply["receipts"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()),
                );
                names.extend(batch.iter().map(|one| one["external_id"].as_str().unwrap().to_owned()));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        done.store(true, Ordering::Relaxed);
        (ids, names, while_away)
    };
    let processing = async {
        let mut failures = 0;
        while !done.load(Ordering::Relaxed) {
            failures += app.deliver("events").await.failures;
            app.deliver("routing").await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        failures
    };
    let cutting = async {
        tokio::time::sleep_until((started + before).into()).await;
        app.database_down();
        tokio::time::sleep_until((started + after).into()).await;
        app.database_up();
    };
    let ((ids, names, while_away), failures, ()) = tokio::join!(sending, processing, cutting);
    assert!(while_away > 500 && failures > 50, "{while_away} events came and {failures} deliveries failed meanwhile");
    // What waits for its next try, each at a moment of its own, has waited.
    app.sqs().advance(Duration::from_secs(900));
    app.drain().await;

    let db = app.db().await;
    let column = async |statement: &str| -> Vec<String> {
        db.query(statement, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    };
    let processed = column("SELECT external_id FROM events ORDER BY 1").await;
    let aside = column("SELECT DISTINCT body::jsonb #>> '{receipts,0,event,external_id}' FROM inbox ORDER BY 1").await;
    assert!(!aside.is_empty(), "some had a wrong key");
    assert_eq!(column("SELECT DISTINCT reason FROM inbox").await, ["unknown_key"]);
    let all: Vec<String> = [processed.as_slice(), &aside].concat();
    assert_eq!(all.len(), names.len(), "accepted = processed + quarantined, each once");
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), names);
    // Every place that something accepted is found under has one of the receipts.
    let places = column("SELECT id::text FROM events UNION ALL SELECT id::text FROM inbox").await;
    assert!(places.iter().all(|id| ids.contains(id)));
    let counted: i64 = db.query_one("SELECT count(DISTINCT lead_id) FROM events", &[]).await.unwrap().get(0);
    let leads: i64 = db.query_one("SELECT count(*) FROM leads", &[]).await.unwrap().get(0);
    assert_eq!((counted, leads), (17, 17));
}
