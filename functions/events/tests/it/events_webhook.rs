//! POST /api/v1/events/webhook

use serde_json::{Value, json};
use testkit::app::{RequestBuilder, TestApp, tenant_input};
use testkit::keys::{epoch_seconds, signature};
use testkit::{Method, Tenant};
use uuid::Uuid;

const PATH: &str = "/api/v1/events/webhook";

fn body() -> String {
    json!({"event_type": "pricing_viewed", "source": "partner", "external_id": "pv-1", "lead_identifier": {"email": "a@b.de"}})
        .to_string()
}

fn post<'app>(app: &'app TestApp, token: &str, secret: &str, timestamp: u64, body: &str) -> RequestBuilder<'app> {
    let timestamp = timestamp.to_string();
    app.request(Method::POST, PATH)
        .header("x-source", "partner")
        .header("x-webhook-token", token)
        .header("x-timestamp", &timestamp)
        .header("x-signature", &signature(secret, &timestamp, body.as_bytes()))
        .header("cookie", "session=private")
        .body(body.to_owned())
}

/// As the partner sends it.
fn good<'app>(app: &'app TestApp, tenant: &Tenant, body: &str) -> RequestBuilder<'app> {
    post(app, &tenant.webhook_token("partner"), &tenant.webhook_secret("partner"), epoch_seconds(), body)
}

async fn stored(app: &TestApp) -> i64 {
    app.db().await.query_one("SELECT count(*) FROM events", &[]).await.unwrap().get(0)
}

/// Reason and tenant of every inbox row, sorted.
async fn inbox(app: &TestApp) -> Vec<(String, Option<Uuid>)> {
    let rows = app.db().await.query("SELECT reason, tenant_id FROM inbox ORDER BY 1, 2", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn id(tenant: &Tenant) -> Option<Uuid> {
    Some(tenant.id.parse().unwrap())
}

#[tokio::test]
async fn a_signed_event() {
    let app = TestApp::new().await;
    let reply: Value = good(&app, app.tenant(), &body()).send().await.expect(202).json();
    assert_eq!(reply["status"], "accepted");
    assert!(!app.sqs().messages("events")[0].body.contains("private"), "cookies are not kept");
    app.drain().await;
    let row = app.db().await.query_one("SELECT id, source, external_id FROM events", &[]).await.unwrap();
    // The receipt is the event's id, and repeated processing cannot give another.
    assert_eq!(row.get::<_, Uuid>(0).to_string(), reply["id"].as_str().unwrap());
    assert_eq!((row.get(1), row.get(2)), ("partner", "pv-1"));
    assert_eq!(inbox(&app).await, []);
}

#[tokio::test]
async fn an_array_processed_again_and_again_counts_once() {
    let app = TestApp::new().await;
    app.redeliver(7, 4);
    let events: Vec<Value> = (0..20)
        .map(|n| json!({"event_type": "page_visited", "lead_identifier": {"email": format!("p{n}@b.de")}}))
        .collect();
    good(&app, app.tenant(), &json!(events).to_string()).send().await.expect(202);
    app.drain().await;
    assert_eq!(stored(&app).await, 20);
}

#[tokio::test]
async fn what_is_not_believed_is_refused_and_kept() {
    let app = TestApp::new().await;
    let tenant = app.tenant();
    let (token, secret, now) = (tenant.webhook_token("partner"), tenant.webhook_secret("partner"), epoch_seconds());
    post(&app, &token, "wrong", now, &body()).send().await.expect(401).problem();
    post(&app, &token, &secret, now - 400, &body()).send().await.expect(401).problem();
    post(&app, &token, &secret, now + 400, &body()).send().await.expect(401).problem();
    good(&app, tenant, &body()).header("x-signature", "tail").send().await.expect(401).problem();
    post(&app, "unknown-token", &secret, now, &body()).send().await.expect(401).problem();
    let bare = || app.request(Method::POST, PATH).body(body());
    bare().send().await.expect(401).problem();
    let claimed = || bare().header("x-source", "partner").header("x-webhook-token", &token);
    claimed().send().await.expect(401).problem();
    claimed().header("x-signature", "00").send().await.expect(401).problem();
    // Another tenant's secret does not fit this tenant's token.
    let other = app.new_tenant("other").await;
    post(&app, &token, &other.webhook_secret("partner"), now, &body()).send().await.expect(401).problem();
    app.drain().await;
    assert_eq!(stored(&app).await, 0);
    let expected = [
        ("bad_signature", id(tenant)),
        ("bad_signature", id(tenant)),
        ("bad_signature", id(tenant)),
        ("no_signature", id(tenant)),
        ("no_timestamp", id(tenant)),
        ("stale_timestamp", id(tenant)),
        ("stale_timestamp", id(tenant)),
    ];
    assert_eq!(inbox(&app).await, expected.map(|(reason, tenant)| (reason.to_owned(), tenant)));
    let kept: String = app.db().await.query_one("SELECT body FROM inbox LIMIT 1", &[]).await.unwrap().get(0);
    assert_eq!(kept, body());
    // What belongs to nobody is counted.
    let strangers = "SELECT source, reason, deliveries, bytes, head FROM stranger_deliveries JOIN stranger_counts USING (id) ORDER BY reason";
    let strangers = app.db().await.query(strangers, &[]).await.unwrap();
    let strangers: Vec<(String, String, i32, i64, String)> =
        strangers.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))).collect();
    let bytes = i64::try_from(body().len()).unwrap();
    let expected = [("unknown", "no_token"), ("partner", "unknown_token")];
    assert_eq!(strangers, expected.map(|(source, reason)| (source.to_owned(), reason.to_owned(), 1, bytes, body())));
}

#[tokio::test]
async fn what_is_not_understood_is_taken_and_kept() {
    let app = TestApp::new().await;
    for body in
        ["no json", "[]", r#"{"event_type":"Bad Name","lead_identifier":{"email":"a@b.de"}}"#, r#"{"source":"portal"}"#]
    {
        good(&app, app.tenant(), body).send().await.expect(202);
    }
    app.drain().await;
    let reasons: Vec<String> = inbox(&app).await.into_iter().map(|(reason, _)| reason).collect();
    assert_eq!(reasons, ["empty", "invalid", "invalid", "malformed"]);
    assert!(inbox(&app).await.iter().all(|(_, tenant)| *tenant == id(app.tenant())));
}

/// The secret of a round.
fn turned(round: &str) -> String {
    format!("{round}-secret-0123456789abcdef-0123456789")
}

#[tokio::test]
async fn of_a_mixed_delivery_the_good_half_is_stored_and_each_bad_event_is_put_aside_alone() {
    let app = TestApp::new().await;
    let event = |n: usize, more: &str| {
        let head = format!(r#""event_type":"page_visited","external_id":"{n}","lead_identifier":{{"email":"a@b.de"}}"#);
        format!("{{{head}{more}}}")
    };
    let unreadable = event(2, r#","metadata":{"t":"\ud83d"}"#);
    let deep = format!(r#","metadata":{{"d":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let foreign = event(4, r#","source":"portal""#);
    let body = format!("[{},{unreadable},{},{foreign},{}]", event(1, ""), event(3, &deep), event(5, ""));
    good(&app, app.tenant(), &body).send().await.expect(202);
    app.drain().await;
    assert_eq!(stored(&app).await, 2);
    let tenant = id(app.tenant());
    let expected = ["invalid", "malformed", "malformed"].map(|reason| (reason.to_owned(), tenant));
    assert_eq!(inbox(&app).await, expected);
    let aside = "SELECT id, body, detail FROM inbox WHERE reason = 'malformed' ORDER BY length(body)";
    let rows = app.db().await.query(aside, &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, String>(1), unreadable);
    assert!(rows[0].get::<_, String>(2).starts_with("/metadata/t: "));
    // Replayed, it is judged again, and is the only one that is put aside.
    let ids: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    let replay = json!({ "ids": ids });
    let replayed: Value =
        app.post("/api/v1/inbox/replay", &replay).bearer(&app.token("admin")).send().await.expect(200).json();
    assert_eq!(replayed["replayed"], 2);
    app.drain().await;
    assert_eq!((stored(&app).await, inbox(&app).await.len()), (2, 3));
}

#[tokio::test]
async fn during_a_rotation_both_secrets_count() {
    let app = TestApp::bare().await;
    let tenant = app.new_tenant("turning").await;
    let mut input = tenant_input("turning");
    let old = tenant.webhook_secret("partner");
    for (round, expected) in [("second", 202), ("third", 401)] {
        for source in input["webhook_sources"].as_array_mut().unwrap() {
            if source["source"] == "partner" {
                source["secret"] = json!(turned(round));
            }
        }
        app.create_tenant(input.clone()).await;
        let token = tenant.webhook_token("partner");
        post(&app, &token, &turned(round), epoch_seconds(), &body()).send().await.expect(202);
        post(&app, &token, &old, epoch_seconds(), &body()).send().await.expect(expected);
    }
    app.drain().await;
}

#[tokio::test]
async fn the_database_down_loses_nothing() {
    let app = TestApp::new().await;
    let tenant = app.tenant();
    app.database_down();
    for n in 0..4 {
        let body = body().replace("pv-1", &format!("pv-{n}"));
        good(&app, tenant, &body).send().await.expect(202);
    }
    let token = tenant.webhook_token("partner");
    post(&app, &token, "wrong", epoch_seconds(), &body()).send().await.expect(202);
    post(&app, "unknown-token", "wrong", epoch_seconds(), &body()).send().await.expect(202);
    app.database_up();
    app.drain().await;
    assert_eq!(stored(&app).await, 4);
    let expected = [("bad_signature".to_owned(), id(tenant)), ("unknown_token".to_owned(), None)];
    assert_eq!(inbox(&app).await, expected);
}

#[tokio::test]
async fn the_queue_down_leaves_it_with_the_sender() {
    let app = TestApp::new().await;
    app.sqs().down(true);
    let answer = good(&app, app.tenant(), &body()).send().await.expect(503);
    assert!(answer.header("retry-after").is_some());
    // Also one that would be refused: it could not be kept. A stranger's needs no queue.
    post(&app, &app.tenant().webhook_token("partner"), "wrong", epoch_seconds(), &body()).send().await.expect(503);
    post(&app, "unknown-token", "wrong", epoch_seconds(), &body()).send().await.expect(401);
    app.sqs().down(false);
}

#[tokio::test]
async fn bodies_have_bounds() {
    let app = TestApp::new().await;
    good(&app, app.tenant(), &"x".repeat(256 * 1024 + 1)).send().await.expect(413).problem();
    // Control characters grow sixfold on the queue.
    good(&app, app.tenant(), &"\u{1}".repeat(200 * 1024)).send().await.expect(413).problem();
    assert_eq!(app.leftovers(), [] as [String; 0]);
    let bytes = [b"\xff\xfe".as_slice(), body().as_bytes()].concat();
    let at = epoch_seconds().to_string();
    app.request(Method::POST, PATH)
        .header("x-source", "partner")
        .header("x-webhook-token", &app.tenant().webhook_token("partner"))
        .header("x-timestamp", &at)
        .header("x-signature", &signature(&app.tenant().webhook_secret("partner"), &at, &bytes))
        .body(bytes)
        .send()
        .await
        .expect(401);
    app.drain().await;
    assert_eq!(inbox(&app).await, [("not_text".to_owned(), id(app.tenant()))]);
}
