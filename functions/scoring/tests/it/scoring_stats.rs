use serde_json::{Value, json};
use testkit::statements::statement;
use testkit::{Method, TestApp};
use uuid::Uuid;

use crate::support::{Board, crowd, plan, pointers, refuses_strangers, uses};

const PATH: &str = "/api/v1/scoring/stats";

async fn stats(app: &TestApp, query: &str) -> Value {
    app.get(&format!("{PATH}{query}")).bearer(&app.token("viewer")).send().await.expect(200).json()
}

async fn award(app: &TestApp, lead: Uuid, slug: &str, points: i32, days_ago: i32, withdrawn: bool) {
    let statement =
        "INSERT INTO score_history (tenant_id, lead_id, rule_id, event_id, rule_version, category, points, awarded_at, withdrawn_at)
         SELECT l.tenant_id, l.id, r.id, gen_random_uuid(), 1, r.category, $3, now() - make_interval(days => $4),
                CASE WHEN $5 THEN now() END
           FROM leads l JOIN scoring_rules r ON r.tenant_id = l.tenant_id AND r.slug = $2 WHERE l.id = $1";
    let done = app.db().await.execute(statement, &[&lead, &slug, &points, &days_ago, &withdrawn]).await.unwrap();
    assert_eq!(done, 1);
}

async fn score(app: &TestApp, lead: Uuid, score: i32) {
    let statement = "INSERT INTO lead_standings (lead_id, tenant_id, behavior, total_score, tier, evaluated_at)
        SELECT id, tenant_id, $2, $2, 'cold', now() FROM leads WHERE id = $1";
    app.db().await.execute(statement, &[&lead, &score]).await.unwrap();
}

#[tokio::test]
async fn points_of_the_period_and_scores_of_now() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let leads = [board.lead(&app).await, board.lead(&app).await, board.lead(&app).await, board.lead(&app).await];
    for (lead, total) in leads.into_iter().zip([0, 19, 45, 250]) {
        score(&app, lead, total).await;
    }
    award(&app, leads[0], "demo-requested", 30, 1, false).await;
    award(&app, leads[1], "demo-requested", 30, 2, false).await;
    award(&app, leads[1], "email-replied", 15, 3, false).await;
    award(&app, leads[1], "unsubscribed", -20, 3, false).await;
    award(&app, leads[2], "email-replied", 15, 3, true).await;
    award(&app, leads[3], "business-email", 5, 40, false).await;
    let stranger = app.new_tenant("other").await;
    let theirs = Board::of(&app, &stranger, "discovery").await.lead(&app).await;
    award(&app, theirs, "demo-requested", 30, 1, false).await;
    score(&app, theirs, 50).await;
    app.db()
        .await
        .execute("UPDATE scoring_rules SET active = false WHERE slug = 'meeting-no-show'", &[])
        .await
        .unwrap();

    let shown = stats(&app, "").await;

    assert_eq!(shown["rules"], json!({"total": 20, "active": 19, "event": 16, "profile": 4}));
    assert_eq!(shown["awarded"], json!({"awards": 4, "points": 55, "leads": 2}));
    assert_eq!(
        shown["awarded_by_category"],
        json!({
            "demographic": {"awards": 0, "points": 0, "leads": 0},
            "engagement": {"awards": 2, "points": -5, "leads": 1},
            "behavior": {"awards": 2, "points": 60, "leads": 2},
        })
    );
    let top: Vec<(&str, i64, i64)> = shown["top_rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| {
            (rule["slug"].as_str().unwrap(), rule["points"].as_i64().unwrap(), rule["awards"].as_i64().unwrap())
        })
        .collect();
    assert_eq!(top, [("demo-requested", 60, 2), ("email-replied", 15, 1), ("unsubscribed", -20, 1)]);
    assert_eq!(shown["tiers"], json!({"cold": 2, "warm": 0, "hot": 1, "very_hot": 1}));
    let buckets = shown["buckets"].as_array().unwrap();
    assert_eq!(buckets.len(), 11);
    let filled: Vec<&Value> = buckets.iter().filter(|bucket| bucket["leads"] != 0).collect();
    assert_eq!(
        filled,
        [
            &json!({"from": 0, "to": 9, "leads": 1}),
            &json!({"from": 10, "to": 19, "leads": 1}),
            &json!({"from": 40, "to": 49, "leads": 1}),
            &json!({"from": 100, "to": null, "leads": 1}),
        ]
    );
    assert_eq!((&shown["leads"], &shown["average_score"]), (&json!(4), &json!(78.5)));

    let wide = stats(&app, "?from=2000-01-01T00:00:00Z&to=2000-06-01T00:00:00Z").await;
    assert_eq!((&wide["awarded"]["awards"], &wide["top_rules"], &wide["leads"]), (&json!(0), &json!([]), &json!(4)));
}

#[tokio::test]
async fn a_new_tenant_has_none() {
    let app = TestApp::new().await;
    let shown = stats(&app, "").await;
    assert_eq!((&shown["leads"], &shown["average_score"]), (&json!(0), &json!(0.0)));
    assert_eq!(shown["awarded"], json!({"awards": 0, "points": 0, "leads": 0}));
}

#[tokio::test]
async fn refuses_what_it_must() {
    let app = TestApp::new().await;
    for (query, expected) in [
        ("?from=yesterday&colour=red", vec!["?colour", "?from"]),
        ("?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", vec!["?to"]),
        ("?from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", vec!["?from"]),
        ("?from=0001-01-01T00:00:00Z&to=9999-01-01T00:00:00Z", vec!["?from", "?to"]),
    ] {
        let refused = app.get(&format!("{PATH}{query}")).bearer(&app.token("viewer")).send().await.expect(400);
        let mut found = pointers(&refused);
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
    refuses_strangers(&app, Method::GET, PATH, None, "scoring:read").await;
}

#[tokio::test]
async fn reads_through_indexes() {
    let app = TestApp::new().await;
    let board = crowd(&app).await;
    let db = app.db().await;
    db.batch_execute(
        "INSERT INTO score_history (tenant_id, lead_id, rule_id, event_id, rule_version, category, points, awarded_at)
         SELECT l.tenant_id, l.id, gen_random_uuid(), gen_random_uuid(), 1, 'behavior', 1, now() - n * interval '9 days'
           FROM leads l, generate_series(1, 10) n;
         INSERT INTO lead_standings (lead_id, tenant_id, behavior, total_score, tier, evaluated_at)
         SELECT id, tenant_id, 1, 1, 'cold', now() FROM leads",
    )
    .await
    .unwrap();
    db.batch_execute("VACUUM ANALYZE").await.unwrap();
    let period = ["now() - interval '30 days'", "now()"];
    let awards = plan(&app, board.tenant, &statement("scoring.stats_awards"), &period).await;
    uses(&awards, "score_history_awarded_idx", &["score_history"]);
    let scores = plan(&app, board.tenant, &statement("scoring.stats_scores"), &[]).await;
    // By whichever index of the tenant's: which one is the cheapest depends on how recently the table was vacuumed.
    uses(&scores, "lead_standings_", &["lead_standings"]);
}
