use serde_json::{Value, json};
use testkit::keys::epoch_seconds;
use testkit::statements::statement;
use testkit::{Method, TestApp};
use uuid::Uuid;

use crate::support::{Board, crowd, plan, pointers, refuses_strangers, uses};

fn path(lead: Uuid) -> String {
    format!("/api/v1/scoring/leads/{lead}/history")
}

async fn shown(app: &TestApp, path: &str) -> Value {
    app.get(path).bearer(&app.token("viewer")).send().await.expect(200).json()
}

/// One row of the history; moments are SQL expressions.
async fn award(app: &TestApp, lead: Uuid, slug: &str, points: i32, awarded: &str, expires: &str, withdrawn: &str) {
    let statement = format!(
        "INSERT INTO score_history (tenant_id, lead_id, rule_id, event_id, rule_version, category, points, awarded_at, expires_at,
                withdrawn_at, withdrawn_reason)
         SELECT l.tenant_id, l.id, r.id, gen_random_uuid(), 1, r.category, {points}, {awarded}, {expires}, {withdrawn},
                CASE WHEN {withdrawn} IS NOT NULL THEN 'recounted' END
           FROM leads l JOIN scoring_rules r ON r.tenant_id = l.tenant_id AND r.slug = '{slug}' WHERE l.id = '{lead}'"
    );
    assert_eq!(app.db().await.execute(&statement, &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn every_award_expiry_and_withdrawal_with_what_it_came_to() {
    let app = TestApp::new().await;
    let lead = Board::of(&app, app.tenant(), "discovery").await.lead(&app).await;
    let never = "NULL::timestamptz";
    award(&app, lead, "business-email", 5, "now() - interval '100 days'", never, never).await;
    award(&app, lead, "demo-requested", 30, "now() - interval '95 days'", "now() - interval '5 days'", never).await;
    award(
        &app,
        lead,
        "email-replied",
        15,
        "now() - interval '20 days'",
        "now() + interval '70 days'",
        "now() - interval '10 days'",
    )
    .await;
    // Withdrawn after it had expired: it is taken away once.
    award(
        &app,
        lead,
        "form-submitted",
        7,
        "now() - interval '96 days'",
        "now() - interval '6 days'",
        "now() - interval '1 day'",
    )
    .await;
    award(&app, lead, "unsubscribed", -20, "now() - interval '2 days'", never, never).await;

    let history = shown(&app, &path(lead)).await;

    let rows = history["data"].as_array().unwrap();
    let told: Vec<(&str, &str, i64, i64)> = rows
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap();
            (text("kind"), text("rule_slug"), row["points"].as_i64().unwrap(), row["total_score"].as_i64().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("withdrawal", "form-submitted", 0, 0),
            ("award", "unsubscribed", -20, 0),
            ("expiry", "demo-requested", -30, 5),
            ("expiry", "form-submitted", -7, 35),
            ("withdrawal", "email-replied", -15, 42),
            ("award", "email-replied", 15, 57),
            ("award", "demo-requested", 30, 42),
            ("award", "form-submitted", 7, 12),
            ("award", "business-email", 5, 5),
        ]
    );
    assert_eq!(history["pagination"]["total"], 9);
    assert_eq!(rows[0]["scores"], json!({"demographic": 5, "engagement": -20, "behavior": 0}));
    assert_eq!(
        (&rows[5]["tier"], &rows[0]["tier"], &rows[0]["withdrawn_reason"]),
        (&json!("hot"), &json!("cold"), &json!("recounted"))
    );

    // Walked page by page it is the same, sums included.
    let mut paged = Vec::new();
    for page in 1..=5 {
        let part = shown(&app, &format!("{}?limit=2&page={page}", path(lead))).await;
        paged.extend(part["data"].as_array().unwrap().clone());
    }
    assert_eq!(&paged, rows);
    let breakdown = shown(&app, &format!("/api/v1/scoring/leads/{lead}/breakdown")).await;
    assert_eq!((&rows[0]["scores"], &rows[0]["total_score"]), (&breakdown["scores"], &breakdown["total_score"]));
}

#[tokio::test]
async fn what_the_engine_did_adds_up_to_the_present_score() {
    let app = TestApp::new().await;
    app.slack().set_burst(100);
    let key = app.tenant().api_key("portal");
    // Hours of one UTC day, three days ago.
    let day = i64::try_from(epoch_seconds()).unwrap() / 86_400 * 86_400 - 3 * 86_400;
    let at = |hours: i64| jiff::Timestamp::from_second(day + hours * 3600).unwrap().to_string();
    let event = |event_type: &str, hours: i64| {
        json!({"event_type": event_type, "source": "portal", "occurred_at": at(hours), "external_id": format!("{event_type}-{hours}"),
               "lead_identifier": {"email": "eva@labor.example"}, "lead": {"country": "DE", "job_title": "Laborleiterin"}})
    };
    // One that has expired, one beyond its cap, and an early one that comes late and displaces another under that cap.
    let first = [
        event("webinar_attended", -24 * 100),
        event("email_replied", 10),
        event("email_replied", 11),
        event("demo_requested", 5),
    ];
    app.post("/api/v1/events/ingest", &json!(first)).api_key(&key).send().await.expect(202);
    app.drain().await;
    let late = [event("email_replied", 9), event("page_visited", 9), event("page_visited", 12)];
    app.post("/api/v1/events/ingest", &json!(late)).api_key(&key).send().await.expect(202);
    app.drain().await;
    let row = app.db().await.query_one("SELECT id FROM leads", &[]).await.unwrap();
    let lead: Uuid = row.get(0);

    let history = shown(&app, &format!("{}?limit=100", path(lead))).await;

    let rows = history["data"].as_array().unwrap();
    let kinds: Vec<&str> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"award") && kinds.contains(&"expiry"), "{kinds:?}");
    assert!(kinds.contains(&"withdrawal"), "a late event displaced another: {kinds:?}");
    assert_eq!(history["pagination"]["total"], rows.len());
    let breakdown = shown(&app, &format!("/api/v1/scoring/leads/{lead}/breakdown")).await;
    assert_eq!((&rows[0]["scores"], &rows[0]["total_score"]), (&breakdown["scores"], &breakdown["total_score"]));
    let standing: Value = shown(&app, &format!("/api/v1/leads/{lead}")).await;
    assert_eq!(standing["total_score"], rows[0]["total_score"]);
    let sum: i64 = rows.iter().map(|row| row["points"].as_i64().unwrap()).sum();
    assert_eq!(sum, standing["total_score"].as_i64().unwrap());
    let demo = rows.iter().find(|row| row["rule_slug"] == "demo-requested").unwrap();
    assert_eq!((&demo["event_type"], &demo["points"]), (&json!("demo_requested"), &json!(30)));
}

#[tokio::test]
async fn refuses_what_it_must() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let lead = Board::of(&app, app.tenant(), "discovery").await.lead(&app).await;
    let path = path(lead);
    assert_eq!(shown(&app, &path).await["data"], json!([]));
    let token = app.token("viewer");
    let refused = app.get(&format!("{path}?colour=red&limit=101")).bearer(&token).send().await.expect(400);
    let mut found = pointers(&refused);
    found.sort_unstable();
    assert_eq!(found, ["?colour", "?limit"]);
    app.get(&format!("{path}?sort=points")).bearer(&token).send().await.expect(400).problem();
    app.get(&path).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    app.get("/api/v1/scoring/leads/x/history").bearer(&token).send().await.expect(404).problem();
    refuses_strangers(&app, Method::GET, &path, None, "scoring:read").await;
}

#[tokio::test]
async fn reads_through_indexes() {
    let app = TestApp::new().await;
    let board = crowd(&app).await;
    let db = app.db().await;
    db.batch_execute(
        "INSERT INTO score_history (tenant_id, lead_id, rule_id, event_id, rule_version, category, points, awarded_at, withdrawn_at)
         SELECT l.tenant_id, l.id, gen_random_uuid(), gen_random_uuid(), 1, 'behavior', 1, now(), CASE WHEN n % 3 = 0 THEN now() END
           FROM leads l, generate_series(1, 4) n;
         -- Some in every partition: reading an empty one from end to end would be no fault.
         INSERT INTO events (id, tenant_id, lead_id, event_type, source, occurred_at, received_at, external_id, identifiers)
         SELECT gen_random_uuid(), l.tenant_id, l.id, 'page_visited', 'website', now() + m * interval '1 month', now(), 'x', '[]'
           FROM leads l, unnest(ARRAY[-6, -3, -2, -1, 0, 1, 2, 3]) m",
    )
    .await
    .unwrap();
    db.batch_execute("VACUUM ANALYZE").await.unwrap();
    let row = db.query_one("SELECT id::text FROM leads WHERE tenant_id = $1 LIMIT 1", &[&board.tenant]).await.unwrap();
    let lead = format!("'{}'", row.get::<_, &str>(0));
    let list = plan(&app, board.tenant, &statement("scoring.list_steps"), &[&lead, "now()", "25", "0"]).await;
    uses(&list, "score_history_counted_key", &["score_history", "events"]);
    uses(&list, "score_history_withdrawn_idx", &["score_history"]);
    let count = plan(&app, board.tenant, &statement("scoring.count_steps"), &[&lead, "now()"]).await;
    uses(&count, "score_history_counted_key", &["score_history"]);
}
