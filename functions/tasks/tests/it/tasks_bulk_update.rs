use serde_json::{Value, json};
use testkit::keys::Token;
use testkit::sales::member;
use testkit::{Method, Response, TestApp};
use uuid::Uuid;

use crate::support::{pointers, refuses_strangers};

const PATH: &str = "/api/v1/tasks/bulk-update";

fn me(app: &TestApp) -> String {
    Token::new(&app.tenant().id).role("sales").claim("sub", json!(Uuid::from_u128(1))).sign()
}

async fn change(app: &TestApp, body: &Value) -> Response {
    app.post(PATH, body).bearer(&me(app)).send().await
}

async fn task(app: &TestApp, title: &str) -> Value {
    let body = json!({"title": title, "due_at": "2027-01-10T09:00:00Z"});
    app.post("/api/v1/tasks", &body).bearer(&me(app)).send().await.expect(201).json()
}

async fn now(app: &TestApp, task: &Value) -> Value {
    let path = format!("/api/v1/tasks/{}", task["id"].as_str().unwrap());
    app.get(&path).bearer(&me(app)).send().await.expect(200).json()
}

#[tokio::test]
async fn completes_tasks_and_takes_them_up_again() {
    let app = TestApp::new().await;
    let tasks = [task(&app, "a").await, task(&app, "b").await, task(&app, "c").await];
    let path = format!("/api/v1/tasks/{}", tasks[2]["id"].as_str().unwrap());
    app.patch(&path, &json!({"status": "cancelled"})).bearer(&me(&app)).send().await.expect(200);
    let ids: Vec<&Value> = tasks.iter().map(|task| &task["id"]).collect();
    let answer: Value = change(&app, &json!({"ids": ids, "change": {"status": "done"}})).await.expect(200).json();
    assert_eq!(answer["changed"].as_array().unwrap().len(), 2);
    assert_eq!((&answer["skipped"][0]["id"], &answer["skipped"][0]["code"]), (&tasks[2]["id"], &json!("cancelled")));
    let done = now(&app, &tasks[0]).await;
    assert_eq!((&done["status"], &done["completed_by"]), (&json!("done"), &json!(Uuid::from_u128(1))));
    let undo = json!({"token": answer["undo"]["token"]});
    app.post("/api/v1/bulk-undo", &undo).bearer(&me(&app)).send().await.expect(200);
    let open = now(&app, &tasks[0]).await;
    assert_eq!(
        (&open["status"], &open["completed_at"], &open["due_at"]),
        (&json!("open"), &Value::Null, &tasks[0]["due_at"])
    );
}

#[tokio::test]
async fn another_day_means_another_reminder() {
    let app = TestApp::new().await;
    let tasks = [task(&app, "a").await, task(&app, "b").await];
    let db = app.db().await;
    db.batch_execute("UPDATE tasks SET reminded_at = now(), scheduled_at = now()").await.unwrap();
    let later = json!({"filter": "status=open&filter[due_at][before]=2027-02-01", "expected": 2, "change": {"due_at": "2027-02-01T09:00:00Z"}});
    let answer: Value = change(&app, &later).await.expect(200).json();
    assert_eq!(answer["changed"].as_array().unwrap().len(), 2);
    let task = now(&app, &tasks[0]).await;
    assert_eq!((&task["due_at"], &task["reminded_at"]), (&json!("2027-02-01T09:00:00Z"), &Value::Null));
    let unscheduled = db.query_one("SELECT count(*) FROM tasks WHERE scheduled_at IS NULL", &[]).await.unwrap();
    assert_eq!(unscheduled.get::<_, i64>(0), 2);
    change(&app, &json!({"ids": [tasks[0]["id"]], "change": {"due_at": null}})).await.expect(200);
    assert_eq!(now(&app, &tasks[0]).await["due_at"], Value::Null);
    let (sam, high) = (member(&app, app.tenant(), "sam").await, json!({"priority": "high"}));
    change(&app, &json!({"ids": [tasks[0]["id"]], "change": {"owner_id": sam}})).await.expect(200);
    change(&app, &json!({"ids": [tasks[0]["id"]], "change": high})).await.expect(200);
    let task = now(&app, &tasks[0]).await;
    assert_eq!((&task["owner_id"], &task["priority"]), (&json!(sam), &json!("high")));
}

#[tokio::test]
async fn refuses_strangers_and_bad_values() {
    let app = TestApp::new().await;
    let task = task(&app, "a").await;
    for (change_of, expected) in [
        (json!({}), "/change"),
        (json!({"owner_id": Uuid::nil()}), "/change/owner_id"),
        (json!({"due_at": "1999-01-01T00:00:00Z"}), "/change/due_at"),
        (json!({"status": "late"}), "/change/status"),
    ] {
        let refused = change(&app, &json!({"ids": [task["id"]], "change": change_of})).await.expect(400);
        assert_eq!(pointers(&refused), [expected]);
    }
    let body = json!({"ids": [task["id"]], "change": {"owner_id": null}});
    refuses_strangers(&app, Method::POST, PATH, Some(&body), "tasks:write").await;
}
