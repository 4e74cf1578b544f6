//! Every route of the template: closed without credentials, closed without the scope.

use std::collections::BTreeSet;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use testkit::app::Endpoint;
use testkit::keys::{AUDIENCE, ISSUER, PRIVATE_KEY, PUBLIC_KEY, Token};
use testkit::{Method, TestApp};

/// What needs no token: documents and the console for everybody, signing in and out, and receivers whose path token or signature is
/// the credential. Whoever makes this list longer opens a door.
const PUBLIC: [&str; 14] = [
    "auth-accept-invite",
    "auth-forgot",
    "auth-login",
    "auth-logout",
    "auth-refresh",
    "auth-reset",
    "console",
    "docs",
    "events-webhook",
    "health",
    "openapi",
    "ready",
    "webhooks-lemlist",
    "webhooks-website",
];

/// Needs a token, and no scope.
const FOR_ANYONE: &str = "/api/v1/auth/me";

/// Method and path of every other endpoint, with an id in it.
fn closed_routes(app: &TestApp) -> Vec<(Method, String)> {
    let id = uuid::Uuid::now_v7().to_string();
    let closed = app.endpoints().into_iter().filter(|one| !PUBLIC.contains(&one.function.as_str()));
    let closed: Vec<_> = closed.map(|one| (one.method.clone(), one.at(&id))).collect();
    assert!(closed.len() > 25, "the template has the routes: {}", closed.len());
    closed
}

#[tokio::test]
async fn only_these_need_no_token() {
    let app = TestApp::bare().await;
    let public = app.endpoints().into_iter().filter(Endpoint::is_public).map(|one| one.function);
    assert_eq!(public.collect::<BTreeSet<_>>(), PUBLIC.map(str::to_owned).into());
}

#[tokio::test]
async fn every_route_but_these_is_closed() {
    let app = TestApp::new().await;
    hold!(app: no_route_answers_strangers, no_route_believes_a_token_that_is_not_for_us);
}

async fn no_route_answers_strangers(app: &TestApp) {
    for (method, path) in closed_routes(app) {
        let answer = app.request(method.clone(), &path).json(&json!({})).send().await.expect(401);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{method} {path}");
        let expired = Token::new(&app.tenant().id).role("admin").expired(std::time::Duration::from_secs(3600)).sign();
        app.request(method.clone(), &path).bearer(&expired).json(&json!({})).send().await.expect(401);
        let without_scopes = app.request(method.clone(), &path).bearer(&app.token_with_scopes(&[]));
        let request = if method == Method::GET { without_scopes } else { without_scopes.json(&json!({})) };
        request.send().await.expect(if path == FOR_ANYONE { 200 } else { 403 });
    }
}

#[tokio::test]
async fn a_revoked_token_is_refused() {
    let app = TestApp::new().await;
    let token = Token::new(&app.tenant().id).role("admin").claim("jti", json!("gone")).sign();
    app.get("/api/v1/leads").bearer(&token).send().await.expect(200);
    let tenant: uuid::Uuid = app.tenant().id.parse().unwrap();
    app.db()
        .await
        .execute(
            "INSERT INTO revoked_tokens (jti, tenant_id, expires_at) VALUES ('gone', $1, now() + interval '1 hour')",
            &[&tenant],
        )
        .await
        .unwrap();
    app.get("/api/v1/leads").bearer(&token).send().await.expect(401);
}

/// The claims of a token that is right in every respect.
fn claims(app: &TestApp) -> Value {
    let now = testkit::keys::epoch_seconds();
    json!({"sub": uuid::Uuid::now_v7(), "tenant_id": app.tenant().id, "roles": ["admin"], "iss": ISSUER, "aud": AUDIENCE,
           "iat": now, "exp": now + 3600, "jti": uuid::Uuid::now_v7()})
}

async fn no_route_believes_a_token_that_is_not_for_us(app: &TestApp) {
    let good = || Token::new(&app.tenant().id).role("admin");
    app.get("/api/v1/leads").bearer(&good().sign()).send().await.expect(200);
    // Made for this test alone.
    let foreign = EncodingKey::from_rsa_pem(include_bytes!("foreign.pem")).unwrap();
    // The public key is public: whoever takes it for a shared secret believes everybody.
    let confused = EncodingKey::from_secret(PUBLIC_KEY.as_bytes());
    let signed = good().sign();
    let (head_and_claims, signature) = signed.rsplit_once('.').unwrap();
    let (_, body) = head_and_claims.split_once('.').unwrap();
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let mut critical = Header::new(Algorithm::RS256);
    critical.crit = Some(vec!["exp".to_owned()]);
    let ours = EncodingKey::from_rsa_pem(PRIVATE_KEY.as_bytes()).unwrap();
    let tokens = [
        ("an extension that counts", jsonwebtoken::encode(&critical, &claims(app), &ours).unwrap()),
        ("another audience", good().claim("aud", json!("another-api")).sign()),
        ("no audience", good().claim("aud", json!(null)).sign()),
        ("another issuer", good().claim("iss", json!("https://elsewhere.example")).sign()),
        ("no issuer", good().claim("iss", json!(null)).sign()),
        ("no id", good().claim("jti", json!(null)).sign()),
        ("no end", good().claim("exp", json!(null)).sign()),
        ("no tenant", good().claim("tenant_id", json!(null)).sign()),
        ("no subject", good().claim("sub", json!(null)).sign()),
        ("a tenant that does not exist", Token::new(&uuid::Uuid::now_v7().to_string()).role("admin").sign()),
        ("a foreign key", jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims(app), &foreign).unwrap()),
        (
            "the public key as a secret",
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(app), &confused).unwrap(),
        ),
        ("no signature", format!("{none}.{body}.")),
        ("no algorithm beside a signature", format!("{none}.{body}.{signature}")),
        ("a signature that was cut off", format!("{head_and_claims}.")),
        ("another's signature", {
            let other = good().sign();
            format!("{head_and_claims}.{}", other.rsplit_once('.').unwrap().1)
        }),
    ];
    for (method, path) in closed_routes(app) {
        for (what, token) in &tokens {
            let answer = app.request(method.clone(), &path).bearer(token).json(&json!({})).send().await;
            assert_eq!(answer.status, 401, "{method} {path} believes a token with {what}");
            answer.problem();
        }
    }
}

#[tokio::test]
async fn keys_that_ended_and_keys_of_other_sources_open_nothing() {
    let app = TestApp::new().await;
    let db = app.db().await;
    let portal = app.tenant().api_key("portal");
    let bare = portal.split_once(':').unwrap().1;
    let event = json!({"event_type": "page_visited", "source": "portal", "lead_identifier": {"email": "a@b.de"}});
    let read = async |key: &str, expected: u16| {
        app.get("/api/v1/leads").api_key(key).send().await.expect(expected);
    };
    read(&portal, 200).await;
    for key in [
        format!("website:{bare}"),
        format!("portal:{bare}x"),
        format!("portal:{}", &bare[1..]),
        bare.to_owned(),
        "portal:".to_owned(),
    ] {
        read(&key, 401).await;
        app.post("/api/v1/events/ingest", &event).api_key(&key).send().await.expect(401).problem();
    }
    let tenant: uuid::Uuid = app.tenant().id.parse().unwrap();
    for ended in ["expires_at = now() - interval '1 second'", "revoked_at = now()"] {
        let set = format!("UPDATE api_keys SET {ended} WHERE tenant_id = $1 AND source = 'portal'");
        assert_eq!(db.execute(&set, &[&tenant]).await.unwrap(), 1);
        read(&portal, 401).await;
        app.post("/api/v1/events/ingest", &event).api_key(&portal).send().await.expect(401).problem();
        let back = "UPDATE api_keys SET expires_at = now() + interval '1 hour', revoked_at = NULL WHERE tenant_id = $1";
        db.execute(back, &[&tenant]).await.unwrap();
        read(&portal, 200).await;
    }
    assert_eq!(app.leftovers(), Vec::<String>::new(), "nothing was accepted");
}
