use serde_json::{Value, json};
use testkit::app::TestApp;

use crate::support::{anna, create, deal, faults, get, standing};

#[tokio::test]
async fn counts_by_status_tier_intent_and_source() {
    let app = TestApp::new().await;
    let first = anna(&app).await;
    let second = create(&app, &json!({"last_name": "Ben", "source": "conference"})).await;
    create(&app, &json!({"last_name": "Cleo", "source": "conference"})).await;
    standing(&app, &first, 50, "hot", Some("b2b"), Some(5)).await;
    standing(&app, &second, 25, "warm", Some("research"), None).await;
    deal(&app, &first, "b2b", "open").await;
    let stats: Value = get(&app, "/api/v1/leads/stats").await.expect(200).json();
    assert_eq!(
        stats,
        json!({
            "total": 3, "unrouted": 2, "average_score": 25.0, "average_intent_confidence": 61.5,
            "by_status": {"routed": 1, "engaged": 1, "new": 1},
            "by_tier": {"hot": 1, "warm": 1, "cold": 1},
            "by_intent": {"b2b": 1, "research": 1, "none": 1},
            "by_source": {"none": 1, "conference": 2},
        })
    );
    let none: Value = get(&app, "/api/v1/leads/stats?created_to=2000-01-01T00:00:00Z").await.expect(200).json();
    assert_eq!((&none["total"], &none["average_score"], &none["by_tier"]), (&json!(0), &json!(0.0), &json!({})));
}

#[tokio::test]
async fn a_window_the_wrong_way_round_is_refused() {
    let app = TestApp::new().await;
    let query = "created_from=2026-02-01T00:00:00Z&created_to=2026-01-01T00:00:00Z";
    let refused = get(&app, &format!("/api/v1/leads/stats?{query}")).await.expect(400);
    assert_eq!(faults(&refused), [("?created_to".to_owned(), "range".to_owned())]);
}
