use serde_json::{Value, json};
use testkit::app::TestApp;

use crate::support::{anna, award, create, deal, event, get, ids, signal, standing};

#[tokio::test]
async fn shows_the_pool_with_what_each_lead_lacks() {
    let app = TestApp::new().await;
    let routed = anna(&app).await;
    deal(&app, &routed, "b2b", "open").await;
    let close = create(&app, &json!({"email": "ben@beispiel.de"})).await;
    let far = create(&app, &json!({"last_name": "Cleo"})).await;
    // 5 of the business address and 30 of a demo.
    let demo = event(&app, &close, "demo_requested", 1).await;
    award(&app, &close, "demo-requested", Some(demo), 0, Some(90), false).await;
    signal(&app, &close, "b2b-demo", Some(demo), false).await;
    signal(&app, &close, "research-pages", Some(demo), false).await;
    standing(&app, &close, 35, "warm", Some("b2b"), Some(1)).await;

    let pool: Value = get(&app, "/api/v1/leads/unrouted").await.expect(200).json();
    assert_eq!(ids(&pool), [close["id"].as_str().unwrap(), far["id"].as_str().unwrap()]);
    assert_eq!(pool["pagination"]["total"], 2);
    let row = &pool["data"][0];
    // b2b has 20 of 20 + 10 + 10: 50 per cent; ten more make it 60.
    assert_eq!(row["missing"]["score"], 5);
    assert_eq!(
        (&row["missing"]["confidence"]["from"], &row["missing"]["confidence"]["to"]),
        (&json!(50.0), &json!(60.0))
    );
    assert_eq!(row["missing"]["confidence"]["intent"], "b2b");
    for language in ["de", "en"] {
        assert!(row["explanation"][language].as_str().unwrap().contains('5'), "{row}");
    }
    assert_eq!(pool["data"][1]["missing"]["score"], 40);
}

#[tokio::test]
async fn expired_points_do_not_count_even_before_the_nightly_job() {
    let app = TestApp::new().await;
    let lead = create(&app, &json!({"last_name": "Ben"})).await;
    award(&app, &lead, "demo-requested", None, 91, Some(-1), false).await;
    let pool: Value = get(&app, "/api/v1/leads/unrouted").await.expect(200).json();
    assert_eq!(pool["data"][0]["missing"]["score"], 40);
}

/// Puts a business address and as many points as it takes, `days_ago`.
async fn points(app: &TestApp, lead: &Value, days_ago: i32) {
    for slug in ["demo-requested", "meeting-booked"] {
        award(app, lead, slug, None, days_ago, Some(60), false).await;
    }
    standing(app, lead, 65, "hot", None, Some(1)).await;
}

#[tokio::test]
async fn nobody_waits_without_a_reason_and_a_moment() {
    let app = TestApp::new().await;
    let app = &app;
    let [overdue, unclear, ready] =
        ["Ada", "Ben", "Cleo"].map(|name| async move { create(app, &json!({ "last_name": name })).await });
    let (overdue, unclear, ready) = (overdue.await, unclear.await, ready.await);
    points(app, &overdue, 20).await;
    points(app, &unclear, 2).await;
    points(app, &ready, 2).await;
    for slug in ["b2b-demo", "b2b-pages"] {
        signal(app, &ready, slug, None, false).await;
    }
    let pool: Value = get(app, "/api/v1/leads/unrouted").await.expect(200).json();
    let row =
        |lead: &Value| pool["data"].as_array().unwrap().iter().find(|row| row["id"] == lead["id"]).unwrap().clone();
    let moment = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let now = moment(&json!(
        app.db().await.query_one("SELECT to_json(now()) #>> '{}'", &[]).await.unwrap().get::<_, String>(0)
    ));

    // Due for six days: the night takes it along.
    let late = row(&overdue)["missing"].clone();
    assert!(late["confidence"].is_object(), "{late}");
    let wait = moment(&late["discovery_at"]).duration_since(now);
    assert!(wait.is_positive() && wait <= jiff::SignedDuration::from_hours(25), "{late}");
    assert!(row(&overdue)["explanation"]["en"].as_str().unwrap().contains("Discovery pipeline on"), "{late}");

    let early = row(&unclear)["missing"].clone();
    assert!(moment(&early["discovery_at"]).duration_since(now) > jiff::SignedDuration::from_hours(24 * 11), "{early}");

    let due = row(&ready)["missing"].clone();
    assert_eq!((&due["score"], &due["confidence"]), (&json!(null), &json!(null)), "{due}");
    assert!(moment(&due["routed_by"]) > now, "{due}");
    assert!(row(&ready)["explanation"]["de"].as_str().unwrap().contains("innerhalb einer Stunde"));
}

#[tokio::test]
async fn filters_and_walks_like_the_list() {
    let app = TestApp::new().await;
    let first = anna(&app).await;
    let second = create(&app, &json!({"last_name": "Ben", "tags": ["vip"]})).await;
    let filtered: Value = get(&app, "/api/v1/leads/unrouted?tag=vip").await.expect(200).json();
    assert_eq!(ids(&filtered), [second["id"].as_str().unwrap()]);
    let part: Value = get(&app, "/api/v1/leads/unrouted?limit=1&sort=-created_at").await.expect(200).json();
    let cursor = part["pagination"]["next_cursor"].as_str().unwrap();
    let rest: Value = get(&app, &format!("/api/v1/leads/unrouted?cursor={cursor}")).await.expect(200).json();
    assert_eq!(ids(&rest), [first["id"].as_str().unwrap()]);
    let by_score: Value = get(&app, "/api/v1/leads/unrouted?limit=1").await.expect(200).json();
    assert_eq!(by_score["pagination"].get("next_cursor"), None);
    // The pool has no pipeline to filter by.
    get(&app, "/api/v1/leads/unrouted?pipeline_id=0192c5a0-0000-7000-8000-000000000000").await.expect(400).problem();
}
