//! What an operator finds in the log when a step of the event path fails: which one, of whose events, of how many.

use serde_json::{Value, json};
use testkit::app::TestApp;

use super::event;

#[tokio::test]
async fn a_failing_step_says_which_it_is_and_whose_events_these_are() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let events = json!([event("meeting_booked", 1), event("webinar_attended", 1)]);
    app.post("/api/v1/events/ingest", &events).api_key(&key).send().await.expect(202);
    let db = app.db().await;
    db.execute("ALTER TABLE event_keys RENAME TO hidden", &[]).await.unwrap();
    assert!(app.deliver("events").await.failures > 0);

    let logs = app.logs("event-processor");
    let lines: Vec<Value> = logs.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let failed = lines.iter().find(|line| line["message"] == "a step failed");
    let failed = failed.unwrap_or_else(|| panic!("no step failed in\n{logs}"));
    let span = &failed["span"];
    assert_eq!(span["step"], "set/claim_events");
    assert_eq!((&span["function"], &span["tenant"]), (&"event-processor".into(), &app.tenant().id.as_str().into()));
    assert_eq!(span["events"], 2);
    let request = span["request_id"].as_str().unwrap();
    let answered = lines.iter().find(|line| line["message"] == "worked through a batch").unwrap();
    assert_eq!(answered["span"]["request_id"], request, "one request id joins all lines of an invocation");
    let again = lines.iter().find(|line| line["message"] == "comes again").unwrap();
    assert!(again["message_id"].is_string() && again["span"]["request_id"] == request);
    assert!(!logs.contains("eva@gmx.de"), "no line holds whose address it was");

    db.execute("ALTER TABLE hidden RENAME TO event_keys", &[]).await.unwrap();
    app.drain().await;
    assert_eq!(super::total(&app).await, 40);
}
