//! New tenants.

use serde_json::{Value, json};
use testkit::app::tenant_input;
use testkit::keys::{epoch_seconds, signature};
use testkit::{Method, TestApp};

const KEY: &str = "0f9c1e5d7b3a48266f0e9d8c7b6a5f41";
const SECRETS: [&str; 3] =
    ["1a9c1e5d7b3a48266f0e9d8c7b6a5f41", "2b9c1e5d7b3a48266f0e9d8c7b6a5f41", "3c9c1e5d7b3a48266f0e9d8c7b6a5f41"];

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
                       "api_keys": [{"source": "portal", "name": "p", "key": KEY, "scopes": ["events:write"]}]});
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
    let input = json!({"slug": "shared", "name": "S", "webhook_sources": [{"source": "website", "token": KEY, "secret": SECRETS[0]},
                       {"source": "lemlist", "token": KEY, "secret": SECRETS[1]}]});
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

#[tokio::test]
async fn nothing_is_made_of_a_description_with_faults() {
    let app = TestApp::bare().await;
    let input = json!({"slug": "weak", "name": "Weak", "zone": "Europe/Bonn", "members": [{"email": "a@x.example", "name": "A", "role": "boss"}],
                       "api_keys": [{"source": "portal", "name": "p", "key": "a", "scopes": ["nonsense"]}],
                       "webhook_sources": [{"source": "waalaxy", "token": "x", "secret": ""}]});
    let error = app.invoke("tenant-create", input).await.unwrap_err().to_string();
    for pointer in [
        "/zone",
        "/members/0/role",
        "/api_keys/0/key",
        "/api_keys/0/scopes/0",
        "/webhook_sources/0/token",
        "/webhook_sources/0/secret",
    ] {
        assert!(error.contains(pointer), "{pointer} in {error}");
    }
    let tenants: i64 = app.db().await.query_one("SELECT count(*) FROM tenants", &[]).await.unwrap().get(0);
    assert_eq!(tenants, 0);
}

/// `<!channel>` would call everybody.
#[tokio::test]
async fn a_member_has_the_slack_id_of_a_person() {
    let app = TestApp::bare().await;
    let member = |id: &str| json!({"email": "a@b.example", "name": "A", "role": "sales", "slack_user_id": id});
    let tenant = |members: Value| json!({"slug": "slack", "name": "Slack", "members": members});
    for id in ["<!channel>", "@sam", "sam", "U", ""] {
        let refused = app.invoke("tenant-create", tenant(json!([member("U012AB3CD"), member(id)]))).await;
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("/members/1/slack_user_id") && error.contains("member id"), "{id}: {error}");
    }
    app.invoke("tenant-create", tenant(json!([member(" U012AB3CD ")]))).await.unwrap();
    let stored: String = app.db().await.query_one("SELECT slack_user_id FROM team_members", &[]).await.unwrap().get(0);
    assert_eq!(stored, "U012AB3CD");
}

#[tokio::test]
async fn what_is_left_out_is_made_and_shown_once() {
    let app = TestApp::bare().await;
    let input = json!({"slug": "made", "name": "Made", "api_keys": [{"source": "portal", "name": "Portal", "scopes": ["leads:read"]}],
                       "webhook_sources": [{"source": "website"}, {"source": "partner", "token": KEY}]});
    let made = app.invoke("tenant-create", input.clone()).await.unwrap();
    let key = made["api_keys"][0]["key"].as_str().unwrap();
    assert!(key.starts_with("portal:") && key.len() > 40, "{made}");
    app.get("/api/v1/leads").api_key(key).send().await.expect(200);
    let sources = made["webhook_sources"].as_array().unwrap();
    assert_eq!(sources.len(), 2, "{made}");
    assert_eq!((&sources[1]["source"], &sources[1]["token"]), (&json!("partner"), &json!(null)));
    assert!(!app.logs("tenant-create").contains(key.split_once(':').unwrap().1), "it stands in no log");
    let token = sources[0]["token"].as_str().unwrap();
    let form = app.request(Method::POST, &format!("/api/v1/webhooks/website/{token}")).form(&[("email", "a@b.de")]);
    form.send().await.expect(202);
    deliver(&app, KEY, sources[1]["secret"].as_str().unwrap(), 202).await;
    app.drain().await;

    let again = app.invoke("tenant-create", input).await.unwrap();
    let expected = json!({"tenant_id": made["tenant_id"], "rule_set_version": made["rule_set_version"]});
    assert_eq!(again, expected, "nothing new, and nothing is shown a second time");
    app.get("/api/v1/leads").api_key(key).send().await.expect(200);
}

/// A signed delivery of the source `partner`.
async fn deliver(app: &TestApp, token: &str, secret: &str, status: u16) {
    let body = json!({"event_type": "page_visited", "lead_identifier": {"email": "a@b.de"}}).to_string();
    let at = epoch_seconds().to_string();
    let request = app.request(Method::POST, "/api/v1/events/webhook").header("x-source", "partner");
    let request = request.header("x-webhook-token", token).header("x-timestamp", &at);
    request.header("x-signature", &signature(secret, &at, body.as_bytes())).body(body).send().await.expect(status);
}

#[tokio::test]
async fn a_rotation_goes_on_when_the_same_is_said_again_and_has_an_end() {
    let app = TestApp::bare().await;
    let input = |secret: &str, end: bool| {
        json!({"slug": "turning", "name": "T",
               "webhook_sources": [{"source": "partner", "token": KEY, "secret": secret, "end_rotation": end}]})
    };
    let say = async |secret: &str, end: bool| {
        app.invoke("tenant-create", input(secret, end)).await.unwrap();
    };
    say(SECRETS[0], false).await;
    say(SECRETS[1], false).await;
    // Once more, as a deployment does: the first secret still counts.
    say(SECRETS[1], false).await;
    deliver(&app, KEY, SECRETS[0], 202).await;
    deliver(&app, KEY, SECRETS[1], 202).await;
    let until: bool = app
        .db()
        .await
        .query_one(
            "SELECT previous_secret_until BETWEEN now() + interval '6 days' AND now() + interval '7 days' FROM webhook_sources",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert!(until);
    // A week later.
    let age = "UPDATE webhook_sources SET previous_secret_until = now() - interval '1 second'";
    app.db().await.execute(age, &[]).await.unwrap();
    deliver(&app, KEY, SECRETS[0], 401).await;
    deliver(&app, KEY, SECRETS[1], 202).await;
    // At once, when a secret has leaked.
    say(SECRETS[2], false).await;
    deliver(&app, KEY, SECRETS[1], 202).await;
    say(SECRETS[2], true).await;
    deliver(&app, KEY, SECRETS[1], 401).await;
    deliver(&app, KEY, SECRETS[2], 202).await;
    app.drain().await;
}

#[tokio::test]
async fn warm_functions_learn_of_another_language_and_zone() {
    let app = TestApp::bare().await;
    let tenant = app.create_tenant(tenant_input("moving")).await;
    let mut input = tenant_input("moving");
    let version = |made: &Value| made["rule_set_version"].as_i64().unwrap();
    let same = app.invoke("tenant-create", input.clone()).await.unwrap();
    assert_eq!(version(&same), version(&tenant.created));
    (input["language"], input["zone"]) = (json!("en"), json!("Europe/London"));
    let moved = app.invoke("tenant-create", input.clone()).await.unwrap();
    assert_eq!(version(&moved), version(&tenant.created), "no rule has changed");
    // What is left out stays.
    input.as_object_mut().unwrap().remove("zone");
    input["name"] = json!("Moved");
    app.invoke("tenant-create", input).await.unwrap();
    let row = app.db().await.query_one("SELECT name, zone, language FROM tenants", &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), ("Moved", "Europe/London", "en"));
}
