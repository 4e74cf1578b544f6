//! Guessing is slow, and nobody is locked out for good.

use serde_json::json;
use testkit::{Response, TestApp};

use crate::support::{LOGIN, run, sign_in, try_login};

async fn from(app: &TestApp, address: &str, email: &str, password: &str) -> Response {
    app.post(LOGIN, &json!({"email": email, "password": password})).source_ip(address).send().await
}

#[tokio::test]
async fn a_guesser_at_one_account_has_to_wait_and_its_owner_has_not() {
    let app = TestApp::new().await;
    let (email, password) = (app.tenant().email("sam"), app.tenant().password("sam"));
    try_login(&app, &email, "wrong wrong wrong").await.expect(401);
    nearly_empty(&app, "pair 203.0.113.7 sam@test.example").await;
    try_login(&app, &email, "wrong wrong wrong").await.expect(401);
    let refused = try_login(&app, &email, &password).await.expect(429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    refused.problem();
    // Another account from here, and this account from elsewhere.
    sign_in(&app, "mia").await;
    from(&app, "198.51.100.1", &email, &password).await.expect(200);
    // Waiting helps: it is a brake and no lock.
    run(&app, "UPDATE sign_in_attempts SET refilled_at = refilled_at - interval '31 seconds'").await;
    try_login(&app, &email, &password).await.expect(200);
}

#[tokio::test]
async fn an_unknown_account_is_braked_alike() {
    let app = TestApp::new().await;
    try_login(&app, "nobody@test.example", "wrong wrong wrong").await.expect(401);
    let left = nearly_empty(&app, "pair 203.0.113.7 nobody@test.example").await;
    assert!((5.0..5.9).contains(&left), "of six: {left}");
    try_login(&app, "nobody@test.example", "wrong wrong wrong").await.expect(401);
    try_login(&app, "nobody@test.example", "wrong wrong wrong").await.expect(429);
}

#[tokio::test]
async fn signing_in_often_is_no_guessing() {
    let app = TestApp::new().await;
    for _ in 0..8 {
        sign_in(&app, "sam").await;
    }
}

/// What is left in a bucket, and then that it shall be just one attempt.
async fn nearly_empty(app: &TestApp, bucket: &str) -> f64 {
    let key = format!("sha256(convert_to('{bucket}', 'UTF8'))");
    let db = app.db().await;
    let left = format!("SELECT tokens FROM sign_in_attempts WHERE key = {key}");
    let left = db.query_one(&left, &[]).await.unwrap().get(0);
    db.batch_execute(&format!("UPDATE sign_in_attempts SET tokens = 1, refilled_at = now() WHERE key = {key}"))
        .await
        .unwrap();
    left
}

#[tokio::test]
async fn guessers_from_everywhere_have_to_wait_but_not_who_was_here_before() {
    let app = TestApp::new().await;
    let (email, password) = (app.tenant().email("sam"), app.tenant().password("sam"));
    from(&app, "192.0.2.1", &email, &password).await.expect(200);
    from(&app, "198.51.100.1", &email, "wrong wrong wrong").await.expect(401);
    let left = nearly_empty(&app, "account sam@test.example").await;
    assert!((29.0..29.5).contains(&left), "of thirty: {left}");
    from(&app, "198.51.100.2", &email, "wrong wrong wrong").await.expect(401);
    let refused = from(&app, "198.51.100.3", &email, &password).await.expect(429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((50..=60).contains(&wait), "one a minute: {wait}");
    from(&app, "192.0.2.1", &email, &password).await.expect(200);
    // A month later the address is one like any other.
    nearly_empty(&app, "account sam@test.example").await;
    run(&app, "UPDATE sign_in_attempts SET succeeded_at = succeeded_at - interval '31 days'").await;
    from(&app, "198.51.100.4", &email, "wrong wrong wrong").await.expect(401);
    from(&app, "192.0.2.1", &email, &password).await.expect(429);
}

/// Tries a password for a tenant that is named.
async fn from_to(app: &TestApp, address: &str, email: &str, password: &str, tenant: &str) -> Response {
    let body = json!({"email": email, "password": password, "tenant": tenant});
    app.post(LOGIN, &body).source_ip(address).send().await
}

/// What is left in a bucket.
async fn left(app: &TestApp, bucket: &str) -> f64 {
    let left = format!("SELECT tokens FROM sign_in_attempts WHERE key = sha256(convert_to('{bucket}', 'UTF8'))");
    app.db().await.query_one(&left, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn an_account_of_the_same_address_elsewhere_spares_nobody() {
    let app = TestApp::new().await;
    let (email, password) = (app.tenant().email("sam"), app.tenant().password("sam"));
    let members = json!([{"email": email, "name": "Sam", "role": "viewer", "password": "of the guesser"}]);
    app.create_tenant(json!({"slug": "guessers", "name": "Guessers", "members": members})).await;
    // The guesser signs in to an account of their own, named or not.
    from(&app, "198.51.100.1", &email, "of the guesser").await.expect(200);
    from_to(&app, "198.51.100.1", &email, "of the guesser", "guessers").await.expect(200);
    let spared = "SELECT count(*) FROM sign_in_attempts WHERE succeeded_at IS NOT NULL
        AND key <> sha256(convert_to('pair 198.51.100.1 sam@test.example guessers', 'UTF8'))";
    let spared: i64 = app.db().await.query_one(spared, &[]).await.unwrap().get(0);
    assert_eq!(spared, 0, "only that account of theirs is known to be used from there");
    assert!(left(&app, "account sam@test.example").await < 29.5, "and nothing was given back");
    nearly_empty(&app, "account sam@test.example").await;
    from(&app, "198.51.100.1", &email, "wrong wrong wrong").await.expect(401);
    from(&app, "198.51.100.1", &email, "wrong wrong wrong").await.expect(429);
    // Who names their tenant has nothing to do with all that.
    from_to(&app, "198.51.100.2", &email, &password, "test").await.expect(200);
}

#[tokio::test]
async fn what_was_not_taken_is_not_given_back() {
    let app = TestApp::new().await;
    let (email, password) = (app.tenant().email("sam"), app.tenant().password("sam"));
    from(&app, "192.0.2.1", &email, &password).await.expect(200);
    from(&app, "198.51.100.1", &email, "wrong wrong wrong").await.expect(401);
    nearly_empty(&app, "account sam@test.example").await;
    for _ in 0..3 {
        from(&app, "192.0.2.1", &email, &password).await.expect(200);
    }
    let left = left(&app, "account sam@test.example").await;
    assert!((left - 1.0).abs() < 0.01, "{left}");
}

#[tokio::test]
async fn one_address_cannot_try_everybody() {
    let app = TestApp::new().await;
    try_login(&app, "person1@test.example", "wrong wrong wrong").await.expect(401);
    let left = nearly_empty(&app, "address 203.0.113.7").await;
    assert!((59.0..59.9).contains(&left), "of sixty: {left}");
    try_login(&app, "person2@test.example", "wrong wrong wrong").await.expect(401);
    try_login(&app, "person3@test.example", "wrong wrong wrong").await.expect(429);
    from(&app, "192.0.2.1", "person3@test.example", "wrong wrong wrong").await.expect(401);
}

#[tokio::test]
async fn what_is_over_is_forgotten() {
    let app = TestApp::new().await;
    sign_in(&app, "sam").await;
    try_login(&app, "nobody@test.example", "wrong wrong wrong").await.expect(401);
    let count = async |table: &str| -> i64 {
        app.db().await.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
    };
    let done = app.run_job("partition-keeper", json!({})).await;
    assert_eq!((&done["sessions"], count("session_families").await), (&json!(0), 1), "nothing is over yet");
    run(
        &app,
        "UPDATE session_families SET expires_at = now() - interval '2 days';
         UPDATE sign_in_attempts SET refilled_at = now() - interval '2 days'",
    )
    .await;
    let done = app.run_job("partition-keeper", json!({})).await;
    assert_eq!(done["sessions"], 1);
    assert_eq!((count("session_families").await, count("refresh_tokens").await), (0, 0));
    // Where somebody signed in from is remembered for a month.
    assert_eq!(count("sign_in_attempts").await, 1);
}
