//! The largest leads there can be, a hundred at once: every list of them can be carried, and says what it leaves out.

use serde_json::{Value, json};
use testkit::app::TestApp;

use crate::support::{get, tenant_id};

/// What one answer may have: Lambda carries 6 MB.
const MOST: usize = 5_000_000;

/// A hundred leads with everything as long as it may be, in characters of four bytes.
async fn crowd(app: &TestApp) {
    let tenant = tenant_id(app);
    let custom = json!(
        (0..100).map(|n| (format!("{n:064}"), json!("\u{1f680}".repeat(500)))).collect::<serde_json::Map<_, _>>()
    );
    let statement =
        "INSERT INTO leads (id, tenant_id, email, first_name, last_name, company, job_title, country, language, source,
                            campaign, tags, custom, created_at, updated_at)
        SELECT gen_random_uuid(), $1, n || repeat('a', 60) || '@beispiel.de', $2, $2, $2, $2, $2, $2, 'website', $2,
               array_fill(repeat('\u{1f680}', 64), ARRAY[50]), $3, now() - n * interval '1 second', now()
          FROM generate_series(1, 100) n";
    let long = "\u{1f680}".repeat(500);
    app.db().await.execute(statement, &[&tenant, &long, &custom]).await.unwrap();
    let standings =
        "INSERT INTO lead_standings (lead_id, tenant_id, evaluated_at) SELECT id, tenant_id, now() FROM leads";
    app.db().await.execute(standings, &[]).await.unwrap();
}

#[tokio::test]
async fn lists_of_the_largest_leads_can_be_carried() {
    let app = TestApp::new().await;
    crowd(&app).await;
    for list in ["/api/v1/leads", "/api/v1/leads/unrouted"] {
        let plain = get(&app, &format!("{list}?limit=100")).await.expect(200);
        assert!(plain.body.len() < MOST, "{list}: {} bytes", plain.body.len());
        let plain: Value = plain.json();
        assert_eq!(plain["data"].as_array().unwrap().len(), 100);
        assert!(plain["data"].as_array().unwrap().iter().all(|lead| lead.get("custom").is_none()), "nobody asked");

        let asked = get(&app, &format!("{list}?limit=100&include=custom")).await.expect(200);
        assert!(asked.body.len() < MOST, "{list}: {} bytes", asked.body.len());
        let asked: Value = asked.json();
        let shown: Vec<bool> =
            asked["data"].as_array().unwrap().iter().map(|lead| lead["custom"].is_object()).collect();
        assert!(shown[0] && !shown[99], "{list} has room for the first, and says null of the last: {shown:?}");
        assert!(asked["data"][99].get("custom").is_some());

        let few: Value = get(&app, &format!("{list}?limit=5&include=custom")).await.expect(200).json();
        assert!(few["data"].as_array().unwrap().iter().all(|lead| lead["custom"].as_object().unwrap().len() == 100));
    }
    let refused = get(&app, "/api/v1/leads?include=everything").await.expect(400).problem();
    assert_eq!(refused["errors"][0]["pointer"], "?include");
}

#[tokio::test]
async fn histories_of_the_largest_events_can_be_carried() {
    let app = TestApp::new().await;
    let tenant = app.tenant();
    let key = tenant.api_key("portal");
    for n in 0..3 {
        let events: Vec<Value> = (0..40)
            .map(|event| {
                json!({"event_type": "page_visited", "source": "portal", "external_id": format!("{n}-{event}"),
                       "lead_identifier": {"email": "a@b.de"}, "metadata": {"text": "x".repeat(64 * 1024 - 20)}})
            })
            .collect();
        app.post("/api/v1/events/ingest", &json!(events)).api_key(&key).send().await.expect(202);
    }
    app.drain().await;
    let lead: uuid::Uuid = app.db().await.query_one("SELECT id FROM leads", &[]).await.unwrap().get(0);
    for list in ["events", "timeline"] {
        let all = get(&app, &format!("/api/v1/leads/{lead}/{list}?limit=100")).await.expect(200);
        assert!(all.body.len() < MOST, "{list}: {} bytes", all.body.len());
        let all: Value = all.json();
        let rows = all["data"].as_array().unwrap();
        assert_eq!(rows.len(), 100);
        let metadata =
            |row: &Value| if list == "events" { row["metadata"].clone() } else { row["body"]["metadata"].clone() };
        let shown = rows.iter().filter(|row| metadata(row).is_object()).count();
        assert!((10..50).contains(&shown), "{list}: {shown}");
        let few: Value = get(&app, &format!("/api/v1/leads/{lead}/{list}?limit=5")).await.expect(200).json();
        assert!(few["data"].as_array().unwrap().iter().all(|row| metadata(row).is_object()), "{list}");
    }
}
