use serde_json::{Value, json};
use testkit::app::TestApp;

use crate::support::{anna, award, event, faults, get, ids, path, signal};

#[tokio::test]
async fn newest_first_with_what_each_counted_for() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let old = event(&app, &lead, "page_visited", 48).await;
    let new = event(&app, &lead, "demo_requested", 1).await;
    award(&app, &lead, "demo-requested", Some(new), 0, Some(90), false).await;
    award(&app, &lead, "form-submitted", Some(new), 0, Some(90), true).await;
    signal(&app, &lead, "b2b-demo", Some(new), false).await;
    let events: Value = get(&app, &path(&lead, "/events")).await.expect(200).json();
    assert_eq!(ids(&events), [new.to_string(), old.to_string()]);
    let row = &events["data"][0];
    assert_eq!((&row["event_type"], &row["source"]), (&json!("demo_requested"), &json!("website")));
    assert_eq!(row["metadata"], json!({"page_path": "/pricing"}));
    // What was withdrawn does not count.
    assert_eq!(row["awards"].as_array().unwrap().len(), 1);
    assert_eq!(row["awards"][0]["points"], 30);
    assert!(row["awards"][0]["rule_name"].is_string());
    assert_eq!((&row["signals"][0]["intent"], &row["signals"][0]["weight"]), (&json!("b2b"), &json!(20)));
    assert_eq!((&events["data"][1]["awards"], &events["data"][1]["signals"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn walks_filters_and_pages() {
    let app = TestApp::new().await;
    let lead = anna(&app).await;
    let mut expected = Vec::new();
    for hours in 0..5 {
        let event_type = if hours % 2 == 0 { "page_visited" } else { "email_opened" };
        expected.push(event(&app, &lead, event_type, hours * 24 * 20).await.to_string());
    }
    let mut walked = Vec::new();
    let mut next = path(&lead, "/events?limit=2");
    loop {
        let part: Value = get(&app, &next).await.expect(200).json();
        assert_eq!(part["pagination"]["total"], 5);
        walked.extend(ids(&part));
        let Some(cursor) = part["pagination"]["next_cursor"].as_str() else {
            break;
        };
        next = path(&lead, &format!("/events?limit=2&cursor={cursor}"));
    }
    assert_eq!(walked, expected);
    let page: Value = get(&app, &path(&lead, "/events?limit=2&page=2")).await.expect(200).json();
    assert_eq!(ids(&page), expected[2..4]);
    let opened: Value =
        get(&app, &path(&lead, "/events?event_type=email_opened&source=website")).await.expect(200).json();
    assert_eq!((opened["pagination"]["total"].as_i64(), ids(&opened).len()), (Some(2), 2));
    let none: Value = get(&app, &path(&lead, "/events?source=portal")).await.expect(200).json();
    assert_eq!(none["data"], json!([]));
    let refused = get(&app, &path(&lead, "/events?sort=source")).await.expect(400);
    assert_eq!(faults(&refused)[0].0, "?sort");
    let refused = get(&app, &path(&lead, "/events?cursor=abc")).await.expect(400);
    assert_eq!(faults(&refused)[0].0, "?cursor");
}
