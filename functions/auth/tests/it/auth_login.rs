use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use testkit::keys::{AUDIENCE, ISSUER, PUBLIC_KEY};
use testkit::runtime::Function;
use testkit::{Response, TestApp};

use crate::support::{LOGIN, ME, Session, audited, believed, member_id, run, sign_in, try_login};

/// Whatever is wrong.
const WRONG: &str =
    "E-mail address or password is wrong. If you work for several tenants, name one: send its short name as `tenant`.";

fn claims(token: &str) -> Value {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    let key = DecodingKey::from_rsa_pem(PUBLIC_KEY.as_bytes()).unwrap();
    jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims
}

#[tokio::test]
async fn a_password_is_the_same_from_every_keyboard() {
    let app = TestApp::new().await;
    let (composed, apart) = ("Gr\u{fc}\u{df}e aus K\u{f6}ln 1", "Gru\u{308}\u{df}e aus Ko\u{308}ln 1");
    for (set, name) in [(composed, "sam"), (apart, "sophie")] {
        let (id, email) = (member_id(&app, name).await, app.tenant().email(name));
        let body = json!({"password": set});
        app.patch(&format!("/api/v1/team/{id}"), &body).bearer(&app.token("admin")).send().await.expect(200);
        for typed in [composed, apart] {
            try_login(&app, &email, typed).await.expect(200);
        }
        try_login(&app, &email, "Grusse aus Koln 1").await.expect(401);
    }
}

#[tokio::test]
async fn a_member_signs_in() {
    let app = TestApp::new().await;
    let tenant = app.tenant();
    let answer = try_login(&app, " Sam@TEST.example ", &tenant.password("sam")).await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body: Value = answer.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(900)));
    let fields: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["access_token", "expires_in", "me", "token_type"];
    assert_eq!(fields, expected, "no refresh token within a script's reach: {body}");

    let sam = member_id(&app, "sam").await;
    let claims = claims(body["access_token"].as_str().unwrap());
    assert_eq!((&claims["sub"], &claims["tenant_id"]), (&json!(sam), &json!(tenant.id)));
    assert_eq!(claims["roles"], json!(["sales"]));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);

    let cookie = answer.cookies[0].clone();
    for attribute in ["; HttpOnly", "; SameSite=Strict", "; Path=/api/v1/auth", "; Max-Age=604800"] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    let session = Session::of(&answer);
    app.get("/api/v1/leads").bearer(&session.access).send().await.expect(200);
    app.post("/api/v1/scoring/rules", &json!({})).bearer(&session.access).send().await.expect(403);
    assert_eq!(audited(&app).await, [("sign_in".to_owned(), sam.to_string())]);
}

#[tokio::test]
async fn nothing_secret_is_written_down() {
    let app = TestApp::new().await;
    let session = sign_in(&app, "ada").await;
    let (password, token) = (app.tenant().password("ada"), session.cookie.split_once('=').unwrap().1.to_owned());
    try_login(&app, "ada@test.example", "wrong wrong wrong").await.expect(401);
    let log = app.logs("auth-login");
    assert!(log.contains("answered"), "{log}");
    for secret in [&password, &token, &session.access, &"wrong wrong wrong".to_owned(), &"ada@test.example".to_owned()]
    {
        assert!(!log.contains(secret.as_str()), "the log holds {secret}");
    }
    let rows = app
        .db()
        .await
        .query(
            "SELECT row_to_json(t)::text FROM refresh_tokens t UNION ALL SELECT row_to_json(f)::text FROM session_families f
             UNION ALL SELECT row_to_json(c)::text FROM member_credentials c UNION ALL SELECT row_to_json(a)::text FROM sign_in_attempts a
             UNION ALL SELECT row_to_json(l)::text FROM audit_log l WHERE actor <> $1",
            // Which members a company began with is noted with their addresses, as every later change of a member is.
            &[&"tenant-create"],
        )
        .await
        .unwrap();
    assert!(rows.len() > 6, "{}", rows.len());
    for row in rows.iter().map(|row| row.get::<_, String>(0)) {
        for secret in [&password, &token, &"ada@test.example".to_owned(), &"203.0.113.7".to_owned()] {
            assert!(!row.contains(secret.as_str()), "{secret} in {row}");
        }
    }
}

#[tokio::test]
async fn a_refusal_tells_nothing() {
    let app = TestApp::new().await;
    let tenant = app.tenant();
    run(&app, "UPDATE team_members SET active = false WHERE name = 'sophie'").await;
    run(&app, "DELETE FROM member_credentials c USING team_members m WHERE m.id = c.member_id AND m.name = 'mia'")
        .await;
    for (email, password, what) in [
        (tenant.email("sam"), tenant.password("ada"), "another's password"),
        (tenant.email("sam"), String::new(), "no password"),
        ("nobody@test.example".to_owned(), tenant.password("sam"), "an unknown address"),
        (tenant.email("sophie"), tenant.password("sophie"), "a member who left"),
        (tenant.email("mia"), tenant.password("mia"), "a member without password"),
    ] {
        let refused = try_login(&app, &email, &password).await.expect(401);
        assert_eq!(refused.problem()["detail"], WRONG, "{what}");
        assert!(refused.cookies.is_empty(), "{what}");
    }
    let known = json!({"email": tenant.email("sam"), "password": tenant.password("sam"), "tenant": "elsewhere"});
    app.post(LOGIN, &known).send().await.expect(401);
    run(&app, "UPDATE tenants SET active = false").await;
    try_login(&app, &tenant.email("sam"), &tenant.password("sam")).await.expect(401);
    assert_eq!(audited(&app).await, []);
}

#[tokio::test]
async fn time_does_not_tell_whether_there_is_an_account() {
    let app = TestApp::new().await;
    let median = async |email: &str, tenant: Option<&str>| {
        let mut times = Vec::new();
        for n in 0..7 {
            let started = Instant::now();
            let body = json!({"email": email, "password": "wrong wrong wrong", "tenant": tenant});
            app.post(LOGIN, &body).source_ip(&format!("198.51.100.{n}")).send().await.expect(401);
            times.push(started.elapsed());
        }
        times.sort_unstable();
        times[3]
    };
    median("warm@up.example", None).await;
    for tenant in [None, Some("test")] {
        let (known, unknown) = (median("sam@test.example", tenant).await, median("nobody@test.example", tenant).await);
        let ratio = known.as_secs_f64() / unknown.as_secs_f64();
        assert!((0.5..2.0).contains(&ratio), "{tenant:?}: known {known:?}, unknown {unknown:?}");
        assert!(unknown > Duration::from_millis(10), "hashes are worked out for nobody too: {unknown:?}");
    }
}

#[tokio::test]
async fn somebody_of_several_tenants_names_one() {
    let app = TestApp::new().await;
    let member =
        |password: &str| json!([{"email": "sam@test.example", "name": "Sam", "role": "viewer", "password": password}]);
    let password = app.tenant().password("sam");
    let second = json!({"slug": "second", "name": "Second GmbH", "members": member(&password)});
    let second = app.create_tenant(second).await;
    app.create_tenant(json!({"slug": "third", "name": "Third", "members": member("quite another one")})).await;

    let asked = try_login(&app, "sam@test.example", &password).await.expect(409);
    let problem = asked.problem();
    assert_eq!(problem["code"], "tenant_ambiguous");
    assert_eq!(
        problem["matches"],
        json!([{"slug": "second", "name": "Second GmbH"}, {"slug": "test", "name": "Test test"}]),
        "not the one whose password is another"
    );
    assert!(asked.cookies.is_empty());

    let named = json!({"email": "sam@test.example", "password": password, "tenant": "second"});
    let session = Session::of(&app.post(LOGIN, &named).send().await.expect(200));
    let me: Value = app.get(ME).bearer(&session.access).send().await.expect(200).json();
    assert_eq!((&me["tenant"]["id"], &me["member"]["role"]), (&json!(second.id), &json!("viewer")));

    // A password that only one of them has needs no name.
    let session = Session::of(&try_login(&app, "sam@test.example", "quite another one").await.expect(200));
    let me: Value = app.get(ME).bearer(&session.access).send().await.expect(200).json();
    assert_eq!(me["tenant"]["slug"], "third");
}

#[tokio::test]
async fn who_works_for_many_tenants_names_theirs() {
    let app = TestApp::new().await;
    let (password, other) = (app.tenant().password("sam"), "quite another one");
    for slug in ["a", "b", "c"] {
        let members = json!([{"email": "sam@test.example", "name": "Sam", "role": "viewer", "password": other}]);
        app.create_tenant(json!({"slug": slug, "name": slug, "members": members})).await;
    }
    // Theirs is the fourth, and nobody is told that there are so many.
    let refused = try_login(&app, "sam@test.example", &password).await.expect(401);
    assert_eq!(refused.problem()["detail"], WRONG);
    let named = json!({"email": "sam@test.example", "password": password, "tenant": "test"});
    app.post(LOGIN, &named).send().await.expect(200);
    let client = app.database().app_client().await.unwrap();
    let all = "SELECT count(*) FROM lotse.find_credentials('sam@test.example', NULL, 1000000)";
    let all: i64 = client.query_one(all, &[]).await.unwrap().get(0);
    assert_eq!(all, 3, "no function gets more hashes than one sign-in tries");
}

/// What a sign-in answers while somebody changes the member: the change has the member's row, the sign-in has verified the password
/// and waits, and then the change is committed.
async fn overtaken(app: &TestApp, change: &str) -> Response {
    let db = app.db().await;
    db.batch_execute("BEGIN; SELECT FROM team_members WHERE name = 'sam' FOR NO KEY UPDATE").await.unwrap();
    db.batch_execute(change).await.unwrap();
    let commit = async {
        // Where nobody waits, the answer tells.
        let _waited = app.somebody_waits_for_a_lock().await;
        db.batch_execute("COMMIT").await.unwrap();
    };
    let (email, password) = (app.tenant().email("sam"), app.tenant().password("sam"));
    tokio::join!(try_login(app, &email, &password), commit).0
}

#[tokio::test]
async fn a_password_or_member_changed_meanwhile_starts_no_session() {
    let app = TestApp::new().await;
    let another = "UPDATE member_credentials c SET password_hash = '$argon2id$v=19$another'
        FROM team_members m WHERE m.id = c.member_id AND m.name = 'sam'";
    let before: i64 = count(&app, "session_families").await;
    let name = "UPDATE team_members SET capacity = 7 WHERE name = 'sam'";
    overtaken(&app, name).await.expect(200);
    let inactive = "UPDATE team_members SET active = false WHERE name = 'sam'";
    assert_eq!(overtaken(&app, inactive).await.expect(401).problem()["detail"], WRONG);
    run(&app, "UPDATE team_members SET active = true WHERE name = 'sam'").await;
    assert_eq!(overtaken(&app, another).await.expect(401).problem()["detail"], WRONG);
    assert_eq!((before, count(&app, "session_families").await), (0, 1), "any other change is only waited for");
    assert_eq!(audited(&app).await.len(), 1);
}

#[tokio::test]
async fn the_role_is_the_one_of_now() {
    let app = TestApp::new().await;
    let demote = "UPDATE team_members SET role = 'viewer' WHERE name = 'sam'";
    let session = Session::of(&overtaken(&app, demote).await.expect(200));
    assert_eq!(claims(&session.access)["roles"], json!(["viewer"]));
}

async fn count(app: &TestApp, table: &str) -> i64 {
    app.db().await.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_connection_that_ended_unnoticed_keeps_nobody_out() {
    let app = TestApp::new().await;
    let session = sign_in(&app, "sam").await;
    let lost = async || {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND usename = 'lotse_app'";
        app.db().await.query(cut, &[]).await.unwrap();
    };
    lost().await;
    let session = match crate::support::refresh(&app, &session.cookie).await {
        answer if answer.status == 200 => Session::of(&answer),
        answer => panic!("{answer:?}"),
    };
    lost().await;
    sign_in(&app, "sam").await;
    lost().await;
    app.post(crate::support::LOGOUT, &json!({})).header("cookie", &session.cookie).send().await.expect(204);
    assert!(!believed(&app, &session.access).await);
}

#[tokio::test]
async fn refuses_bad_input_and_pages_of_other_sites() {
    let app = TestApp::new().await;
    let check = async |body: Value, expected: &[&str]| {
        let problem = app.post(LOGIN, &body).send().await.expect(400).problem();
        let mut found: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{body}");
    };
    check(json!({}), &["/email", "/password"]).await;
    check(json!({"email": "sam@test.example", "password": 7, "remember": true}), &["/password", "/remember"]).await;
    check(json!({"email": "sam", "password": "x"}), &["/email"]).await;
    check(json!({"email": "a@b.example", "password": "x", "tenant": "\u{0}"}), &["/tenant"]).await;
    check(json!({"email": "a@b.example", "password": "x\u{0}"}), &["/password"]).await;
    let tenant = app.tenant();
    let good = json!({"email": tenant.email("sam"), "password": tenant.password("sam")});
    let with = |header: &str, value: &str| app.post(LOGIN, &good).header(header, value).send();
    let refused = with("origin", "https://evil.example").await.expect(403);
    assert!(refused.cookies.is_empty());
    with("origin", "http://localhost:5173").await.expect(200);
    let form = app.request(testkit::Method::POST, LOGIN).header("content-type", "text/plain").body(good.to_string());
    form.send().await.expect(400).problem();
}

#[tokio::test]
async fn an_identity_provider_takes_the_place_of_passwords() {
    let environment = [
        ("STAGE", "local"),
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none"),
        ("JWT_JWKS_URL", "https://id.example/keys"),
        ("JWT_ISSUER", ISSUER),
        ("JWT_AUDIENCE", AUDIENCE),
        ("JWT_PRIVATE_KEY", testkit::keys::PRIVATE_KEY),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    for (name, path) in [("auth-login", LOGIN), ("auth-refresh", crate::support::REFRESH)] {
        let function = Function::spawn(name, &testkit::binary(name).unwrap(), &environment).unwrap();
        let body = if name == "auth-login" { json!({"email": "a@b.example", "password": "x"}) } else { json!({}) };
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
            "headers": {"content-type": "application/json", "cookie": "lotse_refresh=x"},
            "requestContext": {"http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
                                        "userAgent": "t"},
                               "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "d", "requestId": "r",
                               "routeKey": "$default", "stage": "$default", "time": "t", "timeEpoch": 0},
            "body": body.to_string(), "isBase64Encoded": false,
        });
        let answer = function.invoke(&event).await.unwrap();
        assert_eq!(answer["statusCode"], 404, "{answer}");
        assert!(answer["body"].as_str().unwrap().contains("identity provider"), "{answer}");
    }
}

#[tokio::test]
async fn a_password_survives_a_repeated_tenant_create() {
    let app = TestApp::new().await;
    let mut input = testkit::app::tenant_input("test");
    for member in input["members"].as_array_mut().unwrap() {
        member["password"] = json!("a password from the file");
    }
    app.create_tenant(input).await;
    let session = sign_in(&app, "sam").await;
    assert!(believed(&app, &session.access).await);
    try_login(&app, "sam@test.example", "a password from the file").await.expect(401);
    let bad = json!({"slug": "bad", "name": "B", "members": [{"email": "a@b.example", "name": "A", "role": "admin", "password": "short"}]});
    let error = app.invoke("tenant-create", bad).await.unwrap_err().to_string();
    assert!(error.contains("/members/0/password") && !error.contains("short\""), "{error}");
}

#[tokio::test]
async fn a_secret_is_not_packed_beside_what_was_sent() {
    let app = TestApp::new().await;
    let (email, password) = (app.tenant().email("sam"), app.tenant().password("sam"));
    let body = json!({"email": email, "password": password});
    let answer = app.post(LOGIN, &body).header("accept-encoding", "gzip").send().await.expect(200);
    assert_eq!((answer.header("content-encoding"), answer.header("vary")), (None, None));
    let fault = json!({"email": "x".repeat(3000), "password": "y"});
    let answer = app.post(LOGIN, &fault).header("accept-encoding", "gzip").send().await.expect(400);
    assert_eq!(answer.header("content-encoding"), None);
}
