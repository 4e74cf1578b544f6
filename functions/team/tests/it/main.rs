//! The team, tested as the deployed executables.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends in a panic that says where")]

mod changes;
mod home;
mod notifications;
mod preferences;
mod saved_views;
mod settings;
mod team_create;
mod team_get;
mod team_list;
mod team_passwords;
mod team_update;

use serde_json::Value;
use testkit::TestApp;
use testkit::keys::Token;

/// The member of the first tenant with this name, as the API shows them.
async fn member(app: &TestApp, name: &str) -> Value {
    let path = format!("/api/v1/team?q={name}@");
    let list: Value = app.get(&path).bearer(&app.token("viewer")).send().await.expect(200).json();
    let found = list["data"].as_array().unwrap().iter().find(|member| member["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {list}")).clone()
}

fn path(member: &Value) -> String {
    format!("/api/v1/team/{}", member["id"].as_str().unwrap())
}

/// A token as this member has it.
fn token_of(app: &TestApp, member: &Value) -> String {
    Token::new(&app.tenant().id).role(member["role"].as_str().unwrap()).claim("sub", member["id"].clone()).sign()
}

/// (action, before, after) of what was written of members, oldest first.
async fn audited(app: &TestApp) -> Vec<(String, Option<Value>, Option<Value>)> {
    let statement = "SELECT action, before, after FROM audit_log WHERE record_type = 'member' AND actor_kind <> 'machine' ORDER BY at, id";
    let rows = app.db().await.query(statement, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

/// Signs somebody in; the answer's status.
async fn login(app: &TestApp, email: &str, password: &str) -> testkit::Response {
    app.post("/api/v1/auth/login", &serde_json::json!({"email": email, "password": password})).send().await
}

use testkit::sales as support;
