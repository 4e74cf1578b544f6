use serde_json::{Value, json};
use testkit::{Method, Response, TestApp};
use uuid::Uuid;

use crate::support::{Board, refuses_strangers};

fn path(lead: Uuid) -> String {
    format!("/api/v1/scoring/leads/{lead}/recalculate")
}

async fn recalculate(app: &TestApp, lead: Uuid) -> Response {
    app.request(Method::POST, &path(lead)).bearer(&app.token("sales")).send().await
}

/// A lead whose log has a demo request and two page visits.
async fn eva(app: &TestApp) -> Uuid {
    app.slack().set_burst(100);
    let key = app.tenant().api_key("portal");
    let event = |event_type: &str, path: &str| json!({"event_type": event_type, "source": "portal", "lead_identifier": {"email": "eva@gmx.de"}, "metadata": {"page_path": path}});
    let events =
        [event("demo_requested", "/research/demo"), event("page_visited", "/research"), event("page_visited", "/")];
    app.post("/api/v1/events/ingest", &json!(events)).api_key(&key).send().await.expect(202);
    app.drain().await;
    app.db().await.query_one("SELECT id FROM leads", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_lead_that_is_up_to_date_stays_as_it_is() {
    let app = TestApp::new().await;
    let lead = eva(&app).await;
    let rows = "SELECT (SELECT count(*) FROM score_history), (SELECT xmin::text FROM lead_standings)";
    let before = app.db().await.query_one(rows, &[]).await.unwrap();

    let view: Value = recalculate(&app, lead).await.expect(200).json();

    assert_eq!((&view["changed"], &view["before"]), (&json!(false), &view["after"]));
    for list in ["awards_added", "awards_withdrawn", "signals_added", "signals_withdrawn"] {
        assert_eq!(view[list], json!([]), "{list}");
    }
    assert_eq!((&view["after"]["total_score"], &view["after"]["tier"]), (&json!(32), &json!("warm")));
    let breakdown = format!("/api/v1/scoring/leads/{lead}/breakdown");
    let shown: Value = app.get(&breakdown).bearer(&app.token("viewer")).send().await.expect(200).json();
    for part in ["total_score", "tier", "scores", "rules"] {
        assert_eq!(view["breakdown"][part], shown[part], "{part}");
    }
    let after = app.db().await.query_one(rows, &[]).await.unwrap();
    assert_eq!((before.get::<_, i64>(0), before.get::<_, &str>(1)), (after.get::<_, i64>(0), after.get::<_, &str>(1)));
}

#[tokio::test]
async fn what_was_lost_comes_back_from_the_log() {
    let app = TestApp::new().await;
    let lead = eva(&app).await;
    let db = app.db().await;
    // Damage: a real award is gone, a false one is there, and the standing agrees with neither.
    db.batch_execute(
        "DELETE FROM score_history h USING scoring_rules r WHERE r.id = h.rule_id AND r.slug = 'demo-requested';
         INSERT INTO score_history (tenant_id, lead_id, rule_id, event_id, rule_version, category, points, awarded_at)
         SELECT l.tenant_id, l.id, r.id, gen_random_uuid(), r.version, r.category, r.points, now()
           FROM leads l JOIN scoring_rules r ON r.tenant_id = l.tenant_id AND r.slug = 'meeting-booked';
         UPDATE lead_standings SET behavior = 99, total_score = 101, tier = 'very_hot';
         DELETE FROM intent_signals",
    )
    .await
    .unwrap();

    let view: Value = recalculate(&app, lead).await.expect(200).json();

    assert_eq!(view["changed"], true);
    assert_eq!((&view["before"]["total_score"], &view["before"]["tier"]), (&json!(101), &json!("very_hot")));
    assert_eq!((&view["after"]["total_score"], &view["breakdown"]["total_score"]), (&json!(32), &json!(32)));
    let slugs = |list: &str| -> Vec<&str> {
        view[list].as_array().unwrap().iter().map(|award| award["rule_slug"].as_str().unwrap()).collect()
    };
    assert_eq!((slugs("awards_added"), slugs("awards_withdrawn")), (vec!["demo-requested"], vec!["meeting-booked"]));
    assert_eq!(view["awards_added"][0]["points"], 30);
    assert!(!view["signals_added"].as_array().unwrap().is_empty());
    let lead_path = format!("/api/v1/leads/{lead}");
    let shown: Value = app.get(&lead_path).bearer(&app.token("viewer")).send().await.expect(200).json();
    assert_eq!((&shown["total_score"], &shown["primary_intent"]), (&json!(32), &view["after"]["primary_intent"]));
    let audit = "SELECT before ->> 'total_score', after ->> 'total_score' FROM audit_log
        WHERE action = 'recalculate' AND record_type = 'lead' AND record_id = $1";
    let row = db.query_one(audit, &[&lead.to_string()]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("101", "32"));
    assert_eq!(recalculate(&app, lead).await.expect(200).json::<Value>()["changed"], false);
}

#[tokio::test]
async fn todays_rules_are_what_counts() {
    let app = TestApp::new().await;
    let lead = eva(&app).await;
    let rule = json!({
        "slug": "research-page", "name": "Research page", "rule_type": "event", "category": "behavior", "points": 25,
        "conditions": {"all": [{"field": "metadata.page_path", "op": "eq", "value": "/research"}]},
    });
    app.post("/api/v1/scoring/rules", &rule).bearer(&app.token("admin")).send().await.expect(201);
    // Before the queue has come to it.
    let view: Value = recalculate(&app, lead).await.expect(200).json();
    assert_eq!(
        (&view["awards_added"][0]["rule_slug"], &view["after"]["total_score"]),
        (&json!("research-page"), &json!(57))
    );
    let version = app.db().await.query_one("SELECT rule_set_version FROM lead_standings", &[]).await.unwrap();
    assert_eq!(view["rule_set_version"], version.get::<_, i32>(0));
    app.drain().await;
    // The lead has enough points by it: the router was told, and has a person choose between two intents.
    let outcome = "SELECT outcome FROM routing_decisions";
    assert_eq!(app.db().await.query_one(outcome, &[]).await.unwrap().get::<_, &str>(0), "conflict");
}

#[tokio::test]
async fn refuses_strangers_and_repeats_an_answer() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let lead = Board::of(&app, app.tenant(), "discovery").await.lead(&app).await;
    let token = app.token("sales");
    recalculate(&app, Uuid::now_v7()).await.expect(404).problem();
    app.request(Method::POST, "/api/v1/scoring/leads/x/recalculate").bearer(&token).send().await.expect(404).problem();
    app.request(Method::POST, &path(lead)).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    app.request(Method::POST, &path(lead)).bearer(&app.token("viewer")).send().await.expect(403).problem();
    app.post(&path(lead), &json!({"deep": true})).bearer(&token).send().await.expect(400).problem();
    refuses_strangers(&app, Method::POST, &path(lead), None, "leads:write").await;
    let send = || app.request(Method::POST, &path(lead)).bearer(&token).header("idempotency-key", "k").send();
    let first: Value = send().await.expect(200).json();
    assert_eq!(send().await.expect(200).json::<Value>(), first);
    let count = "SELECT count(*) FROM audit_log WHERE action = 'recalculate'";
    assert_eq!(app.db().await.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 1);
}
