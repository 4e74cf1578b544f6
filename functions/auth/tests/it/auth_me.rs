//! GET /api/v1/auth/me

mod providers;

use serde_json::{Value, json};
use testkit::TestApp;
use testkit::keys::Token;

use crate::support::{ME, member_id, run, sign_in};

#[tokio::test]
async fn says_who_is_signed_in() {
    let app = TestApp::new().await;
    run(&app, "UPDATE team_members SET language = 'en', zone = 'Europe/Vienna' WHERE name = 'mia'").await;
    let session = sign_in(&app, "mia").await;
    let me: Value = app.get(ME).bearer(&session.access).send().await.expect(200).json();
    let mia = member_id(&app, "mia").await;
    assert_eq!(
        me["member"],
        json!({"id": mia, "name": "mia", "email": "mia@test.example", "role": "manager", "language": "en", "zone": "Europe/Vienna"})
    );
    assert_eq!(
        me["tenant"],
        json!({"id": app.tenant().id, "name": "Test test", "slug": "test", "zone": "Europe/Berlin", "language": "de", "currency": "EUR"})
    );
    let scopes = me["scopes"].as_array().unwrap();
    assert!(scopes.contains(&json!("team:write")) && !scopes.contains(&json!("keys:write")), "{scopes:?}");
}

#[tokio::test]
async fn keys_and_strangers_to_the_team_have_no_member() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("website");
    let me: Value = app.get(ME).api_key(&key).send().await.expect(200).json();
    assert_eq!((&me["member"], &me["scopes"]), (&json!(null), &json!(["events:write"])));
    let external = Token::new(&app.tenant().id).role("sales").claim("sub", json!("auth0|42")).sign();
    let me: Value = app.get(ME).bearer(&external).send().await.expect(200).json();
    assert_eq!(me["member"], json!(null));
    // Somebody of another tenant is nobody here.
    let other = app.new_tenant("other").await;
    let mixed = Token::new(&other.id).role("sales").claim("sub", json!(member_id(&app, "sam").await)).sign();
    let me: Value = app.get(ME).bearer(&mixed).send().await.expect(200).json();
    assert_eq!((&me["member"], &me["tenant"]["slug"]), (&json!(null), &json!("other")));
}

#[tokio::test]
async fn refuses_strangers_and_unknown_parameters() {
    let app = TestApp::new().await;
    app.get(ME).send().await.expect(401).problem();
    app.get(ME).bearer("nonsense").send().await.expect(401).problem();
    app.get(ME).bearer(&app.token_with_scopes(&[])).send().await.expect(200);
    let refused = app.get(&format!("{ME}?x=1")).bearer(&app.token("sales")).send().await.expect(400).problem();
    assert_eq!(refused["errors"][0]["pointer"], "?x");
}
