//! What becomes of events once they are here: alerts, recounting, whose they are, and what a set costs.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::app::TestApp;
use testkit::keys::epoch_seconds;
use uuid::Uuid;

mod identity;
mod traces;

fn days_ago(days: i64) -> Timestamp {
    let now = Timestamp::from_second(i64::try_from(epoch_seconds()).unwrap()).unwrap();
    now - SignedDuration::from_hours(24 * days)
}

/// An event of the person everybody talks about, whose address gives no points.
fn event(event_type: &str, days: i64) -> Value {
    json!({"event_type": event_type, "source": "portal", "occurred_at": days_ago(days), "lead_identifier": {"email": "eva@gmx.de"}})
}

/// Sends events as one set, and has everything worked off.
async fn happens(app: &TestApp, events: &[Value]) {
    let key = app.tenant().api_key("portal");
    app.post("/api/v1/events/ingest", &json!(events)).api_key(&key).send().await.expect(202);
    app.drain().await;
}

/// The tiers that were alerted about, the oldest alert first.
async fn alerts(app: &TestApp) -> Vec<String> {
    let statement = "SELECT split_part(cause, ':', 3) FROM effects WHERE cause LIKE 'tier:%' ORDER BY created_at, id";
    app.db().await.query(statement, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn total(app: &TestApp) -> i32 {
    app.db().await.query_one("SELECT total_score FROM lead_standings", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_lead_that_becomes_hot_is_told_of_once_a_day() {
    let app = TestApp::new().await;
    app.slack().set_burst(100);
    happens(&app, &[event("meeting_booked", 1)]).await;
    assert_eq!((total(&app).await, alerts(&app).await.len()), (25, 0));

    happens(&app, &[event("webinar_attended", 1)]).await;
    assert_eq!((total(&app).await, alerts(&app).await), (40, vec!["hot".to_owned()]));
    assert_eq!(app.slack().messages().len(), 1);

    // Down and up again on the same day.
    happens(&app, &[event("meeting_no_show", 1)]).await;
    assert_eq!(total(&app).await, 30);
    happens(&app, &[event("email_replied", 1)]).await;
    assert_eq!((total(&app).await, alerts(&app).await), (45, vec!["hot".to_owned()]));

    // The same a day later. An alert is named by its second, and the other one was made just now.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let earlier = "UPDATE tier_alerts SET alerted_at = alerted_at - interval '25 hours'";
    assert_eq!(app.db().await.execute(earlier, &[]).await.unwrap(), 1);
    happens(&app, &[event("meeting_no_show", 2)]).await;
    assert_eq!((total(&app).await, alerts(&app).await.len()), (35, 1));
    happens(&app, &[event("conference_scan", 1)]).await;
    assert_eq!((total(&app).await, alerts(&app).await), (55, vec!["hot".to_owned(), "hot".to_owned()]));
    assert_eq!(app.slack().messages().len(), 2);
}

/// A warm processor keeps its statements ready in Postgres; they do not fit any more when a migration changes what they answer.
#[tokio::test]
async fn a_migration_does_not_stop_a_warm_processor() {
    let app = TestApp::new().await;
    happens(&app, &[event("meeting_booked", 1)]).await;
    happens(&app, &[event("page_visited", 1)]).await;
    let before = total(&app).await;
    app.db().await.batch_execute("ALTER TABLE leads ALTER COLUMN job_title TYPE varchar").await.unwrap();
    let key = app.tenant().api_key("portal");
    app.post("/api/v1/events/ingest", &event("webinar_attended", 1)).api_key(&key).send().await.expect(202);
    let delivered = app.deliver("events").await;
    assert_eq!(delivered.failures, 0, "it is done at once, on another connection: {delivered:?}");
    assert_eq!(total(&app).await, before + 15);
    app.drain().await;
}

#[tokio::test]
async fn a_jump_over_a_tier_is_one_alert_and_a_repetition_none() {
    let app = TestApp::new().await;
    app.slack().set_burst(100);
    let types = ["meeting_booked", "webinar_attended", "conference_scan", "email_replied", "ad_lead_submitted"];
    let events: Vec<Value> = types.iter().map(|event_type| event(event_type, 1)).collect();
    let key = app.tenant().api_key("portal");
    app.post("/api/v1/events/ingest", &json!(events)).api_key(&key).send().await.expect(202);
    let bodies: Vec<String> = app.sqs().messages("events").into_iter().map(|message| message.body).collect();
    assert_eq!(bodies.len(), 1, "one set");
    app.drain().await;
    assert_eq!((total(&app).await, alerts(&app).await), (90, vec!["very_hot".to_owned()]));

    // Redelivered, also when the alert is long past.
    app.db().await.execute("UPDATE tier_alerts SET alerted_at = alerted_at - interval '25 hours'", &[]).await.unwrap();
    for _ in 0..2 {
        app.sqs().send("events", &bodies[0]).unwrap();
    }
    app.drain().await;
    assert_eq!((total(&app).await, alerts(&app).await), (90, vec!["very_hot".to_owned()]));
    assert_eq!(app.slack().messages().len(), 1);
}

#[tokio::test]
async fn an_earlier_event_that_comes_late_takes_the_place_under_the_cap() {
    let app = TestApp::new().await;
    let day = days_ago(3).to_zoned(jiff::tz::TimeZone::UTC).date();
    let at = |hour: i8| day.at(hour, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let viewed = |hour| {
        json!({"event_type": "pricing_viewed", "source": "portal", "occurred_at": at(hour), "external_id": format!("at-{hour}"),
               "lead_identifier": {"email": "eva@gmx.de"}})
    };
    happens(&app, &[viewed(12)]).await;
    let lead: Uuid = app.db().await.query_one("SELECT id FROM leads", &[]).await.unwrap().get(0);
    let scores = async || -> Vec<(Timestamp, String)> {
        let path = format!("/api/v1/leads/{lead}/scores");
        let shown: Value = app.get(&path).bearer(&app.token("viewer")).send().await.expect(200).json();
        let row = |row: &Value| {
            assert_eq!((&row["rule_slug"], &row["points"]), (&json!("pricing-viewed"), &json!(8)));
            (row["awarded_at"].as_str().unwrap().parse().unwrap(), row["state"].as_str().unwrap().to_owned())
        };
        let mut rows: Vec<_> = shown["data"].as_array().unwrap().iter().map(row).collect();
        rows.sort_unstable();
        rows
    };
    assert_eq!(scores().await, [(at(12), "counted".to_owned())]);
    assert_eq!(total(&app).await, 8);

    happens(&app, &[viewed(9)]).await;

    assert_eq!(scores().await, [(at(9), "counted".to_owned()), (at(12), "withdrawn".to_owned())]);
    assert_eq!(total(&app).await, 8);
    // One later than the counted one changes nothing.
    happens(&app, &[viewed(15)]).await;
    assert_eq!((scores().await.len(), total(&app).await), (2, 8));
}

/// The figure of the last line of metrics.
fn figure(app: &TestApp, name: &str) -> f64 {
    let logs = app.logs("event-processor");
    let mut lines = logs.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found = lines.find_map(|line| line[name].as_f64());
    assert!(found.is_some(), "no {name} in\n{logs}");
    found.unwrap()
}

#[tokio::test]
async fn five_hundred_events_cost_as_many_statements_as_one() {
    let app = TestApp::new().await;
    let mut nth = 0;
    // Events of people `from` and on, one each, delivered to one invocation.
    let mut statements = async |people: usize, from: usize| {
        nth += 1;
        let events: Vec<Value> = (from..from + people)
            .map(|n| {
                json!({"id": Uuid::now_v7(), "event": {
                    "event_type": "email_clicked", "source": "portal", "external_id": format!("{nth}-{n}"), "occurred_at": days_ago(nth),
                    "lead_identifier": {"email": format!("p{n}@firma.example"), "anonymous_id": format!("c{n}")},
                    "metadata": {"page_path": "/b2b"}}})
            })
            .collect();
        for receipts in events.chunks(100) {
            let body = json!({"kind": "events", "tenant_id": app.tenant().id, "source": "portal", "received_at": days_ago(0),
                              "receipts": receipts});
            app.sqs().send("events", &body.to_string()).unwrap();
        }
        let delivered = app.deliver("events").await;
        assert_eq!((delivered.failures, delivered.messages), (0, people.div_ceil(100)));
        assert_eq!(figure(&app, "EventsStored"), people as f64);
        figure(&app, "Statements")
    };
    // The first invocation also reads the rules.
    statements(1, 9_000).await;
    let (one_new, one_known) = (statements(1, 9_001).await, statements(1, 9_001).await);
    let (many_new, many_known) = (statements(500, 0).await, statements(500, 0).await);
    assert_eq!((one_new, one_known), (many_new, many_known));
    assert!(one_new < 20.0 && one_known < 20.0, "{one_new} for a new person, {one_known} for a known one");
}

/// The new title makes an old event count. Worked out before the lock, and once more after somebody else wrote the lead meanwhile.
#[tokio::test]
async fn an_old_event_that_a_new_profile_makes_count_counts_once_whoever_is_faster() {
    let app = TestApp::new().await;
    let rule = json!({
        "slug": "head-visits", "name": "A head of something visits", "rule_type": "event", "category": "behavior", "points": 7,
        "conditions": {"all": [{"field": "event_type", "op": "eq", "value": "page_visited"},
                               {"field": "lead.job_title", "op": "contains", "value": "head"}]},
    });
    app.post("/api/v1/scoring/rules", &rule).bearer(&app.token("admin")).send().await.expect(201);
    app.drain().await;
    happens(&app, &[event("page_visited", 3)]).await;

    let other = app.db().await;
    let meanwhile = "BEGIN; SELECT FROM leads FOR UPDATE; UPDATE lead_standings SET evaluated_at = evaluated_at";
    other.batch_execute(meanwhile).await.unwrap();
    let mut titled = event("webinar_attended", 2);
    titled["lead"] = json!({"job_title": "Head of Lab"});
    let overtake = async {
        assert!(app.somebody_waits_for_a_lock().await, "the processor does not want the lead");
        other.batch_execute("COMMIT").await.unwrap();
    };
    tokio::join!(happens(&app, std::slice::from_ref(&titled)), overtake);

    let counted = "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM inbox),
                          (SELECT count(*) FROM score_history h JOIN scoring_rules r ON r.id = h.rule_id WHERE r.slug = 'head-visits')";
    let row = app.db().await.query_one(counted, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, i64>(2)), (2, 0, 1));
}

/// The worked-out lead is overtaken by a walk under newer rules: it is not taken back to the old ones.
#[tokio::test]
async fn who_began_with_the_old_rules_works_with_the_new_ones_where_they_are_in_force() {
    let app = TestApp::new().await;
    happens(&app, &[event("webinar_attended", 3)]).await;
    assert_eq!(total(&app).await, 15);

    let other = app.db().await;
    // As the walk leaves it.
    let walked = "BEGIN; SELECT FROM leads FOR UPDATE; UPDATE score_history SET points = 40;
        UPDATE lead_standings SET rule_set_version = rule_set_version + 1, behavior = 40, total_score = 40, counted = NULL";
    other.batch_execute(walked).await.unwrap();
    let overtake = async {
        assert!(app.somebody_waits_for_a_lock().await, "the processor does not want the lead");
        app.publish_points("webinar-attended", 40).await;
        other.batch_execute("COMMIT").await.unwrap();
    };
    let visit = [event("page_visited", 1)];
    tokio::join!(happens(&app, &visit), overtake);

    let versions =
        "SELECT s.rule_set_version = t.rule_set_version FROM lead_standings s JOIN tenants t ON t.id = s.tenant_id";
    assert!(app.db().await.query_one(versions, &[]).await.unwrap().get::<_, bool>(0));
    assert_eq!(total(&app).await, 41);
}

/// SQS may deliver a message twice, and a relay that ended between sending and deleting sends it twice: both may be in one batch. What
/// has to be put aside of it is one row.
#[tokio::test]
async fn a_message_that_is_twice_in_a_batch_is_put_aside_once() {
    let app = TestApp::new().await;
    let unknown =
        json!({"event_type": "page_visited", "source": "portal", "lead_identifier": {"lead_id": Uuid::now_v7()}});
    let body = json!({
        "kind": "events", "tenant_id": app.tenant().id, "source": "portal", "received_at": days_ago(0),
        "receipts": [{"id": Uuid::now_v7(), "event": unknown}, {"id": Uuid::now_v7(), "event": {"event_type": 7}},
                     {"id": Uuid::now_v7(), "event": event("meeting_booked", 1)}],
    });
    for _ in 0..2 {
        app.sqs().send("events", &body.to_string()).unwrap();
    }
    let delivered = app.deliver("events").await;
    assert_eq!((delivered.messages, delivered.failures), (2, 0), "{}", app.logs("event-processor"));
    let rows = app.db().await.query("SELECT reason FROM inbox ORDER BY reason", &[]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<&str>>(), ["invalid", "unknown_lead"]);
    assert_eq!(total(&app).await, 25, "the good one beside them counts, once");
    app.drain().await;
}

/// What cannot be processed is parked with its owner, also when it is a webhook, whose tenant stands deeper in the message.
#[tokio::test]
async fn a_parked_webhook_belongs_to_its_tenant() {
    let app = TestApp::new().await;
    let tenant: Uuid = app.tenant().id.parse().unwrap();
    let path = format!("/api/v1/webhooks/website/{}", app.tenant().webhook_token("website"));
    app.request(testkit::Method::POST, &path).form(&[("email", "a@b.de")]).send().await.expect(202);
    app.db().await.execute("UPDATE tenants SET active = false", &[]).await.unwrap();
    app.drain().await;
    let row = app.db().await.query_one("SELECT tenant_id, reason FROM inbox", &[]).await.unwrap();
    assert_eq!((row.get::<_, Option<Uuid>>(0), row.get::<_, &str>(1)), (Some(tenant), "tenant_unusable"));
}

/// A database that takes everything and answers nothing: the batch is given up in time, its messages are put off, and nothing of them
/// is lost or done twice afterwards.
#[tokio::test]
async fn a_database_that_hangs_costs_a_batch_no_more_than_its_time() {
    let app = TestApp::new().await;
    happens(&app, &[event("meeting_booked", 2)]).await;
    let key = app.tenant().api_key("portal");
    app.post("/api/v1/events/ingest", &event("webinar_attended", 1)).api_key(&key).send().await.expect(202);
    app.database_proxy().hold();
    let delivered = app.deliver("events").await;
    assert_eq!((delivered.failures, delivered.errors), (1, Vec::new()), "it says so, instead of being killed");
    assert!(app.sqs().next_visible().is_some_and(|wait| wait.as_secs() >= 3), "it comes later");
    app.database_up();
    app.drain().await;
    assert_eq!(total(&app).await, 40);
}
