//! Invitations and forgotten passwords, from the request to the password that is set, through the worker and a relay.

use serde_json::{Value, json};
use testkit::app::{Response, TestApp};
use testkit::fakes::smtp::{Fault, Mail};
use uuid::Uuid;

use crate::support::{believed, member_id, sign_in, try_login};

const FORGOT: &str = "/api/v1/auth/forgot";
const RESET: &str = "/api/v1/auth/reset";
const INVITE: &str = "/api/v1/auth/invite";
const ACCEPT: &str = "/api/v1/auth/accept-invite";

const NEW: &str = "drei kleine Katzen im Regen";

async fn forgot(app: &TestApp, email: &str) -> Response {
    app.post(FORGOT, &json!({"email": email})).send().await
}

async fn set(app: &TestApp, path: &str, token: &str, password: &str) -> Response {
    app.post(path, &json!({"token": token, "password": password})).send().await
}

/// The token of the link in a mail.
fn token(mail: &Mail) -> String {
    let text = mail.text();
    let link = text.lines().find(|line| line.starts_with("http")).unwrap_or_else(|| panic!("no link in {text}"));
    link.split_once('#').unwrap().1.to_owned()
}

/// A member without a password.
async fn newcomer(app: &TestApp) -> (Uuid, String) {
    let body = json!({"email": "neu@x.example", "name": "Änne Neu", "role": "sales"});
    let made: Value = app.post("/api/v1/team", &body).bearer(&app.token("admin")).send().await.expect(201).json();
    (made["id"].as_str().unwrap().parse().unwrap(), "neu@x.example".to_owned())
}

async fn invite(app: &TestApp, member: Uuid) -> Response {
    app.post(INVITE, &json!({"member_id": member})).bearer(&app.token("admin")).send().await
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_once() {
    let app = TestApp::new().await;
    let email = app.tenant().email("sam");
    let session = sign_in(&app, "sam").await;

    let known = forgot(&app, &format!(" {} ", email.to_uppercase())).await.expect(202);
    let unknown = forgot(&app, "nobody@x.example").await.expect(202);
    assert_eq!(known.json::<Value>(), unknown.json::<Value>());
    assert_eq!(known.json::<Value>(), json!({"expires_in": 3600}));
    app.deliver("mails").await;

    let mails = app.smtp().mails();
    let [mail] = mails.as_slice() else { panic!("one mail: {mails:?}") };
    assert_eq!(mail.to, email);
    assert_eq!(mail.header("auto-submitted").as_deref(), Some("auto-generated"));
    assert!(mail.header("message-id").is_some_and(|id| id.starts_with("<account-")), "{}", mail.raw);
    assert!(mail.text().contains("/reset-password#") && mail.text().contains("Hallo sam"), "{}", mail.text());
    let token = token(mail);
    let kept = "SELECT count(*) FROM account_mails WHERE encode(token_hash, 'escape') LIKE '%' || $1 || '%' OR status <> 'sent'";
    assert_eq!(app.db().await.query_one(kept, &[&token]).await.unwrap().get::<_, i64>(0), 0);

    let weak = set(&app, RESET, &token, "kurz").await.expect(400);
    assert_eq!(weak.problem()["errors"][0]["pointer"], "/password");
    set(&app, ACCEPT, &token, NEW).await.expect(400);
    let done: Value = set(&app, RESET, &token, NEW).await.expect(200).json();
    assert_eq!(done, json!({"email": email, "tenant": app.tenant().slug}));
    assert!(!believed(&app, &session.access).await, "signed out everywhere");
    try_login(&app, &email, &app.tenant().password("sam")).await.expect(401);
    try_login(&app, &email, NEW).await.expect(200);

    let again = set(&app, RESET, &token, "noch ein anderes Passwort").await.expect(400);
    assert_eq!(again.problem()["errors"][0]["pointer"], "/token");
    let noted = "SELECT count(*) FROM audit_log WHERE action = 'reset_password' AND actor = $1 AND record_id = $1";
    let sam = member_id(&app, "sam").await.to_string();
    assert_eq!(app.db().await.query_one(noted, &[&sam]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn an_invitation_sets_the_first_password() {
    let app = TestApp::new().await;
    let (member, email) = newcomer(&app).await;
    invite(&app, member).await.expect(202);
    invite(&app, member).await.expect(202);
    app.deliver("mails").await;
    let mails = app.smtp().mails();
    assert_eq!(mails.len(), 2);
    assert!(
        mails[0].text().contains("Hallo Änne Neu") && mails[0].text().contains("/accept-invite#"),
        "{}",
        mails[0].text()
    );
    let tokens: Vec<String> = mails.iter().map(token).collect();
    set(&app, RESET, &tokens[0], NEW).await.expect(400);
    set(&app, ACCEPT, &tokens[1], NEW).await.expect(200);
    try_login(&app, &email, NEW).await.expect(200);
    // The other one is used up with it, and there is nothing to invite to any more.
    set(&app, ACCEPT, &tokens[0], "wieder etwas anderes").await.expect(400);
    let refused = invite(&app, member).await.expect(409);
    assert_eq!(refused.problem()["code"], "has_password");
    let noted = "SELECT action FROM audit_log WHERE record_id = $1 ORDER BY at, id";
    let rows = app.db().await.query(noted, &[&member.to_string()]).await.unwrap();
    let actions: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(actions, ["create", "invite", "invite", "accept_invite"]);
}

#[tokio::test]
async fn who_may_not_is_not_invited_and_invites_nobody() {
    let app = TestApp::new().await;
    let (member, _) = newcomer(&app).await;
    let body = json!({"member_id": member});
    app.post(INVITE, &body).send().await.expect(401);
    app.post(INVITE, &body).bearer(&app.token("sales")).send().await.expect(403);
    app.post(INVITE, &json!({"member_id": Uuid::nil()})).bearer(&app.token("admin")).send().await.expect(400);
    let other = app.new_tenant("other").await;
    app.post(INVITE, &body).bearer(&other.token("admin")).send().await.expect(400);
    let admin = json!({"email": "chef@x.example", "name": "Chef", "role": "admin"});
    let made: Value = app.post("/api/v1/team", &admin).bearer(&app.token("admin")).send().await.expect(201).json();
    let body = json!({"member_id": made["id"]});
    app.post(INVITE, &body).bearer(&app.token("manager")).send().await.expect(403);
    app.db().await.execute("UPDATE team_members SET active = false WHERE id = $1", &[&member]).await.unwrap();
    let refused = invite(&app, member).await.expect(409);
    assert_eq!(refused.problem()["code"], "inactive");
}

#[tokio::test]
async fn a_link_ends_after_an_hour_and_with_the_account() {
    let app = TestApp::new().await;
    let email = app.tenant().email("sam");
    for change in [
        "UPDATE account_mails SET expires_at = now() - interval '1 second'",
        "UPDATE team_members SET active = false WHERE name = 'sam'",
    ] {
        app.db().await.batch_execute("UPDATE team_members SET active = true").await.unwrap();
        forgot(&app, &email).await.expect(202);
        app.deliver("mails").await;
        let token = token(app.smtp().mails().last().unwrap());
        app.db().await.batch_execute(change).await.unwrap();
        set(&app, RESET, &token, NEW).await.expect(400);
    }
    set(&app, RESET, "made-up", NEW).await.expect(400);
    let left =
        "SELECT extract(epoch FROM max(expires_at - created_at))::int8 FROM account_mails WHERE expires_at > now()";
    assert_eq!(app.db().await.query_one(left, &[]).await.unwrap().get::<_, Option<i64>>(0), Some(3600));
}

#[tokio::test]
async fn what_was_surely_not_sent_is_tried_again_and_what_perhaps_was_is_not() {
    let app = TestApp::new().await;
    let email = app.tenant().email("sam");
    app.smtp().next(Fault::Recipient("451 4.7.1 greylisted".to_owned()));
    forgot(&app, &email).await.expect(202);
    app.deliver("mails").await;
    assert_eq!(app.smtp().mails().len(), 0);
    let standing = async || -> (String, Option<String>) {
        let statement = "SELECT status, reason FROM account_mails ORDER BY created_at DESC LIMIT 1";
        let row = app.db().await.query_one(statement, &[]).await.unwrap();
        (row.get(0), row.get(1))
    };
    assert_eq!(standing().await.0, "pending");
    app.allow_leftovers();

    app.smtp().next(Fault::Silence);
    forgot(&app, &email).await.expect(202);
    app.deliver("mails").await;
    assert_eq!(standing().await.0, "unknown");
    app.smtp().next(Fault::Recipient("550 5.1.1 no such user".to_owned()));
    forgot(&app, &email).await.expect(202);
    app.deliver("mails").await;
    assert_eq!(standing().await.0, "failed");
}

#[tokio::test]
async fn nobody_is_flooded() {
    let app = TestApp::new().await;
    let email = app.tenant().email("sam");
    for n in 0..6 {
        let body = json!({"email": email});
        app.post(FORGOT, &body).source_ip(&format!("203.0.113.{n}")).send().await.expect(202);
    }
    app.deliver("mails").await;
    assert_eq!(app.smtp().mails().len(), 5);
    // From one address.
    for _ in 0..6 {
        app.post(FORGOT, &json!({"email": "x@x.example"})).send().await.expect(202);
    }
    app.post(FORGOT, &json!({"email": "x@x.example"})).send().await.expect(429);
    app.deliver("mails").await;
}

#[tokio::test]
async fn pages_of_others_ask_for_nothing() {
    let app = TestApp::new().await;
    let body = json!({"email": app.tenant().email("sam")});
    app.post(FORGOT, &body).header("origin", "https://evil.example").send().await.expect(403);
    app.post(FORGOT, &json!({"email": "no address"})).send().await.expect(400);
    app.post(FORGOT, &json!({"email": "a@b.example", "x": 1})).send().await.expect(400);
}
