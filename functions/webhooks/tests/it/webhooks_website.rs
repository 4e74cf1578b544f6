//! POST /api/v1/webhooks/website/{token}

use serde_json::{Value, json};
use testkit::Method;
use testkit::app::{RequestBuilder, TestApp};
use uuid::Uuid;

fn post<'app>(app: &'app TestApp, token: &str) -> RequestBuilder<'app> {
    app.request(Method::POST, &format!("/api/v1/webhooks/website/{token}"))
}

fn good(app: &TestApp) -> RequestBuilder<'_> {
    post(app, &app.tenant().webhook_token("website"))
}

async fn reasons(app: &TestApp) -> Vec<(String, Option<Uuid>)> {
    let rows = app.db().await.query("SELECT reason, tenant_id FROM inbox ORDER BY 1", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn stored(app: &TestApp) -> i64 {
    app.db().await.query_one("SELECT count(*) FROM events", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_form_becomes_a_lead() {
    let app = TestApp::new().await;
    let form = [
        ("Vorname", "Erika"),
        ("Nachname", "Mustermann"),
        ("E-Mail", "Erika@Beispiel.de"),
        ("Firma", "Labor GmbH"),
        ("Telefon", "030 901820"),
        ("Nachricht", "Wir möchten eine Vorführung."),
        ("Datenschutz", "ja"),
        ("_gotcha", ""),
    ];
    let request =
        good(&app).form(&form).header("referer", "https://labor.example/kontakt").header("cookie", "session=private");
    let reply: Value = request.send().await.expect(202).json();
    assert!(!app.sqs().messages("events")[0].body.contains("private"));
    app.drain().await;
    let lead =
        app.db().await.query_one("SELECT email, phone, first_name, last_name, company FROM leads", &[]).await.unwrap();
    let lead: Vec<String> = (0..5).map(|n| lead.get(n)).collect();
    assert_eq!(lead, ["erika@beispiel.de", "+4930901820", "Erika", "Mustermann", "Labor GmbH"]);
    let event = app.db().await.query_one("SELECT id, event_type, metadata FROM events", &[]).await.unwrap();
    assert_eq!(
        (event.get::<_, Uuid>(0).to_string(), event.get(1)),
        (reply["id"].as_str().unwrap().to_owned(), "form_submitted")
    );
    let metadata: Value = event.get(2);
    assert_eq!(metadata["consent"], json!({"datenschutz": "ja"}));
    assert_eq!(
        (&metadata["message"], &metadata["page_path"]),
        (&json!("Wir möchten eine Vorführung."), &json!("/kontakt"))
    );
}

#[tokio::test]
async fn json_and_what_a_page_tracker_sends() {
    let app = TestApp::new().await;
    good(&app).json(&json!({"name": "Erika Mustermann", "email": "a@b.de"})).send().await.expect(202);
    let visit = |n: usize| json!({"event_type": "page_visited", "external_id": n.to_string(), "lead_identifier": {"anonymous_id": "c-1"}});
    good(&app).json(&json!([visit(1), visit(2), visit(1)])).send().await.expect(202);
    app.drain().await;
    assert_eq!(stored(&app).await, 3);
    assert_eq!(reasons(&app).await, []);
}

#[tokio::test]
async fn spam_and_riddles_are_taken_and_kept() {
    let app = TestApp::new().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    good(&app).form(&[("email", "a@b.de"), ("honeypot", "buy now")]).send().await.expect(202);
    good(&app).form(&[("nachricht", "wer bin ich")]).send().await.expect(202);
    good(&app).form(&[("telefon", "12")]).send().await.expect(202);
    good(&app).header("content-type", "multipart/form-data; boundary=x").body("--x").send().await.expect(202);
    good(&app)
        .json(&json!({"event_type": "deal_won", "lead_identifier": {"email": "a@b.de"}}))
        .send()
        .await
        .expect(202);
    app.drain().await;
    assert_eq!(stored(&app).await, 0);
    let expected = ["event_type_not_allowed", "invalid", "no_identifier", "spam", "unsupported_content_type"];
    assert_eq!(reasons(&app).await, expected.map(|reason| (reason.to_owned(), Some(tenant))));
}

#[tokio::test]
async fn of_a_mixed_delivery_the_good_half_is_stored_and_each_bad_event_is_put_aside_alone() {
    let app = TestApp::new().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let visit = |who: Value| json!({"event_type": "page_visited", "lead_identifier": who}).to_string();
    let won = json!({"event_type": "deal_won", "lead_identifier": {"email": "a@b.de"}});
    let unreadable = r#"{"event_type":"page_visited","lead_identifier":{"email":"a@b.de"},"metadata":{"n":1e400}}"#;
    let by_id = visit(json!({"lead_id": Uuid::now_v7()}));
    let body = format!("[{},{won},{unreadable},{by_id}]", visit(json!({"email": "a@b.de"})));
    good(&app).header("content-type", "application/json").body(body).send().await.expect(202);
    app.drain().await;
    assert_eq!(stored(&app).await, 1);
    let expected = ["event_type_not_allowed", "identifier_not_allowed", "malformed"];
    assert_eq!(reasons(&app).await, expected.map(|reason| (reason.to_owned(), Some(tenant))));
}

#[tokio::test]
async fn a_public_token_makes_no_fields_of_the_tenants_own() {
    let app = TestApp::new().await;
    for n in 0..3 {
        let mut event =
            json!({"event_type": "page_visited", "external_id": n.to_string(), "lead_identifier": {"email": "a@b.de"}});
        event["lead"]["company"] = json!("Labor Nord");
        for field in 0..35 {
            event["lead"][format!("field_{n}_{field}")] = json!("x".repeat(400));
        }
        good(&app).json(&event).send().await.expect(202);
    }
    app.drain().await;
    assert_eq!((stored(&app).await, reasons(&app).await), (3, vec![]));
    let row = app.db().await.query_one("SELECT company, custom FROM leads", &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("Labor Nord", json!({})));
    let kept = "SELECT metadata::jsonb -> 'lead' ? 'field_2_34' FROM events WHERE external_id = '2'";
    assert!(app.db().await.query_one(kept, &[]).await.unwrap().get::<_, bool>(0), "what was sent stays in the event");
}

#[tokio::test]
async fn a_flood_with_the_token_of_the_page_is_kept_and_makes_no_leads_until_a_person_says_so() {
    let app = TestApp::new().await;
    app.db().await.execute("UPDATE webhook_sources SET deliveries_per_minute = 1", &[]).await.unwrap();
    for n in 0..5 {
        good(&app).form(&[("email", &format!("p{n}@b.de"))]).send().await.expect(202);
    }
    app.drain().await;
    // The minute may have ended in between.
    let taken = stored(&app).await;
    assert!((1..=2).contains(&taken), "{taken}");
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let kept = usize::try_from(5 - taken).unwrap();
    assert_eq!(reasons(&app).await, vec![("over_rate".to_owned(), Some(tenant)); kept]);
    // Who signs is known, and not braked.
    let signed = json!({"event_type": "page_visited", "source": "portal", "lead_identifier": {"email": "a@b.de"}});
    app.post("/api/v1/events/ingest", &signed).api_key(&app.tenant().api_key("portal")).send().await.expect(202);

    let range = json!({"source": "website", "from": "2020-01-01T00:00:00Z", "to": "2120-01-01T00:00:00Z"});
    app.post("/api/v1/inbox/replay", &range).bearer(&app.token("admin")).send().await.expect(200);
    app.drain().await;
    assert_eq!(stored(&app).await, 6, "none is lost");
}

#[tokio::test]
async fn old_pages_and_people_who_were_taken_for_programs_become_leads() {
    let app = TestApp::new().await;
    let body = b"name=Erika+M\xfcller&email=a%40b.de".to_vec();
    let form = "application/x-www-form-urlencoded; charset=ISO-8859-1";
    good(&app).header("content-type", form).body(body).send().await.expect(202);
    app.drain().await;
    let name: String = app.db().await.query_one("SELECT last_name FROM leads", &[]).await.unwrap().get(0);
    assert_eq!((name.as_str(), reasons(&app).await), ("Müller", vec![]));

    good(&app).form(&[("email", "a@b.de"), ("hp", "www.firma.example")]).send().await.expect(202);
    app.drain().await;
    let id: Uuid = app.db().await.query_one("SELECT id FROM inbox WHERE reason = 'spam'", &[]).await.unwrap().get(0);
    let replay = async |choice: Value| {
        app.post("/api/v1/inbox/replay", &choice).bearer(&app.token("admin")).send().await.expect(200);
        app.drain().await;
        stored(&app).await
    };
    let range = json!({"source": "website", "from": "2020-01-01T00:00:00Z", "to": "2120-01-01T00:00:00Z"});
    assert_eq!(replay(range).await, 1, "all of a time at once are looked at by nobody");
    assert_eq!(replay(json!({ "ids": [id] })).await, 2);
    let open: i64 =
        app.db().await.query_one("SELECT count(*) FROM inbox WHERE status = 'open'", &[]).await.unwrap().get(0);
    assert_eq!(open, 0);
}

#[tokio::test]
async fn an_unknown_token_is_refused_and_counted() {
    let app = TestApp::new().await;
    for _ in 0..3 {
        post(&app, "guess").form(&[("email", "a@b.de")]).send().await.expect(401).problem();
    }
    post(&app, "another guess").body("x".repeat(5000)).send().await.expect(401).problem();
    assert_eq!(app.leftovers(), [""; 0], "nothing is on a queue");
    assert_eq!(reasons(&app).await, []);
    let kept = "SELECT deliveries, bytes, head, reason FROM stranger_deliveries JOIN stranger_counts USING (id) WHERE source = 'website' ORDER BY bytes";
    let kept = app.db().await.query(kept, &[]).await.unwrap();
    let kept: Vec<(i32, i64, String, String)> =
        kept.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    let reason = "unknown_token".to_owned();
    assert_eq!(kept, [(3, 42, "email=a%40b.de".to_owned(), reason.clone()), (1, 5000, "x".repeat(1024), reason)]);
    assert!(app.logs("webhooks-website").contains("StrangerDeliveries"), "an operator sees it");
}

/// What the tables take on disk, in bytes.
async fn size(app: &TestApp) -> i64 {
    let statement = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'";
    app.db().await.query_one(statement, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_thousand_deliveries_of_strangers_take_a_hundred_kilobytes_at_most() {
    let app = TestApp::new().await;
    let before = size(&app).await;
    // A quarter of it is one who does not stop; the others make up a token each time. Bytes that are no text grow threefold.
    let body = "ü".repeat(4000).into_bytes().into_iter().map(|byte| byte ^ 1).collect::<Vec<u8>>();
    for round in 0..125 {
        let requests = (0..8).map(|n| {
            let token = if n < 2 { "one".to_owned() } else { format!("made-up-{round}-{n}") };
            post(&app, &token).body(body.clone()).send()
        });
        for answer in futures_util::future::join_all(requests).await {
            answer.expect(401);
        }
    }
    assert_eq!(app.leftovers(), [""; 0]);
    let grown = size(&app).await - before;
    let tables =
        "SELECT c.relname || ' ' || pg_relation_size(c.oid) || ' of ' || pg_total_relation_size(c.oid) FROM pg_class c
        WHERE c.relname IN ('inbox', 'stranger_deliveries', 'stranger_counts')";
    let tables = app.db().await.query(tables, &[]).await.unwrap();
    let tables: Vec<String> = tables.iter().map(|row| row.get(0)).collect();
    assert!(grown <= 100 * 1024, "{grown} bytes: {tables:?}");
    let all = app.db().await.query_one("SELECT sum(deliveries), sum(bytes)::bigint FROM stranger_counts", &[]).await;
    let all = all.unwrap();
    assert_eq!((all.get::<_, i64>(0), all.get::<_, i64>(1)), (1000, 8_000_000), "every one is counted");
    // Those who are known are heard meanwhile.
    good(&app).form(&[("email", "a@b.de")]).send().await.expect(202);
    app.drain().await;
    assert_eq!(stored(&app).await, 1);
}

#[tokio::test]
async fn the_database_down_loses_nothing() {
    let app = TestApp::new().await;
    app.database_down();
    for n in 0..3 {
        good(&app).form(&[("email", &format!("p{n}@b.de"))]).send().await.expect(202);
    }
    post(&app, "guess").form(&[("email", "a@b.de")]).send().await.expect(202);
    app.database_up();
    app.drain().await;
    assert_eq!(stored(&app).await, 3);
    assert_eq!(reasons(&app).await, [("unknown_token".to_owned(), None)]);
}

#[tokio::test]
async fn tenants_do_not_mix() {
    let app = TestApp::new().await;
    let other = app.new_tenant("other").await;
    post(&app, &other.webhook_token("website")).form(&[("email", "a@b.de")]).send().await.expect(202);
    app.drain().await;
    let tenant: Uuid = app.db().await.query_one("SELECT tenant_id FROM events", &[]).await.unwrap().get(0);
    assert_eq!(tenant.to_string(), other.id);
}

#[tokio::test]
async fn bounds() {
    let app = TestApp::new().await;
    good(&app).body("x".repeat(256 * 1024 + 1)).send().await.expect(413).problem();
    app.sqs().down(true);
    let answer = good(&app).form(&[("email", "a@b.de")]).send().await.expect(503);
    assert!(answer.header("retry-after").is_some());
    app.sqs().down(false);
}
