//! Leads in conflict: who is asked, when again, and when no longer.

use serde_json::{Value, json};
use testkit::TestApp;

use crate::world;

/// Four events of one person that speak for two intents alike.
async fn torn(app: &TestApp) -> String {
    world::without_slack(app).await;
    let deeds = [
        ("form_submitted", "academic grant", "/x"),
        ("demo_requested", "pharma custom", "/y"),
        ("meeting_booked", "university", "/z"),
        ("content_downloaded", "partnership", "/w"),
    ];
    let events: Vec<world::Sent> = deeds
        .into_iter()
        .enumerate()
        .map(|(n, (event_type, interest, page))| world::Sent {
            id: uuid::Uuid::now_v7(),
            event: json!({"event_type": event_type, "source": "portal", "lead_identifier": {"email": "two@gmx.de"}, "external_id": n.to_string(),
                          "metadata": {"interest": interest, "page_path": page}}),
        })
        .collect();
    world::send(app, &app.tenant().id.clone(), &events, 50);
    app.drain().await;
    let db = app.db().await;
    db.query_one("SELECT id::text FROM leads", &[]).await.unwrap().get(0)
}

/// Status and owner of every task that asks for a pipeline, the oldest first.
async fn questions(app: &TestApp) -> Vec<(String, Option<String>)> {
    let statement = "SELECT t.status, m.name FROM tasks t LEFT JOIN team_members m ON m.id = t.owner_id
        WHERE t.kind = 'decide_pipeline' ORDER BY t.created_at, t.id";
    let rows = app.db().await.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn statuses(app: &TestApp) -> Vec<String> {
    questions(app).await.into_iter().map(|(status, _)| status).collect()
}

async fn evaluate(app: &TestApp, lead: &str) -> Value {
    let path = format!("/api/v1/routing/evaluate/{lead}");
    // It answers what it decided; the messages to the team are not looked at here.
    app.allow_leftovers();
    app.post(&path, &json!({})).bearer(&app.token("manager")).send().await.expect(200).json()
}

/// Somebody closes the open task that asks, without deciding.
async fn close(app: &TestApp, status: &str) {
    let statement = "SELECT id::text FROM tasks WHERE kind = 'decide_pipeline' AND status = 'open'";
    let task: String = app.db().await.query_one(statement, &[]).await.unwrap().get(0);
    let change = json!({"status": status});
    app.patch(&format!("/api/v1/tasks/{task}"), &change).bearer(&app.token("sales")).send().await.expect(200);
}

async fn change(app: &TestApp, statement: &str) {
    assert!(app.db().await.execute(statement, &[]).await.unwrap() > 0, "{statement}");
}

#[tokio::test]
async fn two_intents_too_close_go_to_the_team_lead() {
    let app = TestApp::new().await;
    let lead = torn(&app).await;
    let db = app.db().await;
    let statement = "SELECT count(*), count(*) FILTER (WHERE outcome = 'conflict') FROM routing_decisions";
    let row = db.query_one(statement, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 1));
    let statement = "SELECT name FROM team_members WHERE lead_of_team AND active";
    let leader: String = db.query_one(statement, &[]).await.unwrap().get(0);
    assert_eq!(
        questions(&app).await,
        [("open".to_owned(), Some(leader))],
        "also when nobody is placed in the same batch"
    );
    // The person decides; the task is no longer needed, and the machine leaves the lead alone.
    let statement = "SELECT id::text FROM pipelines WHERE slug = 'research-lab'";
    let pipeline: String = db.query_one(statement, &[]).await.unwrap().get(0);
    let decided = app
        .post(&format!("/api/v1/leads/{lead}/route"), &json!({"pipeline_id": pipeline, "reason": "Telefonat"}))
        .bearer(&app.token("sales"))
        .send()
        .await
        .expect(200)
        .json::<Value>();
    assert_eq!(decided["outcome"], "manual");
    assert!(decided["deal_id"].is_string());
    app.drain().await;
    world::check_invariants(&app).await;
    assert_eq!(statuses(&app).await, ["cancelled"]);
    let deals: i64 = db.query_one("SELECT count(*) FROM deals", &[]).await.unwrap().get(0);
    assert_eq!(deals, 1);
}

#[tokio::test]
async fn a_question_closed_without_a_decision_is_put_again_after_a_week() {
    let app = TestApp::new().await;
    let lead = torn(&app).await;
    for status in ["done", "cancelled"] {
        let before = statuses(&app).await;
        evaluate(&app, &lead).await;
        assert_eq!(statuses(&app).await, before, "an open question stands");
        close(&app, status).await;
        let closed = statuses(&app).await;
        evaluate(&app, &lead).await;
        assert_eq!(statuses(&app).await, closed, "whoever ticked it off is not asked the same the next minute");
        let past = "UPDATE tasks SET completed_at = completed_at - interval '7 days', updated_at = updated_at - interval '7 days',
            created_at = created_at - interval '7 days' WHERE kind = 'decide_pipeline'";
        change(&app, past).await;
        evaluate(&app, &lead).await;
        let mut again = closed;
        again.push("open".to_owned());
        assert_eq!(statuses(&app).await, again, "a week later it is put again");
    }
    world::check_invariants(&app).await;
}

#[tokio::test]
async fn another_winner_is_another_question() {
    let app = TestApp::new().await;
    let lead = torn(&app).await;
    close(&app, "done").await;
    evaluate(&app, &lead).await;
    assert_eq!(statuses(&app).await, ["done"]);
    change(&app, "UPDATE leads SET conflict_winner = 'b2b'").await;
    evaluate(&app, &lead).await;
    assert_eq!(statuses(&app).await, ["done", "open"]);
}

#[tokio::test]
async fn a_conflict_that_ends_asks_nobody_any_more() {
    let app = TestApp::new().await;
    let lead = torn(&app).await;
    assert_eq!(statuses(&app).await, ["open"]);
    // What spoke for both intents has expired; the points are still there.
    change(&app, "UPDATE intent_signals SET expires_at = now() - interval '1 hour'").await;
    evaluate(&app, &lead).await;
    assert_eq!(statuses(&app).await, ["cancelled"]);
    let statement = "SELECT conflict_task_id IS NULL AND conflict_winner IS NULL FROM leads";
    assert!(
        app.db().await.query_one(statement, &[]).await.unwrap().get::<_, bool>(0),
        "the next conflict is asked about"
    );
    change(&app, "UPDATE intent_signals SET expires_at = now() + interval '1 hour'").await;
    evaluate(&app, &lead).await;
    assert_eq!(statuses(&app).await, ["cancelled", "open"]);
}

#[tokio::test]
async fn the_router_hears_of_a_conflict_that_ends() {
    let app = TestApp::new().await;
    torn(&app).await;
    // The first signals expire tonight, and the score with them.
    change(&app, "UPDATE intent_signals SET expires_at = now() - interval '1 hour'").await;
    change(&app, "UPDATE lead_standings SET next_expiry_at = now() - interval '1 hour', counted = NULL").await;
    let events = [world::Sent {
        id: uuid::Uuid::now_v7(),
        event: json!({"event_type": "page_visited", "source": "portal", "lead_identifier": {"email": "two@gmx.de"}, "external_id": "later",
                      "metadata": {"page_path": "/imprint"}}),
    }];
    world::send(&app, &app.tenant().id.clone(), &events, 50);
    app.drain().await;
    assert_eq!(statuses(&app).await, ["cancelled"]);
}

#[tokio::test]
async fn a_closed_question_keeps_nobody_from_discovery() {
    let app = TestApp::new().await;
    let lead = torn(&app).await;
    close(&app, "done").await;
    change(&app, "UPDATE intent_signals SET expires_at = now() - interval '1 hour'").await;
    change(&app, "UPDATE score_history SET awarded_at = now() - interval '20 days'").await;
    change(&app, "UPDATE lead_standings SET first_seen_at = now() - interval '20 days', counted = NULL").await;
    change(&app, "UPDATE leads SET created_at = now() - interval '20 days'").await;
    world::nightly(&app).await;
    app.drain().await;
    let statement = "SELECT p.slug FROM leads l JOIN pipelines p ON p.id = l.pipeline_id WHERE l.id::text = $1";
    let rows = app.db().await.query(statement, &[&lead]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), ["discovery"]);
}
