use serde_json::{Value, json};
use testkit::{Method, TestApp};

use crate::support::{pointers, refuses_strangers};

async fn listed(app: &TestApp, query: &str) -> Value {
    let path = format!("/api/v1/scoring/rules{query}");
    app.get(&path).bearer(&app.token("viewer")).send().await.expect(200).json()
}

#[tokio::test]
async fn lists_all_rules_inactive_ones_too() {
    let app = TestApp::new().await;
    app.db().await.batch_execute("UPDATE scoring_rules SET active = false WHERE slug = 'page-visited'").await.unwrap();
    let list = listed(&app, "?limit=100").await;
    let rules = list["data"].as_array().unwrap();
    assert_eq!((rules.len(), &list["pagination"]["total"]), (20, &json!(20)));
    let page_visited = rules.iter().find(|rule| rule["slug"] == "page-visited").unwrap();
    for (field, expected) in [
        ("rule_type", json!("event")),
        ("category", json!("engagement")),
        ("points", json!(1)),
        ("max_per_day", json!(5)),
        ("max_per_lead", json!(20)),
        ("expires_after_days", json!(90)),
        ("is_active", json!(false)),
        ("conditions", json!({"all": [{"field": "event_type", "op": "eq", "value": "page_visited"}]})),
        ("version", json!(1)),
    ] {
        assert_eq!(page_visited[field], expected, "{field}");
    }
    for (query, expected) in [
        ("?is_active=false", 1),
        ("?is_active=true", 19),
        ("?rule_type=profile", 4),
        ("?rule_type=event&category=engagement&is_active=false", 1),
        ("?category=demographic&is_active=false", 0),
    ] {
        assert_eq!(listed(&app, query).await["pagination"]["total"], expected, "{query}");
    }
    let last = listed(&app, "?limit=15&page=2").await;
    assert_eq!(last["data"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn refuses_strangers_and_bad_values() {
    let app = TestApp::new().await;
    let path = "/api/v1/scoring/rules?is_active=maybe&rule_type=person&category=x&sort=points&y=1";
    let refused = app.get(path).bearer(&app.token("viewer")).send().await.expect(400);
    let mut found = pointers(&refused);
    found.sort_unstable();
    assert_eq!(found, ["?category", "?is_active", "?rule_type", "?y"]);
    let sort = app.get("/api/v1/scoring/rules?sort=points").bearer(&app.token("viewer")).send().await.expect(400);
    assert_eq!(pointers(&sort), ["?sort"]);
    refuses_strangers(&app, Method::GET, "/api/v1/scoring/rules", None, "scoring:read").await;
    let stranger = app.new_tenant("other").await;
    app.db().await.batch_execute("UPDATE scoring_rules SET active = false").await.unwrap();
    let statement = "UPDATE scoring_rules SET active = true WHERE tenant_id = $1";
    app.db().await.execute(statement, &[&stranger.id.parse::<uuid::Uuid>().unwrap()]).await.unwrap();
    assert_eq!(listed(&app, "?is_active=true").await["pagination"]["total"], 0);
}
