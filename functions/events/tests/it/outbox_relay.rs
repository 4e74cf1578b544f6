//! What was committed and not handed over gets to its queue; effects without a message are woken.

use serde_json::{Value, json};
use testkit::app::TestApp;
use uuid::Uuid;

/// Commits a message that nobody handed over, `age` ago (an interval of Postgres).
async fn lost(app: &TestApp, queue: &str, body: &Value, age: &str) -> Uuid {
    let (id, tenant): (Uuid, Uuid) = (Uuid::now_v7(), app.tenant().id.parse().unwrap());
    let statement = "INSERT INTO outbox (id, tenant_id, queue, body, created_at, due_at)
        VALUES ($1, $2, $3, $4, now() - $5::text::interval, now() - $5::text::interval)";
    app.db().await.execute(statement, &[&id, &tenant, &queue, &body.to_string(), &age]).await.unwrap();
    id
}

/// A Slack message in the ledger in some state, which should have been tried `overdue` ago.
async fn effect(app: &TestApp, status: &str, overdue: &str) -> Uuid {
    let (id, tenant): (Uuid, Uuid) = (Uuid::now_v7(), app.tenant().id.parse().unwrap());
    let statement = "INSERT INTO effects
            (id, tenant_id, kind, cause, target, payload, status, attempts, lease_until, next_attempt_at, created_at)
        VALUES ($1, $2, 'slack_message', $3, '#a', $4, $5, 0, now() - $6::text::interval, now() - $6::text::interval, now())";
    let payload = json!({"channel": "#a", "text": "hello"});
    app.db()
        .await
        .execute(statement, &[&id, &tenant, &format!("test:{id}"), &payload, &status, &overdue])
        .await
        .unwrap();
    id
}

async fn status(app: &TestApp, effect: Uuid) -> String {
    app.db().await.query_one("SELECT status FROM effects WHERE id = $1", &[&effect]).await.unwrap().get(0)
}

async fn outbox(app: &TestApp) -> i64 {
    app.db().await.query_one("SELECT count(*) FROM outbox", &[]).await.unwrap().get(0)
}

async fn relay(app: &TestApp) -> Value {
    app.run_job("outbox-relay", json!({})).await
}

#[tokio::test]
async fn hands_over_what_was_lost() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    for queue in ["events", "routing", "slack", "reminders"] {
        lost(&app, queue, &json!({"to": queue}), "1 minute").await;
    }

    assert_eq!(relay(&app).await, json!({"messages": 4, "effects": 0, "sent_again": 0}));

    for queue in ["events", "routing", "slack", "reminders"] {
        let bodies: Vec<_> = app.sqs().messages(queue).into_iter().map(|message| message.body).collect();
        assert_eq!(bodies, [json!({"to": queue}).to_string()]);
    }
    assert_eq!(outbox(&app).await, 0);
    assert_eq!(relay(&app).await, json!({"messages": 0, "effects": 0, "sent_again": 0}), "nothing is sent twice");
}

#[tokio::test]
async fn leaves_what_is_just_being_handed_over_or_due_later() {
    let app = TestApp::new().await;
    lost(&app, "slack", &json!({}), "10 seconds").await;
    lost(&app, "slack", &json!({}), "-10 minutes").await;
    assert_eq!(relay(&app).await["messages"], 0);
    assert_eq!(outbox(&app).await, 2);
}

#[tokio::test]
async fn works_through_a_large_outbox_in_one_run() {
    let app = TestApp::new().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let statement = "INSERT INTO outbox (id, tenant_id, queue, body, created_at, due_at)
        SELECT gen_random_uuid(), $1, 'slack', n::text, now(), now() - interval '1 hour' + n * interval '1 second'
          FROM generate_series(1, 350) n";
    app.db().await.execute(statement, &[&tenant]).await.unwrap();
    assert_eq!(relay(&app).await["messages"], 350);
    let mut numbers: Vec<u32> =
        app.sqs().messages("slack").iter().map(|message| message.body.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=350).collect::<Vec<_>>());
    app.sqs().clear("slack");
}

#[tokio::test]
async fn a_queue_that_is_down_loses_nothing() {
    let app = TestApp::new().await;
    lost(&app, "slack", &json!({}), "1 minute").await;
    app.sqs().down(true);
    assert_eq!(relay(&app).await["messages"], 0);
    assert_eq!(outbox(&app).await, 1);
    app.sqs().down(false);
    assert_eq!(relay(&app).await["messages"], 1);
    assert_eq!(app.sqs().clear("slack"), 1);
}

#[tokio::test]
async fn a_queue_that_takes_nothing_does_not_hold_up_the_others() {
    let app = TestApp::new().await;
    app.allow_leftovers();
    // The oldest, and more than one chunk of them.
    for n in 0..120 {
        lost(&app, "events", &json!(n), "1 hour").await;
    }
    for queue in ["routing", "slack", "reminders"] {
        lost(&app, queue, &json!({"to": queue}), "1 minute").await;
    }
    app.sqs().block("events", true);

    assert_eq!(relay(&app).await, json!({"messages": 3, "effects": 0, "sent_again": 0}));
    for queue in ["routing", "slack", "reminders"] {
        assert_eq!(app.sqs().messages(queue).len(), 1, "{queue}");
    }
    assert_eq!((outbox(&app).await, app.sqs().messages("events").len()), (120, 0), "the others wait");

    app.sqs().block("events", false);
    assert_eq!(relay(&app).await, json!({"messages": 120, "effects": 0, "sent_again": 0}));
    let mut numbers: Vec<u32> =
        app.sqs().messages("events").iter().map(|message| message.body.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..120).collect::<Vec<_>>());
    assert_eq!(outbox(&app).await, 0);
}

#[tokio::test]
async fn entries_a_queue_refuses_stay() {
    let app = TestApp::new().await;
    for n in 0..5 {
        lost(&app, "slack", &json!(n), "1 minute").await;
    }
    app.sqs().fail_entries(2);
    assert_eq!(relay(&app).await["messages"], 5, "the next chunk takes them");
    assert_eq!((outbox(&app).await, app.sqs().clear("slack")), (0, 5));
}

#[tokio::test]
async fn two_runs_at_once_do_not_send_twice() {
    let app = TestApp::new().await;
    for n in 0..150 {
        lost(&app, "slack", &json!(n), "1 minute").await;
    }
    let (one, two) = tokio::join!(relay(&app), relay(&app));
    let skipped = [&one, &two].into_iter().filter(|answer| answer["skipped"].is_string()).count();
    assert!(skipped <= 1, "{one} {two}");
    assert_eq!(app.sqs().clear("slack"), 150);
}

#[tokio::test]
async fn wakes_an_effect_whose_message_was_lost() {
    let app = TestApp::new().await;
    let id = effect(&app, "pending", "3 minutes").await;
    let young = effect(&app, "pending", "1 minute").await;
    let done = effect(&app, "done", "1 hour").await;

    assert_eq!(relay(&app).await["effects"], 1);
    assert_eq!(relay(&app).await["effects"], 0, "it rests before it is woken again");
    app.drain().await;

    assert_eq!(status(&app, id).await, "done");
    assert_eq!(status(&app, young).await, "pending");
    assert_eq!(status(&app, done).await, "done");
    assert_eq!(app.slack().messages().len(), 1);
}

#[tokio::test]
async fn an_effect_of_a_dead_worker_becomes_unknown() {
    let app = TestApp::new().await;
    let id = effect(&app, "sending", "3 minutes").await;
    assert_eq!(relay(&app).await["effects"], 1);
    app.drain().await;
    assert_eq!(status(&app, id).await, "unknown");
    assert_eq!(app.slack().requests(), 0, "what may have been posted is not posted again");
}

#[tokio::test]
async fn effects_are_woken_again_when_the_queue_was_down() {
    let app = TestApp::new().await;
    let id = effect(&app, "pending", "3 minutes").await;
    app.sqs().down(true);
    assert_eq!(relay(&app).await["effects"], 0);
    app.sqs().down(false);
    assert_eq!(relay(&app).await["effects"], 1);
    app.drain().await;
    assert_eq!(status(&app, id).await, "done");
}
