//! The database goes away while leads come in: afterwards everything is where it belongs, without anybody's doing.
//!
//! The queues' time is simulated: an outage of half a day takes seconds here. How often a message is received before it is given up
//! stands in the template.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::TestApp;

use crate::world::{self, send};

const LEADS: usize = 120;

const MINUTE: Duration = Duration::from_secs(60);

/// Half of the leads wait to be routed when the database goes away, the events of the others come in while it is.
async fn outage(app: &TestApp, lasts: Duration) {
    // Its budget knows no simulated time; its queue is gone through all the same.
    world::without_slack(app).await;
    let tenant = app.tenant().id.clone();
    send(app, &tenant, &world::ready(0..LEADS / 2), 6);
    let delivered = app.deliver("events").await;
    assert_eq!(delivered.failures, 0, "{delivered:?}");
    assert!(app.sqs().depth("routing").visible > 0, "somebody is to be routed");
    app.database_down();
    send(app, &tenant, &world::ready(LEADS / 2..LEADS), 6);
    let meanwhile = app.let_pass(lasts).await;
    app.database_up();
    assert_eq!((meanwhile.dead, meanwhile.messages), (0, meanwhile.failures), "nothing is done, and nothing given up");
    // The last try may have been just before, and the longest pause is a quarter of an hour and its jitter.
    let afterwards = app.let_pass(30 * MINUTE).await;
    assert_eq!((afterwards.dead, afterwards.errors.len()), (0, 0), "{:?}", afterwards.errors);
}

/// Every lead has its deal, every task and message that goes with it was made, and nothing was put aside.
async fn assert_nothing_is_missing(app: &TestApp) {
    assert!(app.leftovers().is_empty(), "{:?}", app.leftovers());
    world::check_invariants(app).await;
    let row = app
        .db()
        .await
        .query_one(
            "SELECT (SELECT count(*) FROM leads), (SELECT count(*) FROM deals), (SELECT count(*) FROM tasks), (SELECT count(*) FROM inbox),
                    (SELECT count(*) FROM effects WHERE status IN ('pending', 'sending', 'unknown'))",
            &[],
        )
        .await
        .unwrap();
    let counts: Vec<i64> = (0..5).map(|column| row.get(column)).collect();
    let leads = i64::try_from(LEADS).unwrap();
    assert_eq!(counts, [leads, leads, leads, 0, 0], "leads, deals, tasks, put aside, not dealt with");
}

#[tokio::test]
async fn a_hundred_seconds_cost_nothing_but_time() {
    let app = TestApp::new().await;
    outage(&app, Duration::from_secs(100)).await;
    assert_nothing_is_missing(&app).await;
}

#[tokio::test]
async fn nor_do_seventeen_minutes() {
    let app = TestApp::new().await;
    outage(&app, 17 * MINUTE).await;
    assert_nothing_is_missing(&app).await;
}

#[tokio::test]
async fn nor_does_half_a_day() {
    let app = TestApp::new().await;
    outage(&app, 12 * 60 * MINUTE).await;
    assert_nothing_is_missing(&app).await;
}

/// A batch learns from its first message that the database does not answer: were each tried, the invocation would not live to say so.
#[tokio::test]
async fn a_batch_does_not_try_message_after_message() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    let other = app.new_tenant("other").await;
    let message = |tenant: &str| json!({"kind": "leads_changed", "tenant_id": tenant, "lead_ids": []}).to_string();
    for n in 0..10 {
        let tenant = if n % 2 == 0 { &app.tenant().id } else { &other.id };
        app.sqs().send("routing", &message(tenant)).unwrap();
    }
    // Nothing is refused, and nothing answered: each try costs all the patience there is.
    app.database_proxy().hold();
    let started = Instant::now();
    let delivered = app.deliver("routing").await;
    let took = started.elapsed();
    app.database_up();
    assert_eq!((delivered.messages, delivered.failures, delivered.errors), (10, 10, Vec::new()));
    assert!(took < Duration::from_secs(12), "one try of 5 s, not ten: {took:?}");
    let waits = app.sqs().next_visible().unwrap();
    assert!(waits > Duration::from_secs(3), "all of them come later: {waits:?}");
    app.let_pass(MINUTE).await;
    assert!(app.leftovers().is_empty(), "{:?}", app.leftovers());
}
