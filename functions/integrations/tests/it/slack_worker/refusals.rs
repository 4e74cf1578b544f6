//! What Slack refuses, and what never gets as far as Slack.

use serde_json::json;
use testkit::app::{TestApp, tenant_input};
use testkit::fakes::slack::Fault;

use super::{bot, connected, connection_error, error, insert, queue, send, status};

#[tokio::test]
async fn a_removed_webhook_fails_and_asks_to_reconnect() {
    let app = TestApp::new().await;
    app.slack().disable_hook(&app.tenant().slack_hook());
    let id = send(&app, app.tenant(), "#a", "lost").await;
    app.drain().await;
    queue(&app, app.tenant(), id);
    app.drain().await;

    assert_eq!((status(&app, id).await.as_str(), error(&app, id).await.as_str()), ("failed", "no_service"));
    assert_eq!(app.slack().requests(), 1, "a refused message is not sent again");
    let error = connection_error(&app, app.tenant()).await.unwrap();
    assert!(error.contains("needs reconnect") && error.contains("no_service"), "{error}");
}

#[tokio::test]
async fn a_refused_message_does_not_blame_the_connection() {
    let app = TestApp::new().await;
    app.slack().fail_next(Fault::Refused(400, "invalid_payload".to_owned()));
    let id = send(&app, app.tenant(), "#a", "odd").await;
    app.drain().await;
    assert_eq!((status(&app, id).await.as_str(), error(&app, id).await.as_str()), ("failed", "invalid_payload"));
    assert_eq!(connection_error(&app, app.tenant()).await, None);
}

#[tokio::test]
async fn the_web_apis_errors_are_told_apart() {
    let app = TestApp::new().await;
    let tenant = bot(&app).await;
    for (code, blamed) in
        [("invalid_auth", Some("needs reconnect")), ("is_archived", Some("#a")), ("invalid_blocks", None)]
    {
        app.db().await.execute("UPDATE integrations SET last_error = NULL", &[]).await.unwrap();
        app.slack().fail_next(Fault::ApiError(code.to_owned()));
        let id = send(&app, &tenant, "#a", code).await;
        app.drain().await;
        assert_eq!((status(&app, id).await.as_str(), error(&app, id).await.as_str()), ("failed", code));
        let error = connection_error(&app, &tenant).await;
        assert_eq!(error.is_some(), blamed.is_some(), "{code}: {error:?}");
        assert!(error.unwrap_or_default().contains(blamed.unwrap_or_default()));
    }
    let id = send(&app, &tenant, "#b", "works again").await;
    app.db().await.execute("UPDATE integrations SET last_error = 'needs reconnect: x'", &[]).await.unwrap();
    app.drain().await;
    assert_eq!((status(&app, id).await.as_str(), connection_error(&app, &tenant).await), ("done", None));
}

#[tokio::test]
async fn after_many_attempts_nobody_waits_any_more() {
    let app = TestApp::new().await;
    let tenant = bot(&app).await;
    app.slack().fail_next(Fault::ApiError("service_unavailable".to_owned()));
    let id = insert(&app, &tenant, "#a", "late").await;
    app.db().await.execute("UPDATE effects SET attempts = 19 WHERE id = $1", &[&id]).await.unwrap();
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
        assert_eq!(status(&app, id).await, "failed");
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
    assert!(error(&app, id).await.contains("not connected"));
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
