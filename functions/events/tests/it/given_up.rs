//! Dead letters that nothing is wrong with go back onto their queue by themselves.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::TestApp;
use uuid::Uuid;

/// A row of the inbox as the keeper of dead letters makes it.
async fn given_up(app: &TestApp, queue: &str, reason: &str, body: &str) -> Uuid {
    let (id, tenant): (Uuid, Uuid) = (Uuid::now_v7(), app.tenant().id.parse().unwrap());
    let statement = "INSERT INTO inbox (id, tenant_id, kind, source, queue, reason, detail, body, received_at)
        VALUES ($1, $2, 'dead_letter', $3, $3, $4, 'why', $5, now() - interval '1 hour')";
    app.db().await.execute(statement, &[&id, &tenant, &queue, &reason, &body]).await.unwrap();
    id
}

/// A message with one event in it.
fn events(app: &TestApp, n: usize) -> String {
    let event = json!({"event_type": "page_visited", "source": "portal", "external_id": n.to_string(), "lead_identifier": {"email": "a@b.de"}});
    json!({
        "kind": "events", "tenant_id": app.tenant().id, "source": "portal", "received_at": Timestamp::now(),
        "receipts": [{"id": Uuid::now_v7(), "event": event}],
    })
    .to_string()
}

/// Runs the relay after a while; answers with how many messages it sent again.
async fn relay_in(app: &TestApp, minutes: i64) -> u64 {
    let moment = Timestamp::now() + SignedDuration::from_mins(minutes);
    let done: Value = app.run_job("outbox-relay", json!({"scheduled_for": moment})).await;
    done["sent_again"].as_u64().unwrap()
}

async fn rows(app: &TestApp) -> Vec<(String, i32)> {
    let rows = app.db().await.query("SELECT status, replays FROM inbox ORDER BY received_at, id", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Has a queue give its messages up, whatever its consumer would make of them.
fn give_up(app: &TestApp, queue: &str) {
    while app.sqs().depth(queue).visible > 0 {
        for message in app.sqs().receive(queue, usize::MAX) {
            app.sqs().give_back(queue, &message.receipt);
        }
    }
}

#[tokio::test]
async fn goes_back_letter_for_letter_and_is_done() {
    let app = TestApp::new().await;
    let body = events(&app, 1);
    given_up(&app, "events", "gave_up", &body).await;

    assert_eq!(relay_in(&app, 0).await, 1);

    let sent = app.sqs().messages("events");
    assert_eq!(sent.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), [body.as_str()]);
    app.drain().await;
    let stored: i64 = app.db().await.query_one("SELECT count(*) FROM events", &[]).await.unwrap().get(0);
    assert_eq!((stored, rows(&app).await), (1, vec![("replayed".to_owned(), 1)]));
    assert_eq!(relay_in(&app, 100_000).await, 0, "once is enough");
    assert!(app.logs("outbox-relay").contains("\"GivenUpSentAgain\""));
}

/// One that is given up each time is the same row each time, rests for longer each time, and is left to a person in the end.
#[tokio::test]
async fn a_poisoned_one_does_not_circle_for_ever() {
    let app = TestApp::new().await;
    given_up(&app, "routing", "gave_up", &json!({"tenant_id": app.tenant().id, "lead_ids": []}).to_string()).await;
    let mut minutes = 0;
    // The rest before each further time.
    for (replays, rest) in [(1, 15), (2, 60), (3, 240), (4, 960), (5, 1_000_000)] {
        assert_eq!(relay_in(&app, minutes).await, 1, "after {minutes} minutes");
        give_up(&app, "routing");
        app.deliver("dead-letters").await;
        assert_eq!(rows(&app).await, [("open".to_owned(), replays)]);
        assert_eq!(relay_in(&app, minutes + rest - 1).await, 0, "it rests");
        minutes += rest + 1;
    }
    assert_eq!(relay_in(&app, minutes).await, 0, "now a person has to look");
}

/// On its way back it turns out that something is wrong with it: the row says so then, and stays.
#[tokio::test]
async fn what_is_refused_on_the_way_back_is_the_same_row_with_the_reason() {
    let app = TestApp::new().await;
    given_up(&app, "routing", "gave_up", "{\"tenant_id\": 7}").await;
    assert_eq!(relay_in(&app, 0).await, 1);
    app.drain().await;
    let row = app.db().await.query_one("SELECT status, reason FROM inbox", &[]).await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1)), ("open", "invalid"));
    assert_eq!(relay_in(&app, 100_000).await, 0);
}

#[tokio::test]
async fn what_cannot_succeed_or_was_dealt_with_stays() {
    let app = TestApp::new().await;
    given_up(&app, "events", "undecodable", "{}").await;
    // What the scheduler could not start has no queue; and a release may have lost one.
    given_up(&app, "jobs", "gave_up", "{}").await;
    given_up(&app, "carrier-pigeons", "gave_up", "{}").await;
    given_up(&app, "slack", "gave_up", &format!("\"{}\"", "x".repeat(1024 * 1024))).await;
    for status in ["replayed", "discarded"] {
        let id = given_up(&app, "routing", "gave_up", "{}").await;
        app.db().await.execute("UPDATE inbox SET status = $2 WHERE id = $1", &[&id, &status]).await.unwrap();
    }
    assert_eq!(relay_in(&app, 100_000).await, 0);
}

/// So many at once that they would crowd out what comes in now are spread over several runs, the oldest first.
#[tokio::test]
async fn many_go_back_run_by_run() {
    let app = TestApp::new().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let statement = "INSERT INTO inbox (id, tenant_id, kind, source, queue, reason, detail, body, received_at)
        SELECT gen_random_uuid(), $1, 'dead_letter', 'slack', 'slack', 'gave_up', 'why', n::text, now() - interval '1 day' + n * interval '1 second'
          FROM generate_series(1, 450) n";
    app.db().await.execute(statement, &[&tenant]).await.unwrap();
    assert_eq!(relay_in(&app, 0).await, 200);
    let sent = app.sqs().messages("slack");
    assert!(sent.iter().all(|message| message.body.parse::<u32>().unwrap() <= 200), "the oldest first");
    assert_eq!((relay_in(&app, 0).await, relay_in(&app, 0).await, relay_in(&app, 0).await), (200, 50, 0));
    assert_eq!(app.sqs().clear("slack"), 450);
}

#[tokio::test]
async fn a_queue_that_takes_nothing_loses_nothing() {
    let app = TestApp::new().await;
    given_up(&app, "slack", "gave_up", "{}").await;
    app.sqs().down(true);
    assert_eq!(relay_in(&app, 0).await, 0);
    assert_eq!(rows(&app).await, [("open".to_owned(), 0)]);
    app.sqs().down(false);
    assert_eq!(relay_in(&app, 0).await, 1);
    app.sqs().clear("slack");
}
