use serde_json::json;
use testkit::keys::Token;
use testkit::{Response, TestApp};

use crate::support::{LOGOUT, Session, audited, believed, member_id, refresh, run, sign_in};

async fn sign_out(app: &TestApp, cookie: &str) -> Response {
    app.post(LOGOUT, &json!({})).header("cookie", cookie).send().await
}

#[tokio::test]
async fn everything_of_the_session_ends() {
    let app = TestApp::new().await;
    let other = sign_in(&app, "sam").await;
    let first = sign_in(&app, "sam").await;
    let second = Session::of(&refresh(&app, &first.cookie).await.expect(200));
    let answer = sign_out(&app, &second.cookie).await.expect(204);
    let [cleared] = answer.cookies.as_slice() else { panic!("{:?}", answer.cookies) };
    assert!(cleared.starts_with("lotse_refresh=;") && cleared.contains("Max-Age=0"), "{cleared}");
    assert!(cleared.contains("Path=/api/v1/auth"), "else the browser keeps the other one: {cleared}");
    assert!(answer.body.is_empty());
    refresh(&app, &second.cookie).await.expect(401);
    assert!(!believed(&app, &first.access).await && !believed(&app, &second.access).await);
    assert!(believed(&app, &other.access).await, "only this session");
    let sam = member_id(&app, "sam").await.to_string();
    let actions = audited(&app).await;
    assert_eq!(actions.last(), Some(&("sign_out".to_owned(), sam)));

    sign_out(&app, &second.cookie).await.expect(204);
    assert_eq!(audited(&app).await, actions, "the second time nothing happens");
}

#[tokio::test]
async fn without_a_session_there_is_nothing_to_do() {
    let app = TestApp::new().await;
    app.post(LOGOUT, &json!({})).send().await.expect(204);
    sign_out(&app, "lotse_refresh=nonsense").await.expect(204);
}

#[tokio::test]
async fn an_access_token_is_revoked_with_its_session() {
    let app = TestApp::new().await;
    let (session, other) = (sign_in(&app, "sam").await, sign_in(&app, "sam").await);
    let bearer = |token: &str| app.post(LOGOUT, &json!({})).bearer(token).send();
    bearer(&session.access).await.expect(204);
    assert!(!believed(&app, &session.access).await);
    refresh(&app, &session.cookie).await.expect(401);
    assert!(believed(&app, &other.access).await, "only this session");
    let sam = member_id(&app, "sam").await.to_string();
    let actions = audited(&app).await;
    assert_eq!(actions.last(), Some(&("sign_out".to_owned(), sam)));
    bearer(&session.access).await.expect(204);
    assert_eq!(audited(&app).await, actions, "the second time nothing happens");

    // One that an identity provider signed has no session here.
    let foreign = Token::new(&app.tenant().id).role("sales").claim("sub", json!("someone")).sign();
    assert!(believed(&app, &foreign).await);
    bearer(&foreign).await.expect(204);
    assert!(!believed(&app, &foreign).await);
    assert_eq!(audited(&app).await.last(), Some(&("sign_out".to_owned(), "someone".to_owned())));
    let kept = "SELECT count(*) FROM revoked_tokens WHERE expires_at > now()";
    let kept: i64 = app.db().await.query_one(kept, &[]).await.unwrap().get(0);
    assert_eq!(kept, 2, "as long as they would be believed");
    // What is not believed names no session.
    let expired = Token::new(&app.tenant().id).role("sales").expired(std::time::Duration::from_secs(3600)).sign();
    for token in ["nonsense", &expired] {
        bearer(token).await.expect(204);
    }
}

#[tokio::test]
async fn signing_out_is_noted_with_the_end_of_the_session_or_not_at_all() {
    let app = TestApp::new().await;
    let session = sign_in(&app, "sam").await;
    run(&app, "ALTER TABLE audit_log ADD CONSTRAINT closed CHECK (action <> 'sign_out') NOT VALID").await;
    sign_out(&app, &session.cookie).await.expect(500);
    assert!(believed(&app, &session.access).await);
    run(&app, "ALTER TABLE audit_log DROP CONSTRAINT closed").await;
    // Also for a tenant that was switched off meanwhile.
    run(&app, "UPDATE tenants SET active = false").await;
    let answer = sign_out(&app, &session.cookie).await.expect(204);
    assert!(answer.cookies[0].contains("Max-Age=0"), "{:?}", answer.cookies);
    assert_eq!(audited(&app).await.last().unwrap().0, "sign_out");
}

#[tokio::test]
async fn another_site_cannot_sign_anybody_out() {
    let app = TestApp::new().await;
    let session = sign_in(&app, "sam").await;
    let foreign =
        app.post(LOGOUT, &json!({})).header("cookie", &session.cookie).header("origin", "https://evil.example");
    foreign.send().await.expect(403).problem();
    let form = app.request(testkit::Method::POST, LOGOUT).header("cookie", &session.cookie);
    form.header("content-type", "text/plain").body("{}").send().await.expect(400).problem();
    assert!(believed(&app, &session.access).await);
    app.post(LOGOUT, &json!({"all": true})).header("cookie", &session.cookie).send().await.expect(400);
    refresh(&app, &session.cookie).await.expect(200);
}
