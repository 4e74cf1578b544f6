use serde_json::{Value, json};
use testkit::{Method, TestApp};
use uuid::Uuid;

use crate::support::{pointers, refuses_strangers};

async fn task(app: &TestApp, status: &str) -> Uuid {
    let (id, tenant): (Uuid, Uuid) = (Uuid::now_v7(), app.tenant().id.parse().unwrap());
    let statement = "INSERT INTO tasks (id, tenant_id, title, kind, status, completed_at, created_at, updated_at)
        VALUES ($1, $2, 'Call', 'call', $3, CASE WHEN $3 = 'done' THEN now() END, now(), now())";
    app.db().await.execute(statement, &[&id, &tenant, &status]).await.unwrap();
    id
}

fn path(task: Uuid) -> String {
    format!("/api/v1/tasks/{task}/complete")
}

#[tokio::test]
async fn completes_once() {
    let app = TestApp::new().await;
    let id = task(&app, "open").await;
    let token = app.token("sales");
    let request = || app.request(Method::POST, &path(id)).bearer(&token);

    let answer = request().header("if-match", "\"1\"").send().await.expect(200);

    let done: Value = answer.json();
    assert_eq!(answer.header("etag"), Some("\"2\""));
    assert_eq!((&done["status"], &done["version"]), (&json!("done"), &json!(2)));
    assert!(done["completed_at"].is_string() && done["completed_by"].is_string(), "{done}");
    let again: Value = request().json(&json!({})).send().await.expect(200).json();
    assert_eq!(again, done, "completing it again changes nothing");
    let stale: Value = request().header("if-match", "\"1\"").send().await.expect(200).json();
    assert_eq!(stale, done, "nor does a repeated request with the version before");
    let db = app.db().await;
    let statement = "SELECT count(*), min(before ->> 'status'), min(after ->> 'status'), min(actor) FROM audit_log
        WHERE record_type = 'task' AND record_id = $1 AND action = 'complete'";
    let audit = db.query_one(statement, &[&id.to_string()]).await.unwrap();
    assert_eq!((audit.get::<_, i64>(0), audit.get::<_, &str>(1), audit.get::<_, &str>(2)), (1, "open", "done"));
    assert_eq!(done["completed_by"], audit.get::<_, &str>(3));
}

#[tokio::test]
async fn refuses_what_it_must() {
    let app = TestApp::new().await;
    let (open, cancelled) = (task(&app, "open").await, task(&app, "cancelled").await);
    let token = app.token("sales");
    let conflict = app.request(Method::POST, &path(cancelled)).bearer(&token).send().await.expect(409);
    assert_eq!(conflict.problem()["code"], "cancelled");
    let stale =
        app.request(Method::POST, &path(open)).bearer(&token).header("if-match", "\"7\"").send().await.expect(412);
    assert_eq!(stale.problem()["current_version"], 1);
    let unknown = app.post(&path(open), &json!({"note": "x"})).bearer(&token).send().await.expect(400);
    assert_eq!(pointers(&unknown), ["/note"]);
    app.request(Method::POST, &path(Uuid::now_v7())).bearer(&token).send().await.expect(404).problem();
    let stranger = app.new_tenant("other").await;
    app.request(Method::POST, &path(open)).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    refuses_strangers(&app, Method::POST, &path(open), None, "tasks:write").await;
    let row = app.db().await.query_one("SELECT status FROM tasks WHERE id = $1", &[&open]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "open");
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_answer() {
    let app = TestApp::new().await;
    let (id, other) = (task(&app, "open").await, task(&app, "open").await);
    let token = app.token("sales");
    let send = |id| app.request(Method::POST, &path(id)).bearer(&token).header("idempotency-key", "once").send();
    let first = send(id).await.expect(200);
    assert_eq!(first.header("idempotency-replayed"), None);
    // Even when it has been opened again meanwhile: the request was answered.
    let reopen = "UPDATE tasks SET status = 'open', completed_at = NULL, completed_by = NULL";
    app.db().await.execute(reopen, &[]).await.unwrap();
    let again = send(id).await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!((again.header("etag"), again.json::<Value>()), (first.header("etag"), first.json::<Value>()));
    assert_eq!(send(other).await.expect(409).problem()["code"], "idempotency_key_reused");
    let statement = "SELECT (SELECT count(*) FROM tasks WHERE status = 'open'), (SELECT count(*) FROM audit_log WHERE action = 'complete')";
    let row = app.db().await.query_one(statement, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (2, 1));
}
