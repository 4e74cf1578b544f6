//! Nobody waits without end, and nobody is told something about their change that is not so.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::TestApp;

use crate::support::{create, path};

fn anna() -> Value {
    json!({"email": "anna@beispiel.de", "first_name": "Anna"})
}

/// Has every new lead do something within Postgres, as its owner.
async fn with_each_lead(app: &TestApp, trigger: &str, body: &str) {
    app.db()
        .await
        .batch_execute(&format!(
            "CREATE TABLE seen (what text, value text);
             CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {body} RETURN NULL; END $$;
             CREATE {trigger} FOR EACH ROW EXECUTE FUNCTION act()"
        ))
        .await
        .unwrap();
}

async fn leads(app: &TestApp) -> i64 {
    app.db().await.query_one("SELECT count(*) FROM leads", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn every_transaction_has_limits_and_an_endpoints_are_tighter() {
    let app = TestApp::new().await;
    let note = "INSERT INTO seen SELECT s, current_setting(s)
        FROM unnest(ARRAY['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) s;";
    with_each_lead(&app, "TRIGGER act AFTER INSERT ON leads", note).await;
    let seen = async || -> Vec<(String, String)> {
        let rows = app.db().await.query("DELETE FROM seen RETURNING what, value", &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    };
    let limits = |statement: &str| {
        [("statement_timeout", statement), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "15s")]
            .map(|(what, value)| (what.to_owned(), value.to_owned()))
    };
    create(&app, &anna()).await;
    assert_eq!(seen().await, limits("8s"), "somebody waits for the answer");

    let event = json!({"event_type": "page_visited", "source": "portal", "lead_identifier": {"email": "b@b.de"}});
    app.post("/api/v1/events/ingest", &event).api_key(&app.tenant().api_key("portal")).send().await.expect(202);
    app.drain().await;
    assert_eq!(seen().await, limits("25s"), "nobody does");

    // The limit is the transaction's: it does not stay with the connection.
    let left: String =
        app.database().app_client().await.unwrap().query_one("SHOW statement_timeout", &[]).await.unwrap().get(0);
    assert_eq!(left, "25s");
}

#[tokio::test]
async fn what_takes_too_long_can_be_sent_again() {
    let app = TestApp::new().await;
    for state in ["57014", "55P03", "40P01"] {
        with_each_lead(
            &app,
            "TRIGGER act AFTER INSERT ON leads",
            &format!("RAISE EXCEPTION 'too long' USING ERRCODE = '{state}';"),
        )
        .await;
        let refused = app.post("/api/v1/leads", &anna()).bearer(&app.token("sales")).send().await.expect(503);
        assert_eq!(refused.header("retry-after"), Some("5"), "{state}");
        app.db().await.batch_execute("DROP FUNCTION act CASCADE; DROP TABLE seen").await.unwrap();
        assert!(app.logs("leads-create").contains(state), "the log says why: {}", app.logs("leads-create"));
    }
    assert_eq!(leads(&app).await, 0);
    app.post("/api/v1/leads", &anna()).bearer(&app.token("sales")).send().await.expect(201);
}

/// Somebody holds a lead and does nothing with it.
#[tokio::test]
async fn a_lock_that_nobody_gives_back_is_not_waited_for_without_end() {
    let app = TestApp::new().await;
    let lead = create(&app, &anna()).await;
    let holder = app.db().await;
    holder.batch_execute("BEGIN; SELECT FROM leads FOR UPDATE").await.unwrap();
    let started = Instant::now();
    let change = app.patch(&path(&lead, ""), &json!({"company": "Neu GmbH"})).bearer(&app.token("sales"));
    change.send().await.expect(503);
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    holder.batch_execute("COMMIT").await.unwrap();
    app.patch(&path(&lead, ""), &json!({"company": "Neu GmbH"})).bearer(&app.token("sales")).send().await.expect(200);
}

/// A database that takes everything and answers nothing.
#[tokio::test]
async fn an_endpoint_answers_before_it_is_killed() {
    let app = TestApp::new().await;
    create(&app, &anna()).await;
    app.database_proxy().hold();
    let started = Instant::now();
    let body = json!({"email": "berta@beispiel.de"});
    let answer = app.post("/api/v1/leads", &body).bearer(&app.token("sales")).send().await.expect(503);
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
    let problem: Value = answer.json();
    assert!(problem["detail"].as_str().unwrap().contains("may have been made"), "{problem}");
    app.database_up();
    app.post("/api/v1/leads", &body).bearer(&app.token("sales")).send().await.expect(201);
    assert_eq!(leads(&app).await, 2, "what was given up was undone");
}

/// The connection is lost while COMMIT is on its way, and the commit goes through. Nobody is told that nothing was changed; and with
/// its key the same request is answered as if nothing had happened.
#[tokio::test]
async fn a_lost_commit_is_perhaps_done() {
    let app = TestApp::new().await;
    let trigger = "CONSTRAINT TRIGGER act AFTER INSERT ON leads DEFERRABLE INITIALLY DEFERRED";
    with_each_lead(&app, trigger, "PERFORM pg_sleep(1.5);").await;
    let post =
        || app.post("/api/v1/leads", &anna()).bearer(&app.token("sales")).header("idempotency-key", "once").send();
    let cut = async {
        let committing = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND state = 'active' AND query = 'COMMIT'";
        let db = app.db().await;
        while db.query_one(committing, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        app.database_down();
    };
    let (answer, ()) = tokio::join!(post(), cut);
    let problem: Value = answer.expect(503).json();
    assert!(problem["detail"].as_str().unwrap().contains("may have been made"), "{problem}");
    app.database_up();
    // The server goes on with what it was told.
    let started = Instant::now();
    while leads(&app).await == 0 {
        assert!(started.elapsed() < Duration::from_secs(10), "the commit goes through");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    post().await.expect(201);
    assert_eq!(leads(&app).await, 1);
}

/// What a person who looks after the database has to know stands in the log; what stands in rows does not.
#[tokio::test]
async fn the_log_says_what_the_database_said() {
    let app = TestApp::new().await;
    let name: String = app.db().await.query_one("SELECT current_database()", &[]).await.unwrap().get(0);
    let limit = async |connections: i32| {
        app.db()
            .await
            .batch_execute(&format!("ALTER DATABASE \"{name}\" CONNECTION LIMIT {connections}"))
            .await
            .unwrap();
    };
    limit(0).await;
    app.post("/api/v1/leads", &anna()).bearer(&app.token("sales")).send().await.expect(503);
    limit(-1).await;
    let logs = app.logs("leads-create");
    assert!(logs.contains("53300") && logs.contains("too many connections"), "{logs}");

    with_each_lead(
        &app,
        "TRIGGER act AFTER INSERT ON leads",
        "RAISE EXCEPTION 'something is broken' USING DETAIL = 'Failing row contains (anna@beispiel.de).', ERRCODE = '23514';",
    )
    .await;
    app.post("/api/v1/leads", &anna()).bearer(&app.token("sales")).send().await.expect(500);
    let logs = app.logs("leads-create");
    assert!(logs.contains("23514 something is broken") && !logs.contains("anna@beispiel.de"), "{logs}");
}
