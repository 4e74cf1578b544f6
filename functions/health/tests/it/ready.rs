use serde_json::Value;
use testkit::TestApp;

#[tokio::test]
async fn is_ready_with_a_migrated_database() {
    let app = TestApp::new().await;
    let ready: Value = app.get("/ready").send().await.expect(200).json();
    assert_eq!(ready["status"], "ready");
    let row = app.db().await.query_one("SELECT max(version) FROM schema_migrations", &[]).await.unwrap();
    assert_eq!(ready["migration"], row.get::<_, i32>(0));
}

#[tokio::test]
async fn is_not_ready_otherwise() {
    let app = TestApp::new().await;
    app.get("/ready").send().await.expect(200);
    app.database_down();
    let down = app.get("/ready").send().await.expect(503);
    down.problem();
    assert!(down.header("retry-after").is_some());
    app.database_up();
    app.get("/ready").send().await.expect(200);

    let db = app.db().await;
    db.batch_execute("DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)")
        .await
        .unwrap();
    let behind = app.get("/ready").send().await.expect(503);
    assert!(behind.header("retry-after").is_some());
    db.batch_execute("DROP TABLE schema_migrations").await.unwrap();
    app.get("/ready").send().await.expect(503).problem();
}
