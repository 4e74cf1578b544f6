//! Access tokens as identity providers write them: shaped after what their documentation shows, with the claims a tenant's
//! administrator has them add (`tenant_id`, `roles`).

use serde_json::{Map, Value, json};
use testkit::keys::Token;
use testkit::{Response, TestApp};

use crate::support::{ME, member_id, run};

/// A token that says all this; what has to be ours (issuer, audience, times, tenant) is the kit's.
fn token(app: &TestApp, claims: Value) -> String {
    let Value::Object(claims) = claims else { panic!("claims are an object") };
    let ours = Token::new(&app.tenant().id).claim("roles", json!(null)).claim("jti", json!(null));
    claims.into_iter().fold(ours, |token, (name, value)| token.claim(&name, value)).sign()
}

fn keycloak(role: &str) -> Value {
    json!({"typ": "Bearer", "azp": "lotse", "jti": "onrtro:6f1e52a4-7a21-4a0e-9a6e-2f1f2f9d2b10", "sub": "1d0c5f4e-8b1d-4f0e-9d5c-0d3f5d0c7a11",
           "sid": "a1", "acr": "1", "allowed-origins": ["https://crm.example"], "scope": "openid profile email",
           "realm_access": {"roles": ["offline_access", "default-roles-lab", "admin"]},
           "resource_access": {"account": {"roles": ["manage-account"]}},
           "email_verified": true, "name": "Sam", "preferred_username": "sam", "email": "sam@test.example", "roles": [role]})
}

fn auth0(role: &str) -> Value {
    json!({"sub": "auth0|507f1f77bcf86cd799439011", "azp": "my_client_id", "scope": "openid profile email offline_access",
           "permissions": [], "jti": "dYFyXTdSDLFSdNmZq1J7Q", "client_id": "my_client_id", "roles": [role]})
}

fn cognito(role: &str) -> Value {
    json!({"sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "cognito:groups": ["admin", "eu-central-1_Google"], "version": 2,
           "client_id": "xxxxxxxxxxxxexample", "origin_jti": "8a1c", "event_id": "b63e", "token_use": "access", "auth_time": 1_676_312_777,
           "scope": "aws.cognito.signin.user.admin openid profile email", "jti": "4b7a", "username": "sam", "roles": [role]})
}

fn entra(role: &str, scp: Value) -> Value {
    json!({"aio": "AWQAm/8T", "azp": "6e74172b", "azpacr": "0", "name": "Sam", "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
           "preferred_username": "sam@test.example", "rh": "0.AAA", "scp": scp, "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
           "tid": "72f988bf-86f1-41af-91ab-2d7cd011db47", "uti": "fqiBqXLPj0eQa82S-IYFAA", "ver": "2.0", "roles": [role]})
}

fn all(role: &str) -> [(&'static str, Value); 5] {
    [
        ("Keycloak", keycloak(role)),
        ("Auth0", auth0(role)),
        ("Cognito", cognito(role)),
        ("Entra", entra(role, json!("access_as_user"))),
        ("Entra, scopes as a list", entra(role, json!(["access_as_user", "User.Read"]))),
    ]
}

/// Changes a token's claims.
fn with(mut claims: Value, changes: Value) -> Value {
    let changes: Map<String, Value> = changes.as_object().unwrap().clone();
    claims.as_object_mut().unwrap().extend(changes);
    claims
}

async fn scopes(app: &TestApp, claims: Value) -> Vec<String> {
    let me: Value = app.get(ME).bearer(&token(app, claims)).send().await.expect(200).json();
    me["scopes"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn their_own_scopes_leave_the_rights_of_the_role() {
    let app = TestApp::new().await;
    let viewer: Value = app.get(ME).bearer(&app.token("viewer")).send().await.expect(200).json();
    let viewer: Vec<String> = serde_json::from_value(viewer["scopes"].clone()).unwrap();
    assert!(viewer.contains(&"leads:read".to_owned()) && !viewer.contains(&"leads:write".to_owned()));
    for (provider, claims) in all("viewer") {
        assert_eq!(scopes(&app, claims.clone()).await, viewer, "{provider}");
        assert_eq!(scopes(&app, with(claims, json!({"scope": ""}))).await, viewer, "{provider}, no scope");
    }
    // Roles and groups that they keep elsewhere are not ours.
    assert_eq!(scopes(&app, with(keycloak("viewer"), json!({"roles": []}))).await, [""; 0]);
    assert_eq!(scopes(&app, with(cognito("viewer"), json!({"roles": ["Everyone"]}))).await, [""; 0]);
}

#[tokio::test]
async fn a_scope_of_ours_narrows_and_never_widens() {
    let app = TestApp::new().await;
    let wide = "leads:read leads:write inbox:write";
    for (provider, claims) in all("viewer") {
        let field = if provider.starts_with("Entra") { "scp" } else { "scope" };
        assert_eq!(scopes(&app, with(claims.clone(), json!({field: wide}))).await, ["leads:read"], "{provider}");
        let claims = with(claims, json!({field: "openid inbox:write"}));
        assert_eq!(scopes(&app, claims.clone()).await, [""; 0], "{provider}");
        app.get("/api/v1/leads").bearer(&token(&app, claims)).send().await.expect(403).problem();
    }
    let claims = with(entra("viewer", json!(["leads:read", "leads:write"])), json!({}));
    assert_eq!(scopes(&app, claims).await, ["leads:read"]);
    // Cognito and others put the service's name before it.
    let claims = with(cognito("admin"), json!({"scope": "https://crm.example/leads:read"}));
    assert_eq!(scopes(&app, claims).await, ["leads:read"]);
}

#[tokio::test]
async fn what_they_leave_out_is_named() {
    let app = TestApp::new().await;
    let refused = async |claims: Value| -> String {
        let answer: Response = app.get(ME).bearer(&token(&app, claims)).send().await.expect(401);
        answer.problem()["detail"].as_str().unwrap().to_owned()
    };
    assert!(refused(with(auth0("viewer"), json!({"jti": null}))).await.contains("`jti`"));
    assert!(refused(with(keycloak("viewer"), json!({"tenant_id": null}))).await.contains("`tenant_id`"));
}

#[tokio::test]
async fn an_inactive_member_is_refused_with_their_tokens_too() {
    let app = TestApp::new().await;
    let sam = member_id(&app, "sam").await;
    let by_id = || with(auth0("sales"), json!({"sub": sam}));
    let theirs = || {
        [
            ("by id", by_id()),
            ("by e-mail", keycloak("admin")),
            ("by name", entra("sales", json!("x"))),
            // Many providers let people change the address themselves.
            (
                "behind an alias",
                with(keycloak("admin"), json!({"email": "alias@test.example", "upn": "sam@test.example"})),
            ),
            ("in another spelling", with(auth0("sales"), json!({"email": "SAM@Test.Example"}))),
        ]
    };
    let check = async |status: u16| {
        for (how, claims) in theirs() {
            assert_eq!(app.get(ME).bearer(&token(&app, claims)).send().await.status, status, "{how}");
        }
    };
    check(200).await;
    run(&app, "UPDATE team_members SET active = false WHERE name = 'sam'").await;
    check(401).await;
    // Others of the same provider, and machines, work on.
    app.get(ME).bearer(&token(&app, auth0("sales"))).send().await.expect(200);
    app.get(ME).api_key(&app.tenant().api_key("portal")).send().await.expect(200);
    // Elsewhere they are somebody else.
    let other = app.new_tenant("other").await;
    let elsewhere = with(by_id(), json!({"tenant_id": other.id}));
    app.get(ME).bearer(&token(&app, elsewhere)).send().await.expect(200);
    run(&app, "UPDATE team_members SET active = true WHERE name = 'sam'").await;
    check(200).await;
}

#[tokio::test]
async fn the_scheme_is_written_as_one_likes() {
    let app = TestApp::new().await;
    let token = app.token("viewer");
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR "] {
        app.get(ME).header("authorization", &format!("{scheme} {token}")).send().await.expect(200);
    }
    for header in [token.clone(), format!("Basic {token}"), format!("Bearer{token}"), "bearer".to_owned()] {
        app.get(ME).header("authorization", &header).send().await.expect(401).problem();
    }
}
