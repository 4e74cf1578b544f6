//! Messages that get through, once, at the pace Slack takes them.

mod doubt;
mod figures;
mod refusals;

use serde_json::{Value, json};
use testkit::app::{Tenant, TestApp, tenant_input};
use testkit::fakes::slack::SlackFault;
use uuid::Uuid;

/// Puts a message into the ledger of a tenant and on the queue; answers with the effect's id.
async fn send(app: &TestApp, tenant: &Tenant, channel: &str, text: &str) -> Uuid {
    let effect = insert(app, tenant, channel, text).await;
    queue(app, tenant, effect);
    effect
}

async fn insert(app: &TestApp, tenant: &Tenant, channel: &str, text: &str) -> Uuid {
    let id = Uuid::now_v7();
    let payload = json!({
        "channel": channel, "text": text, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}],
    });
    let tenant: Uuid = tenant.id.parse().unwrap();
    let statement = "INSERT INTO effects (id, tenant_id, kind, cause, target, payload, next_attempt_at, created_at)
        VALUES ($1, $2, 'slack_message', $3, $4, $5, now(), now())";
    app.db().await.execute(statement, &[&id, &tenant, &format!("test:{id}"), &channel, &payload]).await.unwrap();
    id
}

fn queue(app: &TestApp, tenant: &Tenant, effect: Uuid) {
    let message = json!({"kind": "effect", "tenant_id": tenant.id, "effect_id": effect});
    app.sqs().send("slack", &message.to_string()).unwrap();
}

/// A tenant that is connected to Slack as `slack` says.
async fn connected(app: &TestApp, slug: &str, slack: Value) -> Tenant {
    let mut input = tenant_input(slug);
    input["integrations"] = json!({"slack": slack});
    app.create_tenant(input).await
}

async fn bot(app: &TestApp) -> Tenant {
    connected(app, "bot", json!({"bot_token": "xoxb-1234-test"})).await
}

/// A row of the ledger.
struct Effect {
    status: String,
    attempts: i32,
    answer: Option<Value>,
    error: Option<String>,
    /// Its next attempt lies ahead.
    waits: bool,
    finished: bool,
}

async fn effect(app: &TestApp, id: Uuid) -> Effect {
    let statement =
        "SELECT status, attempts, answer, error, next_attempt_at > now() AS waits, finished_at IS NOT NULL AS finished
        FROM effects WHERE id = $1";
    let row = app.db().await.query_one(statement, &[&id]).await.unwrap();
    Effect {
        status: row.get("status"),
        attempts: row.get("attempts"),
        answer: row.get("answer"),
        error: row.get("error"),
        waits: row.get("waits"),
        finished: row.get("finished"),
    }
}

async fn status(app: &TestApp, id: Uuid) -> String {
    effect(app, id).await.status
}

async fn error(app: &TestApp, id: Uuid) -> String {
    effect(app, id).await.error.unwrap_or_default()
}

async fn connection_error(app: &TestApp, tenant: &Tenant) -> Option<String> {
    let tenant: Uuid = tenant.id.parse().unwrap();
    let statement = "SELECT last_error FROM integrations WHERE tenant_id = $1 AND name = 'slack'";
    app.db().await.query_one(statement, &[&tenant]).await.unwrap().get(0)
}

#[tokio::test]
async fn posts_by_webhook() {
    let app = TestApp::new().await;
    app.slack().set_channel(&app.tenant().slack_hook(), "#marketing");
    let id = send(&app, app.tenant(), "#lead-routing", "Neuer Lead").await;

    assert_eq!(app.deliver("slack").await.failures, 0);

    let messages = app.slack().messages();
    assert_eq!(messages.len(), 1);
    assert_eq!((messages[0].channel.as_str(), messages[0].text.as_str()), ("#marketing", "Neuer Lead"));
    assert_eq!(messages[0].blocks.as_array().unwrap().len(), 1);
    let row = effect(&app, id).await;
    assert_eq!((row.status.as_str(), row.attempts), ("done", 1));
    assert_eq!(row.answer, Some(json!({"via": "webhook"})));
    assert!(row.finished);
    let db = app.db().await;
    let healthy = "SELECT last_success_at > now() - interval '1 minute' FROM integrations WHERE name = 'slack'";
    assert!(db.query_one(healthy, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn posts_by_bot_token_to_channels_and_people() {
    let app = TestApp::new().await;
    let tenant = bot(&app).await;
    let channel = send(&app, &tenant, "#lead-routing", "an alle").await;
    let person = send(&app, &tenant, "U012AB3CD", "an dich").await;

    app.drain().await;

    let messages = app.slack().messages();
    let places: Vec<_> = messages.iter().map(|message| (message.channel.as_str(), message.via)).collect();
    assert_eq!(places, [("#lead-routing", "api"), ("U012AB3CD", "api")]);
    let answer = effect(&app, channel).await.answer.unwrap();
    assert_eq!((&answer["channel"], &answer["ts"]), (&json!("#lead-routing"), &json!(messages[0].ts)));
    assert_eq!(status(&app, person).await, "done");
}

#[tokio::test]
async fn a_message_delivered_many_times_is_posted_once() {
    let app = TestApp::new().await;
    app.redeliver(7, 5);
    app.set_batch_size("slack", 1);
    app.set_concurrency("slack", 3);
    let id = send(&app, app.tenant(), "#a", "once").await;
    for _ in 0..5 {
        queue(&app, app.tenant(), id);
    }

    app.drain().await;
    queue(&app, app.tenant(), id);
    app.drain().await;

    assert_eq!(app.slack().requests(), 1);
    let row = effect(&app, id).await;
    assert_eq!((row.status.as_str(), row.attempts), ("done", 1));
}

#[tokio::test]
async fn a_pause_that_slack_asks_for_holds_everybody_back() {
    let app = TestApp::new().await;
    app.slack().fail_next(SlackFault::RateLimited(2));
    let first = send(&app, app.tenant(), "#a", "first").await;
    app.deliver("slack").await;
    assert_eq!((app.slack().requests(), error(&app, first).await.as_str()), (1, "429"));

    let second = send(&app, app.tenant(), "#b", "second").await;
    app.deliver("slack").await;

    for id in [first, second] {
        let row = effect(&app, id).await;
        assert_eq!((row.status.as_str(), row.waits), ("pending", true));
    }
    assert_eq!(app.slack().requests(), 1, "nobody calls during the pause");
    app.drain().await;
    assert_eq!((status(&app, first).await.as_str(), status(&app, second).await.as_str()), ("done", "done"));
    assert_eq!(app.slack().messages().len(), 2);
}

#[tokio::test]
async fn a_bots_pause_holds_for_the_whole_workspace() {
    let app = TestApp::new().await;
    let tenant = bot(&app).await;
    app.slack().fail_next(SlackFault::RateLimited(2));
    send(&app, &tenant, "#a", "first").await;
    app.deliver("slack").await;
    send(&app, &tenant, "#b", "second").await;
    app.deliver("slack").await;
    assert_eq!(app.slack().requests(), 1);
    app.drain().await;
    assert_eq!(app.slack().messages().len(), 2);
}

#[tokio::test]
async fn messages_without_a_free_second_wait_their_turn() {
    let app = TestApp::new().await;
    // Slack would take them all at once: the pace is ours.
    app.slack().set_burst(100);
    let mut ids = Vec::new();
    for n in 0..6 {
        ids.push(send(&app, app.tenant(), "#a", &format!("message {n}")).await);
    }
    let delivered = app.deliver("slack").await;
    let posted = app.slack().messages().len();
    assert_eq!(delivered.failures, 0);
    assert!((2..6).contains(&posted), "of a burst of three the last is left to people, so not {posted}");
    assert_eq!(app.sqs().depth("slack").visible, 0, "the others come back later");
    let waiting = effect(&app, ids[5]).await;
    assert_eq!((waiting.status.as_str(), waiting.attempts), ("pending", 0));

    app.drain().await;

    let messages = app.slack().messages();
    let texts: Vec<_> = messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["message 0", "message 1", "message 2", "message 3", "message 4", "message 5"]);
    let took = messages[5].received_at.duration_since(messages[0].received_at);
    assert!(took.as_millis() > 2500, "the last three came one a second, all within {took}");
}

#[tokio::test]
async fn what_slack_cannot_do_now_is_tried_again() {
    let app = TestApp::new().await;
    let tenant = bot(&app).await;
    app.slack().fail_next(SlackFault::ApiError("service_unavailable".to_owned()));
    let id = send(&app, &tenant, "#a", "later").await;
    app.deliver("slack").await;
    let row = effect(&app, id).await;
    assert_eq!((row.status.as_str(), row.waits), ("pending", true));
    app.drain().await;
    let row = effect(&app, id).await;
    assert_eq!((row.status.as_str(), row.attempts), ("done", 2));
}

#[tokio::test]
async fn without_the_database_the_message_comes_again() {
    let app = TestApp::new().await;
    let id = send(&app, app.tenant(), "#a", "later").await;
    app.database_down();
    assert_eq!(app.deliver("slack").await.failures, 1);
    app.database_up();
    app.drain().await;
    assert_eq!((status(&app, id).await.as_str(), app.slack().messages().len()), ("done", 1));
}
