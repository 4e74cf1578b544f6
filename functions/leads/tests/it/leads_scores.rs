use serde_json::{Value, json};
use testkit::app::TestApp;

use crate::support::{award, create, event, faults, get, path};

#[tokio::test]
async fn shows_the_rule_behind_each_row_and_whether_it_counts() {
    let app = TestApp::new().await;
    let lead = create(&app, &json!({"last_name": "Ben"})).await;
    let id = event(&app, &lead, "demo_requested", 1).await;
    award(&app, &lead, "demo-requested", Some(id), 1, Some(89), false).await;
    award(&app, &lead, "email-clicked", Some(id), 2, Some(88), true).await;
    award(&app, &lead, "meeting-no-show", Some(id), 100, Some(-10), false).await;
    award(&app, &lead, "dach", None, 200, None, false).await;
    let scores: Value = get(&app, &path(&lead, "/scores")).await.expect(200).json();
    let rows = scores["data"].as_array().unwrap();
    let shown: Vec<_> =
        rows.iter().map(|row| (row["rule_slug"].as_str().unwrap(), row["state"].as_str().unwrap())).collect();
    assert_eq!(
        shown,
        [
            ("demo-requested", "counted"),
            ("email-clicked", "withdrawn"),
            ("meeting-no-show", "expired"),
            ("dach", "counted")
        ]
    );
    assert_eq!(scores["pagination"]["total"], 4);
    assert!(rows.iter().all(|row| row["rule_name"].is_string() && row["rule_version"] == 1));
    assert_eq!(
        (&rows[0]["points"], &rows[0]["event_id"], &rows[0]["category"]),
        (&json!(30), &json!(id), &json!("behavior"))
    );
    assert_eq!(rows[1]["withdrawn_reason"], "recounted");
    assert_eq!(
        (&rows[2]["points"], &rows[3]["expires_at"], &rows[3]["event_id"]),
        (&json!(-10), &Value::Null, &Value::Null)
    );
    let page: Value = get(&app, &path(&lead, "/scores?limit=3&page=2")).await.expect(200).json();
    assert_eq!((page["data"].as_array().unwrap().len(), &page["data"][0]["rule_slug"]), (1, &json!("dach")));
}

#[tokio::test]
async fn has_one_order_and_no_cursor() {
    let app = TestApp::new().await;
    let lead = create(&app, &json!({"last_name": "Ben"})).await;
    for (query, pointer) in [("sort=points", "?sort"), ("sort=awarded_at", "?sort"), ("cursor=x", "?cursor")] {
        let refused = get(&app, &path(&lead, &format!("/scores?{query}"))).await.expect(400);
        assert_eq!(faults(&refused)[0].0, pointer);
    }
    get(&app, &path(&lead, "/scores?sort=-awarded_at")).await.expect(200);
}
