//! A wake-up becomes one reminder in Slack, or nothing.

use serde_json::{Value, json};
use testkit::app::{TestApp, tenant_input};
use uuid::Uuid;

const DUE: &str = "2026-11-23T08:00:00Z";

async fn task(app: &TestApp, tenant: &str) -> Uuid {
    let (id, tenant): (Uuid, Uuid) = (Uuid::now_v7(), tenant.parse().unwrap());
    let statement = "INSERT INTO tasks (id, tenant_id, title, kind, due_at, created_at, updated_at, owner_id)
        SELECT $1, $2, 'Rückruf <heute>', 'follow_up', $3::text::timestamptz, now(), now(), m.id
          FROM team_members m WHERE m.tenant_id = $2 AND m.name = 'sam'";
    app.db().await.execute(statement, &[&id, &tenant, &DUE]).await.unwrap();
    id
}

fn wake(app: &TestApp, tenant: &str, task: Uuid, due_at: &str) {
    let message = json!({"kind": "task_due", "tenant_id": tenant, "task_id": task, "due_at": due_at});
    app.sqs().send("reminders", &message.to_string()).unwrap();
}

/// Causes, targets and payloads of the effects there are.
async fn effects(app: &TestApp) -> Vec<(String, String, Value)> {
    let rows = app.db().await.query("SELECT cause, target, payload FROM effects ORDER BY id", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

#[tokio::test]
async fn reminds_in_the_tenants_language_and_zone() {
    let app = TestApp::new().await;
    let tenant = app.tenant().id.clone();
    let id = task(&app, &tenant).await;
    wake(&app, &tenant, id, DUE);
    app.drain().await;

    let effects = effects(&app).await;
    assert_eq!(effects.len(), 1);
    let (cause, target, payload) = &effects[0];
    assert_eq!((cause.as_str(), target.as_str()), (format!("task-due:{id}:1795420800").as_str(), "#tasks"));
    assert_eq!(payload["text"], "Aufgabe fällig: Rückruf &lt;heute&gt;");
    let shown = payload.to_string();
    assert!(shown.contains("23.11.2026, 09:00 Uhr") && shown.contains("sam"), "{shown}");
    assert!(shown.contains(&format!("/tasks/{id}|")), "{shown}");
    assert_eq!(app.slack().messages().len(), 1);
}

#[tokio::test]
async fn a_bot_writes_to_the_owner() {
    let app = TestApp::new().await;
    let mut input = tenant_input("bot");
    input["language"] = json!("en");
    input["integrations"] = json!({"slack": {"bot_token": "xoxb-1"}});
    let tenant = app.create_tenant(input).await;
    let owner = "UPDATE team_members SET slack_user_id = 'U0SAM1234' WHERE name = 'sam'";
    app.db().await.execute(owner, &[]).await.unwrap();
    let id = task(&app, &tenant.id).await;
    wake(&app, &tenant.id, id, DUE);
    app.drain().await;
    let messages = app.slack().messages();
    assert_eq!(messages[0].channel, "U0SAM1234");
    assert!(messages[0].text.starts_with("Task due") && messages[0].blocks.to_string().contains("23 Nov 2026, 09:00"));
}

#[tokio::test]
async fn an_owner_who_left_is_not_written_to() {
    let app = TestApp::new().await;
    let tenant = app.tenant().id.clone();
    let left = "UPDATE team_members SET slack_user_id = 'U0SAM1234', active = false WHERE name = 'sam'";
    app.db().await.execute(left, &[]).await.unwrap();
    let id = task(&app, &tenant).await;
    wake(&app, &tenant, id, DUE);
    app.drain().await;
    assert_eq!(effects(&app).await[0].1, "#tasks");
}

#[tokio::test]
async fn reminds_once_however_often_it_is_woken() {
    let app = TestApp::new().await;
    let tenant = app.tenant().id.clone();
    let id = task(&app, &tenant).await;
    app.redeliver(3, 5);
    app.set_concurrency("reminders", 3);
    app.set_batch_size("reminders", 1);
    for _ in 0..4 {
        wake(&app, &tenant, id, DUE);
    }
    app.drain().await;
    assert_eq!((effects(&app).await.len(), app.slack().messages().len()), (1, 1));
}

#[tokio::test]
async fn stale_wake_ups_do_nothing() {
    let app = TestApp::new().await;
    let tenant = app.tenant().id.clone();
    for change in [
        "status = 'done', completed_at = now()",
        "status = 'cancelled'",
        "due_at = due_at + interval '2 hours'",
        "due_at = NULL",
        "reminded_at = now()",
    ] {
        let id = task(&app, &tenant).await;
        app.db().await.execute(&format!("UPDATE tasks SET {change} WHERE id = $1"), &[&id]).await.unwrap();
        wake(&app, &tenant, id, DUE);
        assert_eq!(app.drain().await.failures, 0);
        assert_eq!(effects(&app).await.len(), 0, "{change}");
    }
    wake(&app, &tenant, Uuid::now_v7(), DUE);
    assert_eq!(app.drain().await.failures, 0);
}

#[tokio::test]
async fn a_task_that_is_due_earlier_by_now_is_reminded_of() {
    let app = TestApp::new().await;
    let tenant = app.tenant().id.clone();
    let id = task(&app, &tenant).await;
    wake(&app, &tenant, id, "2026-11-23T09:00:00Z");
    app.drain().await;
    assert_eq!(effects(&app).await.len(), 1);
}

#[tokio::test]
async fn another_tenants_task_is_not_there() {
    let app = TestApp::new().await;
    let other = app.new_tenant("other").await;
    let id = task(&app, &app.tenant().id.clone()).await;
    wake(&app, &other.id, id, DUE);
    assert_eq!(app.drain().await.failures, 0);
    assert_eq!(effects(&app).await.len(), 0);
}
