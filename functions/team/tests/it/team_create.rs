use serde_json::{Value, json};
use testkit::{Method, TestApp};

use crate::support::{Board, pointers, refuses_strangers};
use crate::{audited, login, member};

const PATH: &str = "/api/v1/team";

fn lena() -> Value {
    json!({"email": "Lena.Maurer@Test.example", "name": " Lena Maurer ", "role": "sales"})
}

#[tokio::test]
async fn a_list_makes_nobody_and_leaves_no_trace_of_a_password() {
    let app = TestApp::new().await;
    let list = json!(["a@b.example", "N", "viewer", 0, [], null, null, null, false, true, "Ein geheimes Wort 42"]);
    let send = || app.post(PATH, &list).bearer(&app.token("admin")).header("idempotency-key", "list").send();
    let refused = send().await.expect(400).problem();
    assert_eq!((&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]), (&json!(""), &json!("type")));
    send().await.expect(400);
    let kept: i64 = app.db().await.query_one("SELECT count(*) FROM idempotency_keys", &[]).await.unwrap().get(0);
    assert_eq!(kept, 0);
    let made = "SELECT count(*) FROM team_members WHERE email = 'a@b.example'";
    assert_eq!(app.db().await.query_one(made, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn adds_a_member_who_can_sign_in() {
    let app = TestApp::new().await;
    let board = Board::of(&app, app.tenant(), "discovery").await;
    let mut body = lena();
    body["password"] = json!("ein langes Passwort");
    body["capacity"] = json!(7);
    body["pipeline_ids"] = json!([board.pipeline, board.pipeline]);
    body["zone"] = json!("Europe/Vienna");
    body["language"] = json!("en");
    let answer = app.post(PATH, &body).bearer(&app.token("manager")).send().await.expect(201);
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let made: Value = answer.json();
    assert_eq!(answer.header("location"), Some(format!("{PATH}/{}", made["id"].as_str().unwrap()).as_str()));
    for (field, expected) in [
        ("email", json!("lena.maurer@test.example")),
        ("name", json!("Lena Maurer")),
        ("role", json!("sales")),
        ("capacity", json!(7)),
        ("load", json!(0)),
        ("pipeline_ids", json!([board.pipeline])),
        ("zone", json!("Europe/Vienna")),
        ("language", json!("en")),
        ("lead_of_team", json!(false)),
        ("active", json!(true)),
    ] {
        assert_eq!(made[field], expected, "{field}");
    }
    login(&app, "lena.maurer@test.example", "ein langes Passwort").await.expect(200);
    let audit = audited(&app).await;
    assert_eq!((audit.len(), audit[0].0.as_str(), audit[0].2.as_ref()), (1, "create", Some(&made)));
    assert!(!answer_and_logs(&app, &made).contains("langes"), "a password is never shown");
}

fn answer_and_logs(app: &TestApp, made: &Value) -> String {
    format!("{made} {}", app.logs("team-create"))
}

#[tokio::test]
async fn the_same_request_twice_adds_one() {
    let app = TestApp::new().await;
    let ask = || app.post(PATH, &lena()).bearer(&app.token("admin")).header("idempotency-key", "lena").send();
    let first: Value = ask().await.expect(201).json();
    let second: Value = ask().await.expect(201).json();
    assert_eq!(first, second);
    // Without a password nobody signs in.
    login(&app, "lena.maurer@test.example", "").await.expect(401);
}

#[tokio::test]
async fn names_every_fault() {
    let app = TestApp::new().await;
    let check = async |body: Value, expected: &[&str]| {
        let answer = app.post(PATH, &body).bearer(&app.token("admin")).send().await.expect(400);
        let mut found = pointers(&answer);
        found.sort_unstable();
        assert_eq!(found, expected, "{body}");
    };
    check(json!({}), &["/email", "/name", "/role"]).await;
    check(
        json!({"email": "x", "name": " ", "role": "sales", "capacity": -1, "zone": "Mars/Base", "slack_user_id": "",
               "password": "short"}),
        &["/capacity", "/email", "/name", "/password", "/slack_user_id", "/zone"],
    )
    .await;
    check(
        json!({"email": "a@b.example", "name": "A", "role": "boss", "language": "fr", "x": 1}),
        &["/language", "/role", "/x"],
    )
    .await;
    check(json!({"email": "a@b.example", "name": "A\nB", "role": "sales"}), &["/name"]).await;
    for id in ["<!channel>", "@sam", "#general", "u012ab3cd", "U1> <!here"] {
        check(json!({"email": "a@b.example", "name": "A", "role": "sales", "slack_user_id": id}), &["/slack_user_id"])
            .await;
    }
    check(
        json!({"email": "long.address@b.example", "name": "A", "role": "sales", "password": "LONG.ADDRESS@B.example"}),
        &["/password"],
    )
    .await;
    let unknown = json!(["0190a000-0000-7000-8000-000000000001"]);
    check(json!({"email": "a@b.example", "name": "A", "role": "sales", "pipeline_ids": unknown}), &["/pipeline_ids"])
        .await;
    let other = app.new_tenant("other").await;
    let theirs = Board::of(&app, &other, "discovery").await.pipeline;
    check(json!({"email": "a@b.example", "name": "A", "role": "sales", "pipeline_ids": [theirs]}), &["/pipeline_ids"])
        .await;
}

#[tokio::test]
async fn an_address_is_used_once_in_a_tenant() {
    let app = TestApp::new().await;
    let mut body = lena();
    body["email"] = json!("SAM@test.example");
    let refused = app.post(PATH, &body).bearer(&app.token("admin")).send().await.expect(409);
    assert_eq!(refused.problem()["code"], "email_in_use");
    let other = app.new_tenant("other").await;
    app.post(PATH, &body).bearer(&other.token("admin")).send().await.expect(201);
    assert_eq!(member(&app, "sam").await["version"], 1);
}

#[tokio::test]
async fn nobody_makes_somebody_stronger_than_themselves() {
    let app = TestApp::new().await;
    refuses_strangers(&app, Method::POST, PATH, Some(&lena()), "team:write").await;
    app.post(PATH, &lena()).bearer(&app.token("sales")).send().await.expect(403);
    let mut admin = lena();
    admin["role"] = json!("admin");
    app.post(PATH, &admin).bearer(&app.token("manager")).send().await.expect(403).problem();
    app.post(PATH, &admin).bearer(&app.token_with_scopes(&["team:write"])).send().await.expect(403);
    app.post(PATH, &admin).bearer(&app.token("admin")).send().await.expect(201);
}
