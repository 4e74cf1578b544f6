//! The hourly sweep: schedules what is due soon, reminds of what is overdue.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::app::TestApp;
use uuid::Uuid;

/// A task of the first tenant, due at a moment.
async fn task(app: &TestApp, title: &str, due_at: Timestamp) -> Uuid {
    let (id, tenant): (Uuid, Uuid) = (Uuid::now_v7(), app.tenant().id.parse().unwrap());
    let statement = "INSERT INTO tasks (id, tenant_id, title, kind, due_at, created_at, updated_at)
        VALUES ($1, $2, $3, 'todo', $4::text::timestamptz, now(), now())";
    app.db().await.execute(statement, &[&id, &tenant, &title, &due_at.to_string()]).await.unwrap();
    id
}

/// Minutes from now, on the second, as people enter due times.
fn minutes(minutes: i64) -> Timestamp {
    let now = Timestamp::from_second(epoch()).unwrap();
    now + SignedDuration::from_mins(minutes)
}

fn epoch() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// Whether it was reminded of, and whether it has a schedule.
async fn state(app: &TestApp, task: Uuid) -> (bool, bool) {
    let statement = "SELECT reminded_at IS NOT NULL, scheduled_at IS NOT NULL FROM tasks WHERE id = $1";
    let row = app.db().await.query_one(statement, &[&task]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn sweep(app: &TestApp) -> Value {
    app.run_job("task-reminders", json!({})).await
}

fn done(scheduled: u32, reminded: u32) -> Value {
    json!({"scheduled": scheduled, "reminded": reminded, "failed": 0})
}

#[tokio::test]
async fn schedules_what_is_due_before_the_next_run() {
    let app = TestApp::new().await;
    let due_at = minutes(30);
    let soon = task(&app, "Anrufen", due_at).await;
    let later = task(&app, "Später", minutes(180)).await;

    assert_eq!(sweep(&app).await, done(1, 0));

    let schedules = app.sqs().schedules();
    assert_eq!(schedules.len(), 1);
    assert_eq!(schedules[0].name, format!("task-{soon}-{}", due_at.as_second()));
    assert_eq!(schedules[0].at, Some(due_at));
    assert!(schedules[0].delete_after);
    let message: Value = serde_json::from_str(&schedules[0].input).unwrap();
    assert_eq!(message, json!({"kind": "task_due", "tenant_id": app.tenant().id, "task_id": soon, "due_at": due_at}));
    assert_eq!((state(&app, soon).await, state(&app, later).await), ((false, true), (false, false)));
    assert_eq!(sweep(&app).await, done(0, 0), "it is scheduled once");
}

#[tokio::test]
async fn a_schedule_that_fires_reminds_in_slack() {
    let app = TestApp::new().await;
    let id = task(&app, "Erika Beispiel anrufen", minutes(30)).await;
    sweep(&app).await;

    assert_eq!(app.fire_schedules(minutes(31)), 1);
    app.drain().await;

    assert_eq!(state(&app, id).await, (true, true));
    let messages = app.slack().messages();
    assert_eq!(messages.len(), 1);
    assert!(messages[0].text.contains("Erika Beispiel anrufen"), "{}", messages[0].text);
    assert!(app.sqs().schedules().is_empty(), "it deleted itself");
}

#[tokio::test]
async fn reminds_at_once_of_what_is_overdue() {
    let app = TestApp::new().await;
    let overdue = task(&app, "Überfällig", minutes(-90)).await;
    let closed = task(&app, "Erledigt", minutes(-90)).await;
    let close = "UPDATE tasks SET status = 'done', completed_at = now() WHERE id = $1";
    app.db().await.execute(close, &[&closed]).await.unwrap();

    assert_eq!(sweep(&app).await, done(0, 1));
    assert_eq!(sweep(&app).await, done(0, 0), "once");
    app.drain().await;

    assert_eq!((state(&app, overdue).await, state(&app, closed).await), ((true, false), (false, false)));
    assert_eq!(app.slack().messages().len(), 1);
    assert!(app.sqs().schedules().is_empty());
}

#[tokio::test]
async fn without_the_scheduler_the_next_run_reminds() {
    let app = TestApp::new().await;
    let id = task(&app, "Anrufen", minutes(30)).await;
    app.sqs().down(true);
    assert_eq!(sweep(&app).await, done(0, 0));
    app.sqs().down(false);
    assert_eq!(state(&app, id).await, (false, false));

    let later = app.run_job("task-reminders", json!({"scheduled_for": minutes(60)})).await;
    assert_eq!(later, done(0, 1));
    app.drain().await;
    assert_eq!(app.slack().messages().len(), 1);
}

#[tokio::test]
async fn a_schedule_beside_the_sweep_does_not_remind_twice() {
    let app = TestApp::new().await;
    task(&app, "Anrufen", minutes(30)).await;
    sweep(&app).await;
    app.run_job("task-reminders", json!({"scheduled_for": minutes(60)})).await;
    app.fire_schedules(minutes(60));
    app.drain().await;
    assert_eq!(app.slack().messages().len(), 1);
}

#[tokio::test]
async fn works_for_every_tenant() {
    let app = TestApp::new().await;
    let other = app.new_tenant("other").await;
    let id = task(&app, "Anrufen", minutes(-5)).await;
    let theirs: Uuid = other.id.parse().unwrap();
    let copy = "INSERT INTO tasks (id, tenant_id, title, kind, due_at, created_at, updated_at)
        SELECT gen_random_uuid(), $2, title, kind, due_at, created_at, updated_at FROM tasks WHERE id = $1";
    app.db().await.execute(copy, &[&id, &theirs]).await.unwrap();
    assert_eq!(sweep(&app).await, done(0, 2));
    app.drain().await;
    let statement = "SELECT count(DISTINCT tenant_id) FROM effects WHERE status = 'done'";
    assert_eq!(app.db().await.query_one(statement, &[]).await.unwrap().get::<_, i64>(0), 2);
}
