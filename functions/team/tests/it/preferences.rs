use serde_json::{Value, json};
use testkit::{Method, TestApp};

use crate::support::{pointers, refuses_strangers};
use crate::{audited, member, token_of};

const PREFERENCES: &str = "/api/v1/preferences";

#[tokio::test]
async fn a_member_finds_what_they_have_set() {
    let app = TestApp::new().await;
    let sam = token_of(&app, &member(&app, "sam").await);
    let answer = app.get(PREFERENCES).bearer(&sam).send().await.expect(200);
    let first: Value = answer.json();
    assert_eq!(answer.header("etag"), Some("\"0\""));
    assert_eq!(
        (&first["theme"], &first["columns"], &first["updated_at"]),
        (&json!("system"), &json!({}), &json!(null))
    );
    let leads = json!([{"field": "name", "width": 240}, {"field": "owner"}]);
    let change =
        async |body: Value| -> Value { app.patch(PREFERENCES, &body).bearer(&sam).send().await.expect(200).json() };
    let set =
        change(json!({"theme": "dark", "columns": {"leads": leads, "deals": []}, "defaults": {"board": "x"}})).await;
    assert_eq!((&set["theme"], &set["version"]), (&json!("dark"), &json!(1)));
    let merged = change(json!({"columns": {"deals": null}, "defaults": {"day": 3}})).await;
    assert_eq!((&merged["columns"], &merged["defaults"]), (&json!({"leads": leads}), &json!({"board": "x", "day": 3})));
    assert_eq!(change(json!({"theme": "dark"})).await["version"], 2, "nothing changed");
    let shown: Value = app.get(PREFERENCES).bearer(&sam).send().await.expect(200).json();
    assert_eq!(shown, merged);
    let sophie = token_of(&app, &member(&app, "sophie").await);
    let other: Value = app.get(PREFERENCES).bearer(&sophie).send().await.expect(200).json();
    assert_eq!(other["theme"], "system", "what is set is one's own");
    let lines = app.db().await;
    let lines = lines.query("SELECT action FROM audit_log WHERE record_type = 'preferences' ORDER BY at", &[]).await;
    assert_eq!(lines.unwrap().iter().map(|row| row.get(0)).collect::<Vec<String>>(), ["create", "update"]);
}

#[tokio::test]
async fn the_language_is_the_members_own() {
    let app = TestApp::new().await;
    let sam = member(&app, "sam").await;
    let token = token_of(&app, &sam);
    let set: Value = app.patch(PREFERENCES, &json!({"language": "en"})).bearer(&token).send().await.expect(200).json();
    assert_eq!((&set["language"], &set["version"]), (&json!("en"), &json!(1)));
    let after = member(&app, "sam").await;
    assert_eq!((&after["language"], &after["version"]), (&json!("en"), &json!(2)));
    assert_eq!(audited(&app).await, [("update".to_owned(), Some(sam), Some(after))]);
    let cleared: Value =
        app.patch(PREFERENCES, &json!({"language": null})).bearer(&token).send().await.expect(200).json();
    assert_eq!(cleared["language"], json!(null));
}

#[tokio::test]
async fn refuses_strangers_and_bad_values() {
    let app = TestApp::new().await;
    refuses_strangers(&app, Method::GET, PREFERENCES, None, "team:read").await;
    refuses_strangers(&app, Method::PATCH, PREFERENCES, Some(&json!({"theme": "dark"})), "team:read").await;
    // Who is not in the team has none.
    app.get(PREFERENCES).bearer(&app.token("admin")).send().await.expect(404).problem();
    app.patch(PREFERENCES, &json!({"theme": "dark"})).bearer(&app.token("admin")).send().await.expect(404).problem();
    let sam = token_of(&app, &member(&app, "sam").await);
    let body = json!({"theme": "pink", "language": "fr", "color": 1});
    let mut found = pointers(&app.patch(PREFERENCES, &body).bearer(&sam).send().await.expect(400));
    found.sort_unstable();
    assert_eq!(found, ["/color", "/language", "/theme"]);
    let body = json!({"theme": null, "columns": {"leads": [{"field": "a", "width": 1}]}});
    let refused = app.patch(PREFERENCES, &body).bearer(&sam).send().await.expect(400);
    assert_eq!(pointers(&refused), ["/theme", "/columns/leads/0/width"]);
    let with = |version: &str| {
        app.patch(PREFERENCES, &json!({"theme": "light"})).bearer(&sam).header("if-match", version).send()
    };
    with("\"0\"").await.expect(200);
    with("\"0\"").await.expect(412);
}
