//! Passwords by way of the team: who may set whose, and what ends with it.

use serde_json::{Value, json};
use testkit::{Response, TestApp};

use crate::support::pointers;
use crate::{audited, login, member, path};

const NEW: &str = "ganz ein neues Passwort";

/// (access token, cookie) of a new session.
async fn sign_in(app: &TestApp, name: &str) -> (String, String) {
    let answer = login(app, &app.tenant().email(name), &app.tenant().password(name)).await.expect(200);
    let body: Value = answer.json();
    let cookie = answer.cookies[0].split(';').next().unwrap().to_owned();
    (body["access_token"].as_str().unwrap().to_owned(), cookie)
}

async fn change(app: &TestApp, name: &str, body: Value, token: &str) -> Response {
    let target = member(app, name).await;
    app.patch(&path(&target), &body).bearer(token).send().await
}

async fn refresh(app: &TestApp, cookie: &str) -> u16 {
    app.post("/api/v1/auth/refresh", &json!({})).header("cookie", cookie).send().await.status
}

#[tokio::test]
async fn ones_own_with_the_present_one() {
    let app = TestApp::new().await;
    let (here, cookie_here) = sign_in(&app, "sam").await;
    let (there, cookie_there) = sign_in(&app, "sam").await;
    let present = app.tenant().password("sam");
    let missing = change(&app, "sam", json!({"password": NEW}), &here).await.expect(400);
    assert_eq!(pointers(&missing), ["/current_password"]);
    let wrong =
        change(&app, "sam", json!({"password": NEW, "current_password": "not this one"}), &here).await.expect(400);
    assert_eq!(pointers(&wrong), ["/current_password"]);
    change(&app, "sam", json!({"password": NEW, "current_password": present}), &here).await.expect(200);
    login(&app, "sam@test.example", NEW).await.expect(200);
    login(&app, "sam@test.example", &present).await.expect(401);
    // Whoever else was signed in as sam no longer is.
    app.get("/api/v1/team").bearer(&here).send().await.expect(200);
    app.get("/api/v1/team").bearer(&there).send().await.expect(401);
    assert_eq!((refresh(&app, &cookie_here).await, refresh(&app, &cookie_there).await), (200, 401));
    let audit = audited(&app).await;
    assert_eq!((audit.len(), &audit[0].2.as_ref().unwrap()["password"]), (1, &json!("changed")));
    let log = app.logs("team-update");
    assert!(!log.contains(NEW) && !log.contains(&present), "{log}");
}

#[tokio::test]
async fn guesses_at_the_present_one_count() {
    let app = TestApp::new().await;
    let (token, _) = sign_in(&app, "sam").await;
    let guess = json!({"password": NEW, "current_password": "not this one"});
    // As at signing in: some guesses are free, and then also the right one has to wait.
    let mut answers = Vec::new();
    while answers.last() != Some(&429) && answers.len() < 10 {
        answers.push(change(&app, "sam", guess.clone(), &token).await.status);
    }
    assert!(answers.len() > 5 && answers.ends_with(&[400, 429]), "{answers:?}");
    let right = json!({"password": NEW, "current_password": app.tenant().password("sam")});
    change(&app, "sam", right, &token).await.expect(429);
    // They are guesses at the account, by whichever way: signing in has to wait as well.
    let login = json!({"email": "sam@test.example", "password": "not this one", "tenant": "test"});
    app.post("/api/v1/auth/login", &login).send().await.expect(429);
    assert_eq!(audited(&app).await.len(), 0);
}

#[tokio::test]
async fn a_lost_update_costs_no_guess() {
    let app = TestApp::new().await;
    let (token, _) = sign_in(&app, "sam").await;
    let attempts = async || -> f64 {
        let sum = "SELECT sum(tokens) FROM sign_in_attempts";
        app.db().await.query_one(sum, &[]).await.unwrap().get(0)
    };
    let before = attempts().await;
    let target = member(&app, "sam").await;
    let guess = json!({"password": NEW, "current_password": "not this one"});
    let stale = app.patch(&path(&target), &guess).bearer(&token).header("if-match", "\"9\"").send().await;
    assert_eq!(stale.expect(412).problem()["current_version"], 1);
    assert_eq!(attempts().await.to_bits(), before.to_bits());
}

#[tokio::test]
async fn an_administrator_sets_another_one() {
    let app = TestApp::new().await;
    let (token, cookie) = sign_in(&app, "sam").await;
    change(&app, "sam", json!({"password": NEW}), &app.token("admin")).await.expect(200);
    login(&app, "sam@test.example", NEW).await.expect(200);
    app.get("/api/v1/team").bearer(&token).send().await.expect(401);
    assert_eq!(refresh(&app, &cookie).await, 401);
    // Also their own only with the present one.
    let (ada, _) = sign_in(&app, "ada").await;
    change(&app, "ada", json!({"password": NEW}), &ada).await.expect(400);
}

#[tokio::test]
async fn who_is_deactivated_is_out_at_once() {
    let app = TestApp::new().await;
    let (token, cookie) = sign_in(&app, "sam").await;
    change(&app, "sam", json!({"active": false}), &app.token("admin")).await.expect(200);
    app.get("/api/v1/team").bearer(&token).send().await.expect(401);
    assert_eq!(refresh(&app, &cookie).await, 401);
    login(&app, "sam@test.example", &app.tenant().password("sam")).await.expect(401);
    change(&app, "sam", json!({"active": true}), &app.token("admin")).await.expect(200);
    assert_eq!(refresh(&app, &cookie).await, 401, "what has ended does not come back");
    sign_in(&app, "sam").await;
}

#[tokio::test]
async fn who_loses_a_role_cannot_take_it_back() {
    let app = TestApp::new().await;
    change(&app, "sam", json!({"role": "admin"}), &app.token("admin")).await.expect(200);
    let (token, cookie) = sign_in(&app, "sam").await;
    app.get("/api/v1/team").bearer(&token).send().await.expect(200);
    change(&app, "sam", json!({"role": "viewer"}), &app.token("admin")).await.expect(200);
    // What they could do is over at once; the session is not.
    change(&app, "sam", json!({"role": "admin"}), &token).await.expect(401);
    let answer = app.post("/api/v1/auth/refresh", &json!({})).header("cookie", &cookie).send().await.expect(200);
    let body: Value = answer.json();
    let token = body["access_token"].as_str().unwrap();
    app.get("/api/v1/team").bearer(token).send().await.expect(200);
    change(&app, "sam", json!({"role": "admin"}), token).await.expect(403);
    assert_eq!(member(&app, "sam").await["role"], "viewer");
    // Other changes leave tokens alone.
    change(&app, "sam", json!({"capacity": 3}), &app.token("admin")).await.expect(200);
    app.get("/api/v1/team").bearer(token).send().await.expect(200);
}

#[tokio::test]
async fn another_address_signs_in_with_the_same_password() {
    let app = TestApp::new().await;
    let (token, _) = sign_in(&app, "sam").await;
    change(&app, "sam", json!({"email": "neu@test.example"}), &app.token("admin")).await.expect(200);
    let password = app.tenant().password("sam");
    login(&app, "neu@test.example", &password).await.expect(200);
    login(&app, "sam@test.example", &password).await.expect(401);
    app.get("/api/v1/team").bearer(&token).send().await.expect(200);
}
