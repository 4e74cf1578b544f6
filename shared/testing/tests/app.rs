//! `TestApp` with the real functions: what it refuses, and that tests do not see each other.
//!
//! Needs the functions built and a Postgres for tests, like the functions' own tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use serde_json::Value;
use testkit::TestApp;
use testkit::database::TestDatabase;
use testkit::runtime::InvokeError;

/// The message a future panics with.
async fn panic_of(work: impl Future<Output = ()> + Send + 'static) -> String {
    let panic = tokio::spawn(work).await.expect_err("it panics").into_panic();
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap()
}

#[tokio::test]
async fn a_test_that_leaves_messages_behind_fails() {
    let message = panic_of(async {
        let app = TestApp::bare().await;
        app.sqs().send("events", "{}").unwrap();
    });
    assert!(message.await.contains("events: 1"));
    let app = TestApp::bare().await;
    app.sqs().send("events", "{}").unwrap();
    app.allow_leftovers();
}

#[tokio::test]
async fn a_test_in_which_a_function_lacks_a_right_fails() {
    let message = panic_of(async {
        let app = TestApp::bare().await;
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
            .region(aws_sdk_sqs::config::Region::new("eu-central-1"))
            // As the function of this name would.
            .credentials_provider(Credentials::new("leads-get", "test", None, None, "test"))
            .endpoint_url(app.sqs().endpoint())
            .build();
        let send = aws_sdk_sqs::Client::from_conf(config).send_message();
        send.queue_url(app.sqs().queue_url("events")).message_body("{}").send().await.unwrap_err();
    });
    let message = message.await;
    assert!(message.contains("leads-get may not sqs:SendMessage on arn:aws:sqs:"), "{message}");
    assert!(message.contains("in template.yaml"), "{message}");
}

#[tokio::test]
async fn a_path_the_template_lacks_fails_the_test() {
    let message = panic_of(async {
        drop(TestApp::bare().await.get("/api/v1/nothing").send().await);
    });
    assert!(message.await.contains("no route GET /api/v1/nothing"));
}

#[tokio::test]
async fn each_test_has_a_database_of_its_own_quickly() {
    // The first may have to make the template.
    let first = TestDatabase::new().await.unwrap();
    let started = Instant::now();
    let second = TestDatabase::new().await.unwrap();
    let took = started.elapsed();
    eprintln!("a copy takes {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}; the goal is 100 ms on a machine at rest");
    first.client().await.unwrap().batch_execute("CREATE TABLE mine (id int)").await.unwrap();
    let seen = second.client().await.unwrap().query_one("SELECT to_regclass('mine')::text", &[]).await.unwrap();
    assert_eq!(seen.get::<_, Option<String>>(0), None);
    let app_client = first.app_client().await.unwrap();
    let statement = "SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user";
    let row = app_client.query_one(statement, &[]).await.unwrap();
    assert!(!row.get::<_, bool>(0), "row-level security must bind the functions' role");

    let (name, admin) = (second.name().to_owned(), first.client().await.unwrap());
    drop(second);
    let left = admin.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await.unwrap();
    assert!(left.is_none(), "a dropped database is gone");
}

#[tokio::test]
async fn the_first_tenant_and_another_one_are_apart() {
    let app = TestApp::new().await;
    let other = app.new_tenant("other").await;
    assert_ne!(app.tenant().id, other.id);
    assert_ne!(app.tenant().api_key("portal"), other.api_key("portal"));
}

#[tokio::test]
async fn a_cut_database_shows_and_heals() {
    let app = TestApp::bare().await;
    app.get("/ready").send().await.expect(200);
    app.database_down();
    app.get("/ready").send().await.expect(503);
    app.database_up();
    app.get("/ready").send().await.expect(200);
}

#[tokio::test]
async fn a_killed_function_is_replaced() {
    let app = TestApp::bare().await;
    app.get("/ready").send().await.expect(200);
    app.kill("ready");
    app.get("/ready").send().await.expect(200);
}

#[tokio::test]
async fn a_spawned_function_has_the_variables_of_the_template() {
    let app = TestApp::bare().await;
    let ready = app.spawn("ready");
    ready.first_ready().await.unwrap();
    ready.kill();
    let outcome = ready.invoke(&Value::Null).await;
    assert!(matches!(outcome, Err(InvokeError::Exited { .. })), "{outcome:?}");
}
