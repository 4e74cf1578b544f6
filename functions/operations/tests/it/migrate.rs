//! Migrations: repeatable, and honest about what they find.

use serde_json::json;
use testkit::TestApp;

#[tokio::test]
async fn running_again_applies_nothing() {
    let app = TestApp::bare().await;
    let answer = app.invoke("migrate", json!({})).await.unwrap();
    assert_eq!(answer["applied"], json!([]));
    assert!(answer["version"].as_i64().unwrap() >= 4);
}

#[tokio::test]
async fn an_edited_migration_is_refused() {
    let app = TestApp::bare().await;
    app.db().await.execute("UPDATE schema_migrations SET checksum = '\\x00' WHERE version = 2", &[]).await.unwrap();
    let error = app.invoke("migrate", json!({})).await.unwrap_err().to_string();
    assert!(error.contains("0002_pipelines_and_leads was changed"), "{error}");
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let app = TestApp::bare().await;
    app.db()
        .await
        .execute("INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'later', '\\x00')", &[])
        .await
        .unwrap();
    let error = app.invoke("migrate", json!({})).await.unwrap_err().to_string();
    assert!(error.contains("migration 9999"), "{error}");
}
