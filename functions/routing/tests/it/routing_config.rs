use serde_json::{Value, json};
use testkit::{Method, TestApp};

use crate::support::{pointers, refuses_strangers};

const PATH: &str = "/api/v1/routing/config";

#[tokio::test]
async fn shows_what_is_in_force() {
    let app = TestApp::new().await;
    let version = app.tenant().created["rule_set_version"].clone();
    let answer = app.get(PATH).bearer(&app.token("viewer")).send().await.expect(200);
    let config: Value = answer.json();
    assert_eq!(answer.header("etag"), Some(&*format!("\"{version}\"")));
    let slugs: Vec<(&str, &str)> = config["intents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|intent| (intent["intent"].as_str().unwrap(), intent["pipeline"]["slug"].as_str().unwrap()))
        .collect();
    assert_eq!(
        slugs,
        [("research", "research-lab"), ("b2b", "b2b-lab-enablement"), ("co_creation", "panel-co-creation")]
    );
    assert!(config["intents"][0]["pipeline"]["id"].is_string() && config["intents"][0]["pipeline"]["name"].is_string());
    for (field, expected) in [
        ("rule_set_version", version),
        ("min_score", json!(40)),
        ("min_confidence", json!(60.0)),
        ("follow_up_working_days", json!(1)),
        ("conflict", json!({"margin": 15.0, "min_confidence": 30.0, "doubt": 10})),
        (
            "tiers",
            json!([{"name": "cold", "min_score": 0}, {"name": "warm", "min_score": 20}, {"name": "hot", "min_score": 40},
                {"name": "very_hot", "min_score": 80}]),
        ),
    ] {
        assert_eq!(config[field], expected, "{field}");
    }
    assert_eq!(
        (&config["discovery"]["after_days"], &config["discovery"]["pipeline"]["slug"]),
        (&json!(14), &json!("discovery"))
    );
}

#[tokio::test]
async fn an_edit_counts_from_its_publication_on() {
    let app = TestApp::new().await;
    let db = app.db().await;
    db.batch_execute("UPDATE engine_settings SET min_score = 55").await.unwrap();
    let before: Value = app.get(PATH).bearer(&app.token("viewer")).send().await.expect(200).json();
    assert_eq!(before["min_score"], 40);
    db.batch_execute(
        "INSERT INTO rule_set_versions (tenant_id, version, snapshot, published_at, published_by)
         SELECT v.tenant_id, v.version + 1, jsonb_set(jsonb_set(v.snapshot, '{version}', to_jsonb(v.version + 1)),
                '{routing,min_score}', '55'), now(), 'test'
           FROM rule_set_versions v;
         UPDATE tenants SET rule_set_version = rule_set_version + 1",
    )
    .await
    .unwrap();
    let after: Value = app.get(PATH).bearer(&app.token("viewer")).send().await.expect(200).json();
    assert_eq!(after["min_score"], 55);
    assert_eq!(after["rule_set_version"].as_i64(), before["rule_set_version"].as_i64().map(|version| version + 1));
}

#[tokio::test]
async fn shows_each_tenant_its_own_and_refuses_strangers() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let ours: Value = app.get(PATH).bearer(&app.token("viewer")).send().await.expect(200).json();
    let theirs: Value = app.get(PATH).bearer(&stranger.token("viewer")).send().await.expect(200).json();
    assert_ne!(ours["discovery"]["pipeline"]["id"], theirs["discovery"]["pipeline"]["id"]);
    let unknown = app.get("/api/v1/routing/config?x=1").bearer(&app.token("viewer")).send().await.expect(400);
    assert_eq!(pointers(&unknown), ["?x"]);
    refuses_strangers(&app, Method::GET, PATH, None, "routing:read").await;
}
