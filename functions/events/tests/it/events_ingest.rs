//! POST /api/v1/events/ingest

mod outages;

use std::time::Duration;

use serde_json::{Value, json};
use testkit::app::{TestApp, tenant_input};
use testkit::keys::Token;
use uuid::Uuid;

const PATH: &str = "/api/v1/events/ingest";

fn event(changes: Value) -> Value {
    let mut event = json!({
        "event_type": "page_visited", "source": "portal", "lead_identifier": {"email": "erika@beispiel.de"},
    });
    for (name, value) in changes.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

/// The messages on the queue `events`, decoded.
fn queued(app: &TestApp) -> Vec<Value> {
    app.sqs().messages("events").iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
}

async fn stored(app: &TestApp) -> i64 {
    app.db().await.query_one("SELECT count(*) FROM events", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn one_event() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let answer = app.post(PATH, &event(json!({"external_id": "x-1"}))).api_key(&key).send().await.expect(202);
    let figure = |name: &str| -> u64 { answer.header(name).unwrap().parse().unwrap() };
    assert_eq!(figure("ratelimit-limit") - figure("ratelimit-remaining"), 1);
    assert!((1..=60).contains(&figure("ratelimit-reset")));
    let reply: Value = answer.json();
    let id = reply["receipts"][0]["id"].as_str().unwrap();
    assert_eq!(Uuid::parse_str(id).unwrap().get_version_num(), 7);
    assert_eq!(
        reply,
        json!({"accepted": 1, "rejected": 0, "receipts": [{"index": 0, "id": id, "status": "accepted"}]})
    );
    let messages = queued(&app);
    assert_eq!(messages.len(), 1);
    assert_eq!((&messages[0]["kind"], &messages[0]["source"]), (&json!("events"), &json!("portal")));
    assert_eq!(messages[0]["tenant_id"], app.tenant().id.as_str());
    assert_eq!(messages[0]["receipts"], json!([{"id": id, "event": event(json!({"external_id": "x-1"}))}]));

    app.drain().await;
    let row = app.db().await.query_one("SELECT id, external_id FROM events", &[]).await.unwrap();
    assert_eq!((row.get::<_, Uuid>(0).to_string(), row.get(1)), (id.to_owned(), "x-1".to_owned()));
}

#[tokio::test]
async fn every_event_gets_its_own_verdict() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let batch = json!([
        event(json!({})),
        event(json!({"source": "website"})),
        event(json!({"occurred_at": "2019-01-01T00:00:00Z", "colour": 1})),
        event(json!({"lead_identifier": {"email": "max@beispiel.de"}})),
    ]);
    let reply: Value = app.post(PATH, &batch).api_key(&key).send().await.expect(202).json();
    assert_eq!((&reply["accepted"], &reply["rejected"]), (&json!(2), &json!(2)));
    let statuses: Vec<_> = reply["receipts"].as_array().unwrap().iter().map(|receipt| &receipt["status"]).collect();
    assert_eq!(statuses, ["accepted", "rejected", "rejected", "accepted"]);
    let pointers = |index: usize| -> Vec<String> {
        let errors = reply["receipts"][index]["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(pointers(1), ["/1/source"]);
    assert_eq!(pointers(2), ["/2/colour", "/2/occurred_at"]);
    app.drain().await;
    assert_eq!(stored(&app).await, 2);
}

#[tokio::test]
async fn one_event_that_cannot_be_read_costs_no_other() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let good = |n: usize| event(json!({"external_id": n.to_string()})).to_string();
    let bad = |metadata: &str| good(9).replacen('{', &format!(r#"{{"metadata":{{"t":{metadata}}},"#), 1);
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let body = format!("\u{feff}[{},{},{},{},{}]", good(1), bad(r#""\ud83d""#), bad("1e400"), bad(&deep), good(2));
    let reply: Value =
        app.request(testkit::Method::POST, PATH).api_key(&key).body(body).send().await.expect(202).json();
    assert_eq!((&reply["accepted"], &reply["rejected"]), (&json!(2), &json!(3)), "{reply}");
    let pointer = |index: usize| reply["receipts"][index]["errors"][0]["pointer"].as_str().unwrap().to_owned();
    assert_eq!((pointer(1), pointer(2)), ("/1/metadata/t".to_owned(), "/2/metadata/t".to_owned()));
    assert!(pointer(3).starts_with("/3/metadata/t/0"));
    app.drain().await;
    assert_eq!(stored(&app).await, 2);
}

#[tokio::test]
async fn an_unreadable_identifier_beside_a_good_one_does_not_cost_the_person() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let who = json!({"email": "ju\u{308}rgen@firma.example", "phone": "keine", "linkedin_url": ""});
    let said = event(json!({"lead_identifier": who, "lead": {"phone": "siehe Mail"}}));
    let reply: Value = app.post(PATH, &said).api_key(&key).send().await.expect(202).json();
    let warned: Vec<_> =
        reply["receipts"][0]["warnings"].as_array().unwrap().iter().map(|one| &one["pointer"]).collect();
    assert_eq!(warned, ["/lead_identifier/phone", "/lead/phone"]);
    // The same address as it is composed elsewhere, and copied with a zero-width space.
    for same in ["j\u{fc}rgen@firma.example", "j\u{fc}r\u{200b}gen@firma.example"] {
        let again = event(json!({"lead_identifier": {"email": same}}));
        app.post(PATH, &again).api_key(&key).send().await.expect(202);
    }
    app.drain().await;
    let leads = app.db().await.query("SELECT email, phone FROM leads", &[]).await.unwrap();
    assert_eq!(leads.len(), 1, "one person");
    assert_eq!((leads[0].get(0), leads[0].get::<_, Option<String>>(1)), (Some("j\u{fc}rgen@firma.example"), None));
    let kept: Value = app
        .db()
        .await
        .query_one("SELECT metadata FROM events WHERE metadata::jsonb ? 'unreadable_phone'", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(kept, json!({"unreadable_phone": "keine", "unreadable_lead_phone": "siehe Mail"}));
}

#[tokio::test]
async fn visitors_whose_ids_differ_in_the_last_digit_stay_two() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let visit = |id: &str| {
        let text = event(json!({"lead_identifier": {"anonymous_id": "ID"}})).to_string();
        app.request(testkit::Method::POST, PATH).api_key(&key).body(text.replace("\"ID\"", id)).send()
    };
    for id in ["1234567890.1699999998", "1234567890.1699999999", "1234567890123456789011", "1234567890123456789012"] {
        visit(id).await.expect(202);
    }
    app.drain().await;
    let rows = app.db().await.query("SELECT value FROM lead_identifiers ORDER BY value", &[]).await.unwrap();
    let values: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let expected =
        ["1234567890.1699999998", "1234567890.1699999999", "1234567890123456789011", "1234567890123456789012"];
    assert_eq!(values, expected);
}

#[tokio::test]
async fn the_answer_to_nothing_but_faults_is_small() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let mut bad = event(json!({}));
    for n in 0..60 {
        bad[format!("field_{n}{}", "x".repeat(60))] = json!(1);
    }
    let answer = app.post(PATH, &json!(vec![bad; 499])).api_key(&key).send().await.expect(400);
    assert!(answer.body.len() < 200_000, "{} bytes", answer.body.len());
    assert_eq!(answer.problem()["errors"].as_array().unwrap().len(), 200);
}

#[tokio::test]
async fn nothing_acceptable_is_a_problem_with_every_fault() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    for (body, expected) in [
        (
            json!([event(json!({"event_type": "Page"})), {}]),
            vec!["/0/event_type", "/1/event_type", "/1/source", "/1/lead_identifier"],
        ),
        (event(json!({"occurred_at": "yesterday"})), vec!["/occurred_at"]),
        (event(json!({"unknown": 1})), vec!["/unknown"]),
        (event(json!({"lead_identifier": {"phone": "abc"}})), vec!["/lead_identifier/phone"]),
        (json!([]), vec![""]),
        (json!("text"), vec![""]),
        (json!(vec![event(json!({})); 501]), vec![""]),
    ] {
        let answer = app.post(PATH, &body).api_key(&key).send().await.expect(400);
        let problem = answer.problem();
        let pointers: Vec<_> =
            problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, expected);
    }
    let answer = app.request(testkit::Method::POST, PATH).api_key(&key).body("{").send().await.expect(400);
    assert_eq!(answer.problem()["errors"][0]["code"], "malformed");
    assert_eq!(queued(&app).len(), 0);
}

#[tokio::test]
async fn five_hundred_events_travel_in_five_messages() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let batch: Vec<Value> = (0..500).map(|n| event(json!({"external_id": format!("n-{n}")}))).collect();
    let reply: Value = app.post(PATH, &json!(batch)).api_key(&key).send().await.expect(202).json();
    assert_eq!(reply["accepted"], 500);
    assert_eq!(queued(&app).iter().map(|one| one["receipts"].as_array().unwrap().len()).collect::<Vec<_>>(), [100; 5]);
    app.drain().await;
    assert_eq!(stored(&app).await, 500);
}

#[tokio::test]
async fn who_may_not_send_is_told_so() {
    let app = TestApp::new().await;
    let body = event(json!({}));
    let tenant = app.tenant();
    let other_source = tenant.api_key("portal").replacen("portal:", "website:", 1);
    for key in ["portal:wrong", &other_source, "portal:", "nonsense"] {
        app.post(PATH, &body).api_key(key).send().await.expect(401).problem();
    }
    app.post(PATH, &body).send().await.expect(401).problem();
    app.post(PATH, &body).bearer("nonsense").send().await.expect(401).problem();
    let expired = Token::new(&tenant.id).role("admin").expired(Duration::from_secs(60)).sign();
    app.post(PATH, &body).bearer(&expired).send().await.expect(401).problem();
    app.post(PATH, &body).bearer(&app.token_with_scopes(&["leads:read"])).send().await.expect(403).problem();
    app.post(PATH, &body).bearer(&app.token("sales")).send().await.expect(403).problem();
    // Credentials are looked at before the body.
    app.request(testkit::Method::POST, PATH).body("{").send().await.expect(401).problem();
    let unknown_tenant = Token::new(&Uuid::now_v7().to_string()).role("admin").sign();
    app.post(PATH, &body).bearer(&unknown_tenant).send().await.expect(401).problem();
    assert_eq!(queued(&app).len(), 0);
}

#[tokio::test]
async fn a_key_without_the_scope() {
    let app = TestApp::bare().await;
    let mut input = tenant_input("narrow");
    input["api_keys"] = json!([{"source": "portal", "name": "read", "key": "k-0123456789abcdef-0123456789abcdef", "scopes": ["leads:read"]}]);
    app.create_tenant(input).await;
    app.post(PATH, &event(json!({})))
        .api_key("portal:k-0123456789abcdef-0123456789abcdef")
        .send()
        .await
        .expect(403)
        .problem();
    assert_eq!(queued(&app).len(), 0);
}

#[tokio::test]
async fn a_revoked_token() {
    let app = TestApp::new().await;
    let token = Token::new(&app.tenant().id).role("admin").claim("jti", json!("gone")).sign();
    let revoke = "INSERT INTO revoked_tokens (jti, tenant_id, expires_at) SELECT 'gone', id, now() + interval '1 day' FROM tenants";
    app.db().await.execute(revoke, &[]).await.unwrap();
    app.post(PATH, &event(json!({}))).bearer(&token).send().await.expect(401).problem();
}

#[tokio::test]
async fn a_person_may_send_for_any_source() {
    let app = TestApp::new().await;
    let batch = json!([event(json!({})), event(json!({"source": "conference"}))]);
    app.post(PATH, &batch).bearer(&app.token("admin")).send().await.expect(202);
    assert_eq!(queued(&app)[0]["source"], Value::Null);
    app.drain().await;
    assert_eq!(stored(&app).await, 2);
}

#[tokio::test]
async fn a_used_up_minute() {
    let app = TestApp::bare().await;
    let mut input = tenant_input("slow");
    input["api_keys"] = json!([{
        "source": "portal", "name": "slow", "key": "k-0123456789abcdef-0123456789abcdef", "scopes": ["events:write"], "requests_per_minute": 1,
    }]);
    app.create_tenant(input).await;
    let send = || {
        app.post(PATH, &event(json!({"external_id": "1"}))).api_key("portal:k-0123456789abcdef-0123456789abcdef").send()
    };
    // The minute may turn in between, once.
    let mut refused = None;
    for _ in 0..4 {
        let answer = send().await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 202);
    }
    let refused = refused.unwrap();
    refused.problem();
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert_eq!(refused.header("ratelimit-remaining"), Some("0"));
    assert_eq!(refused.header("ratelimit-reset"), Some(wait.to_string().as_str()));
    app.drain().await;
}

#[tokio::test]
async fn national_numbers_are_those_of_the_tenants_country() {
    let app = TestApp::bare().await;
    let mut input = tenant_input("wien");
    input["default_country"] = json!("AT");
    let tenant = app.create_tenant(input).await;
    let body = event(json!({"lead_identifier": {"phone": "0664 1234567"}}));
    app.post(PATH, &body).api_key(&tenant.api_key("portal")).send().await.expect(202);
    app.drain().await;
    let phone: String = app.db().await.query_one("SELECT phone FROM leads", &[]).await.unwrap().get(0);
    assert_eq!(phone, "+436641234567");
}

#[tokio::test]
async fn an_idempotency_key_makes_a_repeat_count_once() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let batch = json!([event(json!({})), event(json!({}))]);
    let send = |body: &Value, key: &str| app.post(PATH, body).api_key(key).header("idempotency-key", "order-7").send();
    let first = send(&batch, &key).await.expect(202);
    assert_eq!(first.header("idempotency-replayed"), None);
    for _ in 0..2 {
        let again = send(&batch, &key).await.expect(202);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.json::<Value>(), first.json::<Value>(), "the same receipts");
        assert!(again.header("ratelimit-remaining").is_some(), "a repetition is a request, too");
    }
    assert_eq!(queued(&app).len(), 1, "the answer was kept, nothing is sent again");
    // A key is for one request, and each source has its own.
    let other = event(json!({"metadata": {"page_path": "/"}}));
    assert_eq!(send(&other, &key).await.expect(409).problem()["code"], "idempotency_key_reused");
    let website = event(json!({"source": "website"}));
    send(&website, &app.tenant().api_key("website")).await.expect(202);
    assert_eq!(queued(&app).len(), 2);
    app.drain().await;
    assert_eq!(stored(&app).await, 3, "two events, however often they were sent, and the website's");
    app.post(PATH, &batch).api_key(&key).send().await.expect(202);
    app.drain().await;
    assert_eq!(stored(&app).await, 5, "without a key they are new ones");
    let long = "x".repeat(201);
    app.post(PATH, &batch).api_key(&key).header("idempotency-key", &long).send().await.expect(400).problem();
}

#[tokio::test]
async fn two_requests_with_one_key_at_once_get_one_answer() {
    let app = TestApp::new().await;
    let (key, person) = (app.tenant().api_key("portal"), app.token("admin"));
    let body = event(json!({}));
    for round in 0..5 {
        let name = format!("at-once-{round}");
        let send = || app.post(PATH, &body).header("idempotency-key", &name);
        let (one, two) = tokio::join!(send().api_key(&key).send(), send().api_key(&key).send());
        assert_eq!(one.expect(202).json::<Value>(), two.expect(202).json::<Value>());
        let (one, two) = tokio::join!(send().bearer(&person).send(), send().bearer(&person).send());
        assert_eq!(one.expect(202).json::<Value>(), two.expect(202).json::<Value>());
    }
    assert_eq!(queued(&app).len(), 10);
    app.drain().await;
}

#[tokio::test]
async fn a_refusal_does_not_use_up_the_key() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let send = |body: Value| app.post(PATH, &body).api_key(&key).header("idempotency-key", "once").send();
    send(event(json!({"colour": 1}))).await.expect(400).problem();
    app.sqs().down(true);
    send(event(json!({}))).await.expect(503).problem();
    app.sqs().down(false);
    let first = send(event(json!({}))).await.expect(202);
    assert_eq!((first.header("idempotency-replayed"), queued(&app).len()), (None, 1));
    // After a day the key is free.
    let age = "UPDATE idempotency_keys SET created_at = now() - interval '25 hours'";
    assert_eq!(app.db().await.execute(age, &[]).await.unwrap(), 1);
    let later = send(event(json!({"external_id": "another"}))).await.expect(202);
    assert_ne!(later.json::<Value>(), first.json::<Value>());
    app.drain().await;
    assert_eq!(stored(&app).await, 2);
}

#[tokio::test]
async fn too_large() {
    let app = TestApp::new().await;
    let key = app.tenant().api_key("portal");
    let body = event(json!({"metadata": {"x": "x".repeat(4 * 1024 * 1024)}}));
    app.post(PATH, &body).api_key(&key).send().await.expect(413).problem();
}
