use serde_json::{Value, json};
use testkit::{Method, TestApp};
use uuid::Uuid;

use crate::support::{Board, NEW, member, refuses_strangers};

#[tokio::test]
async fn shows_a_task_with_the_names_around_it() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let deal = board.deal(&app, "Ausbau", NEW, 1.0).await;
    let sam = member(&app, app.tenant(), "sam").await;
    let body = json!({"title": "Anrufen", "deal_id": deal, "owner_id": sam});
    let made: Value = app.post("/api/v1/tasks", &body).bearer(&app.token("sales")).send().await.expect(201).json();
    let path = format!("/api/v1/tasks/{}", made["id"].as_str().unwrap());

    let answer = app.get(&path).bearer(&app.token("viewer")).send().await.expect(200);

    assert_eq!(answer.header("etag"), Some("\"1\""));
    let task: Value = answer.json();
    assert_eq!(task, made);
    assert_eq!((&task["deal_name"], &task["owner_name"]), (&json!("Ausbau"), &json!("sam")));
    assert!(task["lead_name"].as_str().unwrap().ends_with("@x.example"), "{task}");
    let list = app.get("/api/v1/tasks").bearer(&app.token("viewer")).send().await.expect(200).json::<Value>();
    assert_eq!(list["data"], json!([task]));

    let stranger = app.new_tenant("other").await;
    app.get(&path).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    for nobody in [format!("/api/v1/tasks/{}", Uuid::now_v7()), "/api/v1/tasks/seven".to_owned()] {
        app.get(&nobody).bearer(&app.token("viewer")).send().await.expect(404).problem();
    }
    app.get(&format!("{path}?with=lead")).bearer(&app.token("viewer")).send().await.expect(400).problem();
    refuses_strangers(&app, Method::GET, &path, None, "tasks:read").await;
}
