use serde_json::{Value, json};
use testkit::{Method, TestApp};

use crate::support::{Board, QUALIFIED, refuses_strangers};

#[tokio::test]
async fn shows_a_deal_under_both_paths() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let id = board.deal(&app, "Labor Nord", QUALIFIED, 1.0).await;
    let path = format!("/api/v1/deals/{id}");

    let answer = app.get(&path).bearer(&app.token("viewer")).send().await.expect(200);

    let deal: Value = answer.json();
    assert_eq!(answer.header("etag"), Some("\"1\""));
    for (field, expected) in [
        ("id", json!(id)),
        ("name", json!("Labor Nord")),
        ("pipeline_id", json!(board.pipeline)),
        ("stage_id", json!(board.stages[QUALIFIED])),
        ("position", json!(1.0)),
        ("value_minor", json!(100_000)),
        ("currency", json!("EUR")),
        ("probability", json!(25)),
        ("status", json!("open")),
        ("closed_at", json!(null)),
        ("campaign_id", json!(null)),
        ("version", json!(1)),
    ] {
        assert_eq!(deal[field], expected, "{field}");
    }
    let crm = app.get(&format!("/api/v1/crm/deals/{id}")).bearer(&app.token("viewer")).send().await.expect(200);
    assert_eq!(crm.json::<Value>(), deal);
    refuses_strangers(&app, Method::GET, &path, None, "deals:read").await;
}

#[tokio::test]
async fn does_not_know_what_is_not_there() {
    let app = TestApp::new().await;
    let stranger = app.new_tenant("other").await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let id = board.deal(&app, "Labor Nord", QUALIFIED, 1.0).await;

    app.get(&format!("/api/v1/deals/{id}")).bearer(&stranger.token("admin")).send().await.expect(404).problem();
    let nobody = "/api/v1/deals/0192f1c2-0000-7000-8000-000000000000";
    app.get(nobody).bearer(&app.token("admin")).send().await.expect(404).problem();
    app.get("/api/v1/deals/seven").bearer(&app.token("admin")).send().await.expect(404).problem();
    let unknown =
        app.get(&format!("/api/v1/deals/{id}?with=lead")).bearer(&app.token("admin")).send().await.expect(400);
    assert_eq!(unknown.problem()["errors"][0]["pointer"], "?with");
}

#[tokio::test]
async fn what_hangs_on_a_deal_comes_along_as_its_own_endpoint_shows_it() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let id = board.deal(&app, "Labor Nord", QUALIFIED, 1.0).await;
    let read =
        async |path: String| -> Value { app.get(&path).bearer(&app.token("sales")).send().await.expect(200).json() };
    let task = json!({"title": "Anrufen", "deal_id": id});
    app.post("/api/v1/tasks", &task).bearer(&app.token("sales")).send().await.expect(201);
    let mut shown = read(format!("/api/v1/deals/{id}?include=history,tasks,lead")).await;
    let mut history = read(format!("/api/v1/deals/{id}/history")).await;
    for page in [&mut history, &mut shown["included"]["history"]] {
        // It grows while the deal stands there.
        page["data"][0].as_object_mut().map(|stay| stay.remove("duration_seconds"));
    }
    assert_eq!(shown["included"]["history"], history);
    assert_eq!(shown["included"]["tasks"], read(format!("/api/v1/tasks?deal_id={id}")).await);
    assert_eq!(shown["included"]["lead"]["id"], shown["lead_id"]);
    assert!(shown["included"]["lead"]["email"].is_string());
    let path = format!("/api/v1/deals/{id}?include=lead");
    app.get(&path).bearer(&app.token_with_scopes(&["deals:read"])).send().await.expect(403);
    let path = format!("/api/v1/deals/{id}?include=owner");
    app.get(&path).bearer(&app.token("sales")).send().await.expect(400);
}
