//! What Slack may have taken without saying so is never sent again.

use serde_json::json;
use testkit::app::TestApp;
use testkit::fakes::slack::SlackFault;
use uuid::Uuid;

use super::{bot, error, insert, queue, send, status};

#[tokio::test]
async fn what_may_have_arrived_is_never_sent_again() {
    let app = TestApp::new().await;
    let bot = bot(&app).await;
    let faults = [
        SlackFault::Broken { kept: true },
        SlackFault::Broken { kept: false },
        SlackFault::Vanished { kept: true },
        SlackFault::ApiError("internal_error".to_owned()),
    ];
    for (n, fault) in faults.into_iter().enumerate() {
        let tenant = if matches!(fault, SlackFault::ApiError(_)) { &bot } else { app.tenant() };
        app.slack().set_burst(3);
        app.slack().fail_next(fault.clone());
        let id = send(&app, tenant, "#a", "perhaps").await;
        app.drain().await;
        assert_eq!(status(&app, id).await, "unknown", "{fault:?}");
        assert_ne!(error(&app, id).await, "");
        queue(&app, tenant, id);
        app.drain().await;
        assert_eq!(app.slack().requests(), n as u64 + 1, "{fault:?} was repeated");
    }
    assert_eq!(app.slack().messages().len(), 2, "those that were kept, once each");
}

#[tokio::test]
async fn a_message_without_an_answer_in_time_is_never_sent_again() {
    let app = TestApp::new().await;
    app.slack().fail_next(SlackFault::Silent { kept: true });
    let id = send(&app, app.tenant(), "#a", "perhaps").await;
    let delivered = app.deliver("slack").await;
    assert_eq!((delivered.failures, delivered.errors.len()), (0, 0), "the function outlives Slack's silence");
    assert_eq!(status(&app, id).await, "unknown");
    queue(&app, app.tenant(), id);
    app.drain().await;
    assert_eq!(app.slack().requests(), 1);
}

#[tokio::test]
async fn a_worker_killed_while_sending_leaves_an_unknown_effect() {
    let app = TestApp::new().await;
    app.slack().fail_next(SlackFault::Silent { kept: true });
    let id = insert(&app, app.tenant(), "#a", "perhaps").await;
    let message = json!({"kind": "effect", "tenant_id": app.tenant().id, "effect_id": id}).to_string();
    let record = json!({"messageId": Uuid::now_v7(), "body": message, "attributes": {"ApproximateReceiveCount": "1"}});
    let event = json!({"Records": [record]});

    let worker = app.spawn("slack-worker");
    let (ended, ()) = tokio::join!(worker.invoke(&event), async {
        while app.slack().requests() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        worker.kill();
    });
    assert!(ended.is_err());
    assert_eq!(status(&app, id).await, "sending");

    queue(&app, app.tenant(), id);
    app.drain().await;
    assert_eq!(status(&app, id).await, "sending", "while the lease holds, the worker may still be at it");

    app.db().await.execute("UPDATE effects SET lease_until = now() - interval '1 second'", &[]).await.unwrap();
    queue(&app, app.tenant(), id);
    app.drain().await;
    assert_eq!(status(&app, id).await, "unknown");
    assert_eq!((app.slack().requests(), app.slack().messages().len()), (1, 1));
}

#[tokio::test]
async fn logs_tell_no_secrets() {
    let app = TestApp::new().await;
    app.slack().fail_next(SlackFault::Vanished { kept: false });
    send(&app, app.tenant(), "#a", "Erika Beispiel").await;
    app.drain().await;
    let logs = app.logs("slack-worker");
    assert!(logs.contains("may have been done"), "{logs}");
    assert!(!logs.contains("/services/") && !logs.contains("Erika"), "{logs}");
}
