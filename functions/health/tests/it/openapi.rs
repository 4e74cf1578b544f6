use serde_json::Value;
use testkit::TestApp;

#[tokio::test]
async fn serves_the_document() {
    let app = TestApp::new().await;
    app.database_down();
    let answer = app.get("/openapi.json").send().await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.header("cache-control").is_some_and(|value| value.starts_with("public")));
    let document: Value = answer.json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")), "{}", document["openapi"]);
    assert!(document["info"]["title"].is_string() && document["paths"].is_object());
}
