use serde_json::{Value, json};
use testkit::{Method, TestApp};

use crate::support::{Board, names, pointers, refuses_strangers};

#[tokio::test]
async fn shows_one_with_its_stages() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "b2b-lab-enablement").await;
    let path = format!("/api/v1/pipelines/{}", board.pipeline);
    let answer = app.get(&path).bearer(&app.token("viewer")).send().await.expect(200);
    let pipeline: Value = answer.json();
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!((&pipeline["intent"], &pipeline["version"]), (&json!("b2b"), &json!(1)));
    assert_eq!(names(&pipeline["stages"]).len(), 7);
    assert_eq!(pipeline["stages"][2]["id"], json!(board.stages[2]));
    let crm = format!("/api/v1/crm/pipelines/{}", board.pipeline);
    assert_eq!(app.get(&crm).bearer(&app.token("viewer")).send().await.expect(200).json::<Value>(), pipeline);
    refuses_strangers(&app, Method::GET, &path, None, "pipelines:read").await;
}

#[tokio::test]
async fn does_not_know_what_is_not_there() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let path = format!("/api/v1/pipelines/{}", board.pipeline);
    app.get(&path).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    app.get("/api/v1/pipelines/discovery").bearer(&app.token("admin")).send().await.expect(404).problem();
    let unknown = app.get(&format!("{path}?x=1")).bearer(&app.token("admin")).send().await.expect(400);
    assert_eq!(pointers(&unknown), ["?x"]);
}
