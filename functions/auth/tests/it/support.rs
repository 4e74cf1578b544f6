//! Somebody with a browser: signs in, keeps the cookie, shows the access token.

use serde_json::{Value, json};
use testkit::{Response, TestApp};
use uuid::Uuid;

pub const LOGIN: &str = "/api/v1/auth/login";
pub const REFRESH: &str = "/api/v1/auth/refresh";
pub const LOGOUT: &str = "/api/v1/auth/logout";
pub const ME: &str = "/api/v1/auth/me";

/// A pair of tokens as a browser holds it.
#[derive(Debug, Clone)]
pub struct Session {
    pub access: String,
    /// `lotse_refresh=…`
    pub cookie: String,
}

impl Session {
    pub fn of(response: &Response) -> Self {
        let body: Value = response.json();
        let [cookie] = response.cookies.as_slice() else { panic!("one cookie: {:?}", response.cookies) };
        Self {
            access: body["access_token"].as_str().unwrap().to_owned(),
            cookie: cookie.split(';').next().unwrap().to_owned(),
        }
    }
}

/// Tries a password from the usual address.
pub async fn try_login(app: &TestApp, email: &str, password: &str) -> Response {
    app.post(LOGIN, &json!({"email": email, "password": password})).send().await
}

/// Signs a member of the first tenant in.
pub async fn sign_in(app: &TestApp, member: &str) -> Session {
    let tenant = app.tenant();
    Session::of(&try_login(app, &tenant.email(member), &tenant.password(member)).await.expect(200))
}

pub async fn refresh(app: &TestApp, cookie: &str) -> Response {
    app.post(REFRESH, &json!({})).header("cookie", cookie).send().await
}

/// Whether an access token is believed.
pub async fn believed(app: &TestApp, access: &str) -> bool {
    match app.get(ME).bearer(access).send().await.status {
        200 => true,
        401 => false,
        other => panic!("unexpected status {other}"),
    }
}

pub async fn member_id(app: &TestApp, name: &str) -> Uuid {
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let statement = "SELECT id FROM team_members WHERE tenant_id = $1 AND name = $2";
    app.db().await.query_one(statement, &[&tenant, &name]).await.unwrap().get(0)
}

/// What the audit log says of sessions, oldest first: (action, actor).
pub async fn audited(app: &TestApp) -> Vec<(String, String)> {
    let statement = "SELECT action, actor FROM audit_log WHERE record_type = 'session' ORDER BY at, id";
    let rows = app.db().await.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

pub async fn run(app: &TestApp, statement: &str) {
    app.db().await.batch_execute(statement).await.unwrap();
}
