//! Every route of the template: closed without credentials, closed without the scope, and blind to other tenants.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use testkit::keys::{AUDIENCE, ISSUER, PUBLIC_KEY, Token};
use testkit::template::Template;
use testkit::{Method, TestApp};

/// Routes that need no token: documents for everybody, and receivers whose path token or signature is the credential.
fn is_public(path: &str) -> bool {
    ["/health", "/ready", "/openapi.json", "/docs", "/api/v1/events/webhook"].contains(&path)
        || path.starts_with("/api/v1/webhooks/")
}

fn closed_routes() -> Vec<(Method, String)> {
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    let template = Template::read(template).unwrap();
    let functions = template.functions().unwrap();
    let routes: Vec<(Method, String)> = functions.iter().flat_map(|function| function.routes.clone()).collect();
    let closed: Vec<_> = routes.into_iter().filter(|(_, path)| !is_public(path)).collect();
    assert!(closed.len() > 25, "the template has the routes: {}", closed.len());
    closed
}

fn filled(path: &str, id: &str) -> String {
    path.replace("{id}", id).replace("{leadId}", id)
}

#[tokio::test]
async fn no_route_answers_strangers() {
    let app = TestApp::new().await;
    let id = uuid::Uuid::now_v7().to_string();
    for (method, path) in closed_routes() {
        let path = filled(&path, &id);
        let answer = app.request(method.clone(), &path).json(&json!({})).send().await.expect(401);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{method} {path}");
        let expired = Token::new(&app.tenant().id).role("admin").expired(std::time::Duration::from_secs(3600)).sign();
        app.request(method.clone(), &path).bearer(&expired).json(&json!({})).send().await.expect(401);
        app.request(method.clone(), &path)
            .bearer(&app.token_with_scopes(&[]))
            .json(&json!({}))
            .send()
            .await
            .expect(403);
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

#[tokio::test]
async fn no_route_shows_or_touches_another_tenant() {
    let app = TestApp::new().await;
    app.slack().set_burst(100);
    let key = app.tenant().api_key("portal");
    let events: Vec<Value> = ["demo_requested", "form_submitted", "meeting_booked"]
        .into_iter()
        .map(|event_type| {
            json!({"event_type": event_type, "source": "portal", "lead_identifier": {"email": "secret.person@biolab.example"},
                   "lead": {"last_name": "Geheimnis"}, "metadata": {"interest": "clinic"}})
        })
        .collect();
    app.post("/api/v1/events/ingest", &json!(events)).api_key(&key).send().await.expect(202);
    app.drain().await;
    let db = app.db().await;
    // Everything that has an id in the first tenant.
    let ids = db
        .query(
            "SELECT id::text FROM leads UNION ALL SELECT id::text FROM deals UNION ALL SELECT id::text FROM pipelines
             UNION ALL SELECT id::text FROM tasks UNION ALL SELECT (SELECT id::text FROM stages LIMIT 1)",
            &[],
        )
        .await
        .unwrap();
    let ids: Vec<String> = ids.iter().map(|row| row.get(0)).collect();
    assert!(ids.len() >= 8, "{ids:?}");
    let before = fingerprint(&db).await;

    let stranger = app.new_tenant("stranger").await;
    let token = stranger.token("admin");
    let pipeline: String = db
        .query_one("SELECT id::text FROM pipelines WHERE tenant_id::text = $1 AND slug = 'discovery'", &[&stranger.id])
        .await
        .unwrap()
        .get(0);
    let stage: String = db
        .query_one(
            "SELECT s.id::text FROM stages s WHERE s.pipeline_id::text = $1 ORDER BY position LIMIT 1",
            &[&pipeline],
        )
        .await
        .unwrap()
        .get(0);
    for (method, path) in closed_routes() {
        // Bodies that would be right for a record of one's own.
        let body = match path.rsplit('/').next().unwrap_or_default() {
            "move" => json!({"stage_id": stage}),
            "route" => json!({"pipeline_id": pipeline}),
            "close" => json!({"outcome": "won"}),
            "lead" => json!({"lead_id": stage}),
            _ if method == Method::PATCH && path.contains("/deals/") => json!({"name": "Fremd"}),
            _ if method == Method::PATCH && path.contains("/tasks/") => json!({"title": "Fremd"}),
            _ if method == Method::PATCH => json!({"first_name": "Fremd"}),
            _ => json!({}),
        };
        if path.contains('{') {
            for id in &ids {
                let request = app.request(method.clone(), &filled(&path, id)).bearer(&token);
                let request = if method == Method::GET { request } else { request.json(&body) };
                let answer = request.send().await;
                assert_eq!(answer.status, 404, "{method} {path} with {id}: {}", String::from_utf8_lossy(&answer.body));
            }
        } else if method == Method::GET {
            let answer = app.request(method.clone(), &path).bearer(&token).send().await;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(answer.status == 200, "{path}: {text}");
            assert!(!text.contains("Geheimnis") && !text.contains("secret.person"), "{path} shows a stranger");
            assert!(ids.iter().all(|id| !text.contains(id)), "{path} shows a foreign id");
        }
    }
    assert_eq!(fingerprint(&db).await, before, "nothing of the first tenant has changed");
}

async fn fingerprint(db: &tokio_postgres::Client) -> String {
    db.query_one(
        "SELECT md5(string_agg(x, '' ORDER BY x)) FROM (
           SELECT l::text x FROM leads l UNION ALL SELECT d::text FROM deals d UNION ALL SELECT t::text FROM tasks t
           UNION ALL SELECT r::text FROM routing_decisions r UNION ALL SELECT h::text FROM score_history h) everything",
        &[],
    )
    .await
    .unwrap()
    .get(0)
}

/// The claims of a token that is right in every respect.
fn claims(app: &TestApp) -> Value {
    let now = testkit::keys::epoch_seconds();
    json!({"sub": uuid::Uuid::now_v7(), "tenant_id": app.tenant().id, "roles": ["admin"], "iss": ISSUER, "aud": AUDIENCE,
           "iat": now, "exp": now + 3600, "jti": uuid::Uuid::now_v7()})
}

#[tokio::test]
async fn no_route_believes_a_token_that_is_not_for_us() {
    let app = TestApp::new().await;
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
    let tokens = [
        ("another audience", good().claim("aud", json!("another-api")).sign()),
        ("no audience", good().claim("aud", json!(null)).sign()),
        ("another issuer", good().claim("iss", json!("https://elsewhere.example")).sign()),
        ("no issuer", good().claim("iss", json!(null)).sign()),
        ("no id", good().claim("jti", json!(null)).sign()),
        ("no end", good().claim("exp", json!(null)).sign()),
        ("no tenant", good().claim("tenant_id", json!(null)).sign()),
        ("no subject", good().claim("sub", json!(null)).sign()),
        ("a tenant that does not exist", Token::new(&uuid::Uuid::now_v7().to_string()).role("admin").sign()),
        ("a foreign key", jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims(&app), &foreign).unwrap()),
        (
            "the public key as a secret",
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(&app), &confused).unwrap(),
        ),
        ("no signature", format!("{none}.{body}.")),
        ("no algorithm beside a signature", format!("{none}.{body}.{signature}")),
        ("a signature that was cut off", format!("{head_and_claims}.")),
        ("another's signature", {
            let other = good().sign();
            format!("{head_and_claims}.{}", other.rsplit_once('.').unwrap().1)
        }),
    ];
    for (method, path) in closed_routes() {
        let path = filled(&path, &uuid::Uuid::now_v7().to_string());
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
