use serde_json::{Value, json};
use testkit::statements::statement;
use testkit::{Method, TestApp};
use uuid::Uuid;

use crate::support::{Board, crowd, plan, refuses_strangers, uses};

/// One row of the history: rule by slug, points, when awarded, expiring and withdrawn (SQL expressions).
async fn award(app: &TestApp, lead: Uuid, slug: &str, points: i32, awarded: &str, expires: &str, withdrawn: &str) {
    let statement = format!(
        "INSERT INTO score_history (tenant_id, lead_id, rule_id, event_id, rule_version, category, points, awarded_at, expires_at,
                withdrawn_at)
         SELECT l.tenant_id, l.id, r.id, gen_random_uuid(), 1, r.category, {points}, {awarded}, {expires}, {withdrawn}
           FROM leads l JOIN scoring_rules r ON r.tenant_id = l.tenant_id AND r.slug = '{slug}' WHERE l.id = '{lead}'"
    );
    assert_eq!(app.db().await.execute(&statement, &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn shows_what_a_score_is_made_of() {
    let app = TestApp::new().await;
    let lead = Board::of(&app, app.tenant(), "discovery").await.lead(&app).await;
    let (past, future) = ("now() - interval '1 day'", "now() + interval '30 days'");
    // The cap of one a day is used up, and two of three for life: one of them has expired.
    award(&app, lead, "pricing-viewed", 8, "now()", future, "NULL").await;
    award(&app, lead, "pricing-viewed", 8, "now() - interval '91 days'", past, "NULL").await;
    award(&app, lead, "pricing-viewed", 8, "now() - interval '2 days'", future, "now()").await;
    award(&app, lead, "linkedin-connected", 5, "now() - interval '3 days'", "now() + interval '7 days'", "NULL").await;
    award(&app, lead, "unsubscribed", -20, "now() - interval '3 days'", "NULL", "NULL").await;
    award(&app, lead, "demo-requested", 30, "now() - interval '3 days'", future, "NULL").await;

    let path = format!("/api/v1/scoring/leads/{lead}/breakdown");
    let shown: Value = app.get(&path).bearer(&app.token("viewer")).send().await.expect(200).json();

    assert_eq!((&shown["lead_id"], &shown["total_score"], &shown["tier"]), (&json!(lead), &json!(23), &json!("warm")));
    let scores = &shown["scores"];
    let sum: i64 = scores.as_object().unwrap().values().map(|sum| sum.as_i64().unwrap()).sum();
    assert_eq!((sum, &scores["demographic"]), (23, &json!(0)));
    let rules = shown["rules"].as_array().unwrap();
    let of = |slug: &str| rules.iter().find(|rule| rule["slug"] == slug).unwrap();
    let pricing = of("pricing-viewed");
    assert_eq!(
        (&pricing["awards"], &pricing["points"], &pricing["name"]),
        (&json!(1), &json!(8), &json!("Pricing viewed"))
    );
    assert_eq!(pricing["expired"], json!({"awards": 1, "points": 8}));
    assert_eq!(pricing["withdrawn"], json!({"awards": 1, "points": 8}));
    assert_eq!(
        pricing["caps"],
        json!({"max_per_day": 1, "today": 1, "day_reached": true, "max_per_lead": 3, "ever": 2, "lead_reached": false})
    );
    assert_eq!(of("linkedin-connected")["caps"]["lead_reached"], true);
    assert_eq!(of("linkedin-connected")["caps"]["day_reached"], false);
    assert_eq!(shown["next_expiry_at"], of("linkedin-connected")["next_expiry_at"]);
    assert_eq!((&of("unsubscribed")["points"], &of("unsubscribed")["next_expiry_at"]), (&json!(-20), &json!(null)));
    assert_eq!(rules.len(), 4);
}

#[tokio::test]
async fn a_total_is_never_below_zero_and_a_lead_may_have_nothing() {
    let app = TestApp::new().await;
    let lead = Board::of(&app, app.tenant(), "discovery").await.lead(&app).await;
    let path = format!("/api/v1/scoring/leads/{lead}/breakdown");
    let empty: Value = app.get(&path).bearer(&app.token("viewer")).send().await.expect(200).json();
    assert_eq!((&empty["total_score"], &empty["rules"], &empty["tier"]), (&json!(0), &json!([]), &json!("cold")));
    award(&app, lead, "unsubscribed", -20, "now()", "NULL", "NULL").await;
    let below: Value = app.get(&path).bearer(&app.token("viewer")).send().await.expect(200).json();
    let sums = below["scores"].as_object().unwrap().values().map(|sum| sum.as_i64().unwrap()).sum::<i64>();
    assert_eq!((&below["total_score"], sums), (&json!(0), -20));
}

#[tokio::test]
async fn knows_nothing_of_other_tenants_leads() {
    let app = TestApp::new().await;
    let lead = Board::of(&app, app.tenant(), "discovery").await.lead(&app).await;
    let stranger = app.new_tenant("other").await;
    let path = format!("/api/v1/scoring/leads/{lead}/breakdown");
    app.get(&path).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    app.get("/api/v1/scoring/leads/x/breakdown").bearer(&app.token("admin")).send().await.expect(404).problem();
    app.get(&format!("{path}?deep=1")).bearer(&app.token("admin")).send().await.expect(400).problem();
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
         ANALYZE score_history",
    )
    .await
    .unwrap();
    let row = db.query_one("SELECT id::text FROM leads WHERE tenant_id = $1 LIMIT 1", &[&board.tenant]).await.unwrap();
    let lead = format!("'{}'", row.get::<_, &str>(0));
    let plan = plan(&app, board.tenant, &statement("scoring_rules.list_awards"), &[&lead, "now()", "now()"]).await;
    uses(&plan, "score_history_counted_key", &["score_history"]);
    uses(&plan, "score_history_withdrawn_idx", &["score_history"]);
}
