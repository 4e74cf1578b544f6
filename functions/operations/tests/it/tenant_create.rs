//! New tenants.

use serde_json::json;
use testkit::TestApp;

#[tokio::test]
async fn a_tenant_starts_with_the_default_rules() {
    let app = TestApp::new().await;
    let counts = app
        .db()
        .await
        .query_one(
            "SELECT (SELECT count(*) FROM scoring_rules), (SELECT count(*) FROM intent_rules), (SELECT count(*) FROM pipelines),
                    (SELECT count(*) FROM stages), (SELECT count(*) FROM rule_set_versions)",
            &[],
        )
        .await
        .unwrap();
    let counts: Vec<i64> = (0..5).map(|column| counts.get(column)).collect();
    assert_eq!(counts, [20, 11, 4, 28, 1]);
}

#[tokio::test]
async fn creating_twice_adds_nothing() {
    let app = TestApp::bare().await;
    let input = json!({"slug": "twice", "name": "Twice", "members": [{"email": "A@x.example", "name": "A", "role": "sales", "capacity": 1, "pipelines": ["*"]}],
                       "api_keys": [{"source": "portal", "name": "p", "key": "k1", "scopes": ["events:write"]}]});
    let first = app.invoke("tenant-create", input.clone()).await.unwrap();
    let second = app.invoke("tenant-create", input).await.unwrap();
    assert_eq!(first, second);
    let row = app
        .db()
        .await
        .query_one("SELECT (SELECT count(*) FROM team_members), (SELECT count(*) FROM api_keys), (SELECT count(*) FROM stages)", &[])
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, i64>(2)), (1, 1, 28));
}

/// Running it again changes what the tenant is called: within the tenant, not by the function that finds it by its slug.
#[tokio::test]
async fn creating_again_describes_it_anew() {
    let app = TestApp::bare().await;
    app.invoke("tenant-create", json!({"slug": "twice", "name": "Once"})).await.unwrap();
    app.invoke("tenant-create", json!({"slug": "twice", "name": "Twice", "zone": "Europe/Vienna", "language": "en"}))
        .await
        .unwrap();
    let row = app.db().await.query_one("SELECT name, zone, language FROM tenants", &[]).await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(1), row.get::<_, &str>(2)), ("Twice", "Europe/Vienna", "en"));
}

#[tokio::test]
async fn a_member_is_named_once() {
    let app = TestApp::bare().await;
    let member = |email: &str| json!({"email": email, "name": "A", "role": "sales", "capacity": 1});
    let input = json!({"slug": "s", "name": "S", "members": [member("a@x.example"), member("A@x.example")]});
    let error = app.invoke("tenant-create", input).await.unwrap_err().to_string();
    assert!(error.contains("/members/1/email") && error.contains("once"), "{error}");
}

#[tokio::test]
async fn two_sources_cannot_share_a_token() {
    let app = TestApp::bare().await;
    let input = json!({"slug": "shared", "name": "S", "webhook_sources": [{"source": "website", "token": "t", "secret": "s"},
                       {"source": "lemlist", "token": "t", "secret": "s"}]});
    let error = app.invoke("tenant-create", input).await.unwrap_err().to_string();
    assert!(error.contains("Every source needs its own"), "{error}");
}

#[tokio::test]
async fn secrets_are_sealed() {
    let app = TestApp::new().await;
    let secret: Vec<u8> =
        app.db().await.query_one("SELECT secret FROM integrations WHERE name = 'slack'", &[]).await.unwrap().get(0);
    assert!(!String::from_utf8_lossy(&secret).contains("hooks.slack.com"));
    let keys: i64 = app
        .db()
        .await
        .query_one("SELECT count(*) FROM api_keys WHERE length(key_hash) = 32", &[])
        .await
        .unwrap()
        .get(0);
    assert!(keys > 0);
}
