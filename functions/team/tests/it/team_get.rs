use serde_json::{Value, json};
use testkit::{Method, TestApp};

use crate::support::refuses_strangers;
use crate::{member, path};

#[tokio::test]
async fn shows_a_member() {
    let app = TestApp::new().await;
    let mia = member(&app, "mia").await;
    let answer = app.get(&path(&mia)).bearer(&app.token("viewer")).send().await.expect(200);
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let shown: Value = answer.json();
    assert_eq!(shown, mia);
    assert_eq!((&shown["role"], &shown["lead_of_team"]), (&json!("manager"), &json!(true)));
}

#[tokio::test]
async fn refuses_strangers_and_what_is_not_there() {
    let app = TestApp::new().await;
    let mia = member(&app, "mia").await;
    refuses_strangers(&app, Method::GET, &path(&mia), None, "team:read").await;
    let other = app.new_tenant("other").await;
    app.get(&path(&mia)).bearer(&other.token("admin")).send().await.expect(404).problem();
    for id in ["0190a000-0000-7000-8000-000000000001", "nonsense"] {
        app.get(&format!("/api/v1/team/{id}")).bearer(&app.token("admin")).send().await.expect(404).problem();
    }
}
