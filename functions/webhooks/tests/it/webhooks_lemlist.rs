//! POST /api/v1/webhooks/lemlist/{token}

use serde_json::{Value, json};
use testkit::app::{RequestBuilder, TestApp};
use uuid::Uuid;

fn activity(app: &TestApp, changes: Value) -> Value {
    let mut body = json!({
        "_id": "act_1", "type": "emailsReplied", "leadId": "lea_1", "leadEmail": "erika@beispiel.de", "leadFirstName": "Erika",
        "campaignName": "Labore", "subject": "Hallo", "secret": app.tenant().webhook_secret("lemlist"),
    });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn post<'app>(app: &'app TestApp, token: &str, body: &Value) -> RequestBuilder<'app> {
    app.post(&format!("/api/v1/webhooks/lemlist/{token}"), body)
}

async fn types(app: &TestApp) -> Vec<String> {
    let rows = app.db().await.query("SELECT event_type FROM events ORDER BY 1", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Reason, tenant and body of every inbox row.
async fn inbox(app: &TestApp) -> Vec<(String, Option<Uuid>, String)> {
    let rows = app.db().await.query("SELECT reason, tenant_id, body FROM inbox ORDER BY 1, 3", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

#[tokio::test]
async fn an_activity_becomes_an_event_once() {
    let app = TestApp::new().await;
    let token = app.tenant().webhook_token("lemlist");
    for _ in 0..3 {
        post(&app, &token, &activity(&app, json!({}))).send().await.expect(202);
    }
    post(&app, &token, &activity(&app, json!({"_id": "act_2", "type": "warmed"}))).send().await.expect(202);
    let secret = app.tenant().webhook_secret("lemlist");
    assert!(
        app.sqs().messages("events").iter().all(|message| !message.body.contains(&secret)),
        "the secret is not queued"
    );
    app.drain().await;
    assert_eq!(types(&app).await, ["email_replied", "lemlist_warmed"]);
    let row = app.db().await.query_one("SELECT email, first_name FROM leads", &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("erika@beispiel.de", "Erika"));
    assert_eq!(inbox(&app).await, []);
}

#[tokio::test]
async fn wrong_tokens_and_secrets_are_refused_and_kept_without_the_secret() {
    let app = TestApp::new().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let token = app.tenant().webhook_token("lemlist");
    post(&app, "guess", &activity(&app, json!({"n": 1}))).send().await.expect(401).problem();
    // The token of another source is not lemlist's.
    post(&app, &app.tenant().webhook_token("website"), &activity(&app, json!({"n": 2})))
        .send()
        .await
        .expect(401)
        .problem();
    post(&app, &token, &activity(&app, json!({"n": 3, "secret": "guess"}))).send().await.expect(401).problem();
    let mut none = activity(&app, json!({"n": 4}));
    none.as_object_mut().unwrap().remove("secret");
    post(&app, &token, &none).send().await.expect(401).problem();
    app.drain().await;
    assert_eq!(types(&app).await, [] as [String; 0]);
    let rows = inbox(&app).await;
    let reasons: Vec<_> = rows.iter().map(|(reason, tenant, _)| (reason.as_str(), *tenant)).collect();
    assert_eq!(reasons, [("no_secret", Some(tenant)), ("wrong_secret", Some(tenant))]);
    let strangers = "SELECT deliveries, head FROM stranger_deliveries JOIN stranger_counts USING (id) WHERE source = 'lemlist' AND reason = 'unknown_token'";
    let strangers = app.db().await.query(strangers, &[]).await.unwrap();
    let heads: Vec<String> = strangers.iter().map(|row| row.get(1)).collect();
    assert!(
        heads.len() == 2 && heads.iter().all(|head| head.contains("act_1") && !head.contains("secret")),
        "{heads:?}"
    );
    assert!(rows.iter().all(|(.., body)| body.contains("act_1") && !body.contains("secret")), "{rows:?}");
}

#[tokio::test]
async fn no_secret_is_stored_whatever_the_body_looks_like() {
    let app = TestApp::new().await;
    let path = format!("/api/v1/webhooks/lemlist/{}", app.tenant().webhook_token("lemlist"));
    let secret = app.tenant().webhook_secret("lemlist");
    let bodies = [
        format!(r#"[{{"_id":"act_1","secret":"{secret}"}}]"#),
        format!(r#"{{"_id":"act_1","data":{{"secret":"{secret}"}}}}"#),
        format!(r#"{{"_id":"act_1","Secret":"{secret}"}}"#),
        format!(r#"{{"_id":"act_1","secret":"{secret}"}} and more"#),
        format!("_id=act_1&secret={secret}"),
    ];
    for body in &bodies {
        app.request(testkit::Method::POST, &path).body(body.clone()).send().await.expect(401).problem();
    }
    app.drain().await;
    let rows = inbox(&app).await;
    assert_eq!(rows.len(), bodies.len());
    assert!(rows.iter().all(|(.., body)| body.contains("act_1") && !body.contains(&secret)), "{rows:?}");
    // Behind a byte order mark it is the secret all the same.
    let marked = format!("\u{feff}{}", activity(&app, json!({})));
    app.request(testkit::Method::POST, &path).body(marked).send().await.expect(202);
    app.drain().await;
    assert_eq!(types(&app).await, ["email_replied"]);
}

#[tokio::test]
async fn what_is_not_understood_is_taken_and_kept() {
    let app = TestApp::new().await;
    let token = app.tenant().webhook_token("lemlist");
    for (n, changes) in
        [json!({"type": "emailsTeleported"}), json!({"_id": null}), json!({"createdAt": "1999-01-01T00:00:00Z"})]
            .into_iter()
            .enumerate()
    {
        let mut body = activity(&app, changes);
        body["n"] = json!(n);
        post(&app, &token, &body).send().await.expect(202);
    }
    // About lemlist itself: known, and nobody did it.
    post(&app, &token, &activity(&app, json!({"type": "campaignComplete"}))).send().await.expect(202);
    app.drain().await;
    let reasons: Vec<_> = inbox(&app).await.into_iter().map(|(reason, ..)| reason).collect();
    assert_eq!(reasons, ["invalid", "unknown_shape", "unknown_type"]);
    assert_eq!(types(&app).await, [] as [String; 0]);
}

#[tokio::test]
async fn the_database_down_loses_nothing() {
    let app = TestApp::new().await;
    let token = app.tenant().webhook_token("lemlist");
    app.database_down();
    post(&app, &token, &activity(&app, json!({}))).send().await.expect(202);
    post(&app, &token, &activity(&app, json!({"secret": "guess"}))).send().await.expect(202);
    app.database_up();
    app.drain().await;
    // The secret was gone from the body by then; its hash was not.
    assert_eq!(types(&app).await, ["email_replied"]);
    assert_eq!(inbox(&app).await[0].0, "wrong_secret");
}

#[tokio::test]
async fn a_source_without_a_secret_takes_nothing_until_it_has_one() {
    let app = TestApp::new().await;
    let token = app.tenant().webhook_token("lemlist");
    app.db().await.execute("UPDATE webhook_sources SET secret = NULL", &[]).await.unwrap();
    post(&app, &token, &activity(&app, json!({}))).send().await.expect(401).problem();
    app.drain().await;
    app.create_tenant(testkit::app::tenant_input("test")).await;
    let id: Uuid = app.db().await.query_one("SELECT id FROM inbox", &[]).await.unwrap().get(0);
    app.post("/api/v1/inbox/replay", &json!({"ids": [id]})).bearer(&app.token("admin")).send().await.expect(200);
    app.drain().await;
    assert_eq!(types(&app).await, ["email_replied"]);
}

#[tokio::test]
async fn the_queue_down_leaves_it_with_the_sender() {
    let app = TestApp::new().await;
    app.sqs().down(true);
    let token = app.tenant().webhook_token("lemlist");
    let answer = post(&app, &token, &activity(&app, json!({}))).send().await.expect(503);
    assert!(answer.header("retry-after").is_some());
    app.sqs().down(false);
}
