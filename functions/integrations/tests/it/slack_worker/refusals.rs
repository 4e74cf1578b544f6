//! What Slack refuses, and what never gets as far as Slack.

use serde_json::json;
use testkit::app::{TestApp, tenant_input};
use testkit::fakes::slack::SlackFault;

use super::{bot, connected, connection_error, error, insert, queue, send, status};

/// The tasks about an integration that is down: title and status.
async fn alerts(app: &TestApp) -> Vec<(String, String)> {
    let statement = "SELECT title, status FROM tasks WHERE cause LIKE 'integration:slack:down:%' ORDER BY created_at";
    let rows = app.db().await.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn with_a_removed_webhook_messages_wait_for_a_new_one_and_one_person_is_told() {
    let app = TestApp::new().await;
    let hook = app.tenant().slack_hook();
    app.slack().disable_hook(&hook);
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(send(&app, app.tenant(), "#a", &format!("message {n}")).await);
    }
    app.drain().await;
    for id in &ids {
        queue(&app, app.tenant(), *id);
    }
    app.drain().await;

    assert_eq!((status(&app, ids[0]).await.as_str(), error(&app, ids[0]).await.as_str()), ("pending", "no_service"));
    assert_eq!(app.slack().requests(), 1, "nothing is sent with a key that does not work");
    let problem = connection_error(&app, app.tenant()).await.unwrap();
    assert!(problem.contains("needs reconnect") && problem.contains("no_service"), "{problem}");
    assert_eq!(alerts(&app).await, [("Slack neu verbinden".to_owned(), "open".to_owned())]);
    let told = "SELECT description FROM tasks WHERE cause LIKE 'integration:%'";
    let told: String = app.db().await.query_one(told, &[]).await.unwrap().get(0);
    assert!(told.contains("„no_service“") && told.contains("Einstellungen") && !told.contains("needs"), "{told}");
    assert_eq!(app.run_job("outbox-relay", in_an_hour()).await["effects"], 0, "time alone changes nothing");

    app.slack().enable_hook(&hook);
    app.create_tenant(tenant_input("test")).await;
    assert_eq!(app.run_job("effects-reconcile", json!({})).await["resumed"], 1);
    app.drain().await;
    let messages = app.slack().messages();
    let texts: Vec<_> = messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["message 0", "message 1", "message 2"]);
    assert_eq!(alerts(&app).await, [("Slack neu verbinden".to_owned(), "done".to_owned())]);
    assert_eq!(connection_error(&app, app.tenant()).await, None);
}

fn in_an_hour() -> serde_json::Value {
    json!({"scheduled_for": jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)})
}

#[tokio::test]
async fn a_refused_message_does_not_blame_the_connection() {
    let app = TestApp::new().await;
    app.slack().fail_next(SlackFault::Refused(400, "invalid_payload".to_owned()));
    let id = send(&app, app.tenant(), "#a", "odd").await;
    app.drain().await;
    assert_eq!((status(&app, id).await.as_str(), error(&app, id).await.as_str()), ("failed", "invalid_payload"));
    assert_eq!(connection_error(&app, app.tenant()).await, None);
}

#[tokio::test]
async fn the_web_apis_errors_are_told_apart() {
    let app = TestApp::new().await;
    let tenant = bot(&app).await;
    for (code, becomes, blamed) in [
        ("is_archived", "failed", Some("#a")),
        ("invalid_blocks", "failed", None),
        ("invalid_auth", "pending", Some("needs reconnect")),
    ] {
        app.db().await.execute("UPDATE integrations SET last_error = NULL", &[]).await.unwrap();
        app.slack().fail_next(SlackFault::ApiError(code.to_owned()));
        let id = send(&app, &tenant, "#a", code).await;
        app.drain().await;
        assert_eq!((status(&app, id).await.as_str(), error(&app, id).await.as_str()), (becomes, code));
        let error = connection_error(&app, &tenant).await;
        assert_eq!(error.is_some(), blamed.is_some(), "{code}: {error:?}");
        assert!(error.unwrap_or_default().contains(blamed.unwrap_or_default()));
    }
    let id = send(&app, &tenant, "#b", "works again").await;
    let mended = "UPDATE integrations SET last_error = 'needs reconnect: x', down_since = NULL";
    app.db().await.execute(mended, &[]).await.unwrap();
    app.drain().await;
    assert_eq!((status(&app, id).await.as_str(), connection_error(&app, &tenant).await), ("done", None));
}

#[tokio::test]
async fn after_many_attempts_nobody_waits_any_more() {
    let app = TestApp::new().await;
    let tenant = bot(&app).await;
    app.slack().fail_next(SlackFault::ApiError("service_unavailable".to_owned()));
    let id = insert(&app, &tenant, "#a", "late").await;
    app.db().await.execute("UPDATE effects SET attempts = 99 WHERE id = $1", &[&id]).await.unwrap();
    queue(&app, &tenant, id);
    app.drain().await;
    assert_eq!((status(&app, id).await.as_str(), app.slack().requests()), ("failed", 1));
}

#[tokio::test]
async fn only_slack_is_ever_called() {
    let app = TestApp::new().await;
    for (n, url) in
        ["https://127.0.0.1/services/T0/B0/x", "http://hooks.slack.com/services/T0/B0/x"].into_iter().enumerate()
    {
        let tenant = connected(&app, &format!("foreign-{n}"), json!({"webhook_url": url})).await;
        let id = send(&app, &tenant, "#a", "no").await;
        app.drain().await;
        assert_eq!(status(&app, id).await, "pending", "it waits for a better address");
        let error = connection_error(&app, &tenant).await.unwrap();
        assert!(error.contains("not one of Slack's") && !error.contains("T0/B0"), "{error}");
    }
    assert_eq!(app.slack().requests(), 0);
}

#[tokio::test]
async fn a_tenant_without_slack_gets_a_failed_effect_and_a_reason() {
    let app = TestApp::new().await;
    let mut input = tenant_input("none");
    input["integrations"] = json!({});
    let tenant = app.create_tenant(input).await;
    let id = send(&app, &tenant, "#a", "nobody hears").await;
    app.drain().await;
    assert_eq!(status(&app, id).await, "failed");
    assert_eq!(error(&app, id).await, "not_connected");
    let words = app.db().await.query_one("SELECT error_words FROM effects WHERE id = $1", &[&id]).await.unwrap();
    assert!(words.get::<_, String>(0).contains("not connected"));
}

#[tokio::test]
async fn another_tenants_effect_is_not_there() {
    let app = TestApp::new().await;
    let other = app.new_tenant("other").await;
    let id = insert(&app, app.tenant(), "#a", "ours").await;
    queue(&app, &other, id);
    assert_eq!(app.drain().await.failures, 0);
    assert_eq!((status(&app, id).await.as_str(), app.slack().requests()), ("pending", 0));
}
