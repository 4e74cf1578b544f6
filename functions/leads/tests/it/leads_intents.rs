use serde_json::{Value, json};
use testkit::app::TestApp;

use crate::support::{create, event, faults, get, path, signal};

#[tokio::test]
async fn shows_the_rule_behind_each_signal() {
    let app = TestApp::new().await;
    let lead = create(&app, &json!({"last_name": "Ben"})).await;
    let id = event(&app, &lead, "demo_requested", 1).await;
    signal(&app, &lead, "b2b-demo", Some(id), false).await;
    signal(&app, &lead, "research-pages", Some(id), true).await;
    let intents: Value = get(&app, &path(&lead, "/intents")).await.expect(200).json();
    assert_eq!(intents["pagination"]["total"], 2);
    // The newest first.
    let rows = intents["data"].as_array().unwrap();
    let shown: Vec<_> =
        rows.iter().map(|row| (row["rule_slug"].as_str().unwrap(), row["state"].as_str().unwrap())).collect();
    assert_eq!(shown, [("research-pages", "withdrawn"), ("b2b-demo", "counted")]);
    assert_eq!((&rows[1]["intent"], &rows[1]["weight"], &rows[1]["event_id"]), (&json!("b2b"), &json!(20), &json!(id)));
    assert!(rows[1]["expires_at"].is_string());
    let refused = get(&app, &path(&lead, "/intents?sort=weight")).await.expect(400);
    assert_eq!(faults(&refused)[0].0, "?sort");
}
