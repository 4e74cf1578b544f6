use serde_json::{Value, json};
use testkit::{Method, TestApp};

use crate::support::{Board, NEW, WON, pointers, refuses_strangers};

#[tokio::test]
async fn changes_what_is_said_and_keeps_the_rest() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let path = format!("/api/v1/stages/{}", board.stages[NEW]);
    let body = json!({"name": " Erstgespräch ", "probability": 15, "color": "#00ff00"});
    let answer =
        app.patch(&path, &body).bearer(&app.token("manager")).header("if-match", "\"1\"").send().await.expect(200);
    assert_eq!(answer.header("etag"), Some("\"2\""));
    let stage: Value = answer.json();
    let shown = ["name", "probability", "color", "position", "is_won"].map(|field| stage[field].clone());
    assert_eq!(shown, [json!("Erstgespräch"), json!(15), json!("#00ff00"), json!(1), json!(false)]);
    let crm = format!("/api/v1/crm/pipelines/{}/stages/{}", board.pipeline, board.stages[NEW]);
    assert_eq!(app.patch(&crm, &body).bearer(&app.token("manager")).send().await.expect(200).json::<Value>(), stage);
    app.patch(&path, &json!({"icon": "x"}))
        .bearer(&app.token("manager"))
        .header("if-match", "\"1\"")
        .send()
        .await
        .expect(412);
    let statement = "SELECT before ->> 'probability' <> '15' AND after ->> 'probability' = '15' FROM audit_log WHERE record_type = 'stage'";
    assert!(app.db().await.query_one(statement, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn refuses_what_it_must() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let (path, token) = (format!("/api/v1/stages/{}", board.stages[NEW]), app.token("manager"));
    let bad = json!({"name": " ", "color": "red", "probability": 101, "is_won": true, "is_lost": true});
    let refused = app.patch(&path, &bad).bearer(&token).send().await.expect(400);
    assert_eq!(pointers(&refused), ["/name", "/color", "/probability", "/is_won"]);
    board.deal(&app, "Deal", NEW, 1.0).await;
    let kept = app.patch(&path, &json!({"is_lost": true})).bearer(&token).send().await.expect(409);
    assert_eq!(kept.problem()["code"], "has_deals");
    app.patch(&format!("/api/v1/stages/{}", board.stages[WON]), &json!({"is_won": false}))
        .bearer(&token)
        .send()
        .await
        .expect(200);
    let other = Board::of(&app, app.tenant(), "b2b-lab-enablement").await;
    let crm = format!("/api/v1/crm/pipelines/{}/stages/{}", other.pipeline, board.stages[NEW]);
    app.patch(&crm, &json!({})).bearer(&token).send().await.expect(404);
    app.patch(&path, &json!({})).bearer(&app.new_tenant("other").await.token("admin")).send().await.expect(404);
    refuses_strangers(&app, Method::PATCH, &path, Some(&json!({})), "pipelines:write").await;
}
