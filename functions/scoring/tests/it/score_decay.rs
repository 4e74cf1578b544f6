//! The daily decay: what expires no longer counts, in the hour that is each tenant's turn.

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde_json::{Value, json};
use testkit::TestApp;
use testkit::keys::epoch_seconds;
use uuid::Uuid;

fn now() -> Timestamp {
    Timestamp::from_second(i64::try_from(epoch_seconds()).unwrap()).unwrap()
}

fn days_ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

/// Some o'clock in Berlin, `days` after today.
fn berlin(days: i64, hour: i8) -> Timestamp {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let day = now().to_zoned(zone.clone()).date().checked_add(days.days()).unwrap();
    day.at(hour, 0, 0, 0).to_zoned(zone).unwrap().timestamp()
}

async fn decay(app: &TestApp, moment: Timestamp) -> Value {
    app.run_job("score-decay", json!({"scheduled_for": moment})).await
}

fn done(tenants: usize, leads: usize, discovery: usize) -> Value {
    json!({"tenants": tenants, "leads": leads, "discovery": discovery, "undecided": 0})
}

async fn happens(app: &TestApp, events: &[(&str, i64)]) {
    let event = |(event_type, days): &(&str, i64)| json!({"event_type": event_type, "source": "portal", "occurred_at": days_ago(*days), "lead_identifier": {"email": "eva@gmx.de"}});
    let events: Vec<Value> = events.iter().map(event).collect();
    let key = app.tenant().api_key("portal");
    app.post("/api/v1/events/ingest", &json!(events)).api_key(&key).send().await.expect(202);
    app.drain().await;
}

async fn standing(app: &TestApp) -> (i32, String) {
    let row = app.db().await.query_one("SELECT total_score, tier FROM lead_standings", &[]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn count(app: &TestApp, from: &str) -> i64 {
    app.db().await.query_one(&format!("SELECT count(*) FROM {from}"), &[]).await.unwrap().get(0)
}

/// Tenants and leads of a run. Old leads with enough points are asked about for Discovery in every run.
async fn turn(app: &TestApp, moment: Timestamp) -> (u64, u64) {
    let done = decay(app, moment).await;
    (done["tenants"].as_u64().unwrap(), done["leads"].as_u64().unwrap())
}

#[tokio::test]
async fn what_expired_no_longer_counts_and_is_still_shown() {
    let app = TestApp::new().await;
    app.slack().set_burst(100);
    happens(&app, &[("meeting_booked", 80), ("webinar_attended", 1), ("conference_scan", 1)]).await;
    assert_eq!(standing(&app).await, (60, "hot".to_owned()));
    let alerts = "effects WHERE cause LIKE 'tier:%'";
    assert_eq!(count(&app, alerts).await, 1);

    // Nothing is due yet; later something is, but it is no turn of the tenant.
    assert_eq!(turn(&app, berlin(9, 2)).await, (1, 0));
    app.db().await.execute("UPDATE daily_runs SET day = day + 2", &[]).await.unwrap();
    for (day, hour) in [(11, 3), (11, 4), (11, 14), (12, 0), (12, 1)] {
        assert_eq!(turn(&app, berlin(day, hour)).await, (0, 0), "{hour} o'clock");
    }
    assert_eq!(standing(&app).await, (60, "hot".to_owned()));

    assert_eq!(turn(&app, berlin(12, 2)).await, (1, 1));

    assert_eq!(standing(&app).await, (35, "warm".to_owned()));
    assert_eq!(count(&app, "score_history WHERE withdrawn_at IS NULL").await, 3, "history stays as it was");
    assert_eq!(turn(&app, berlin(12, 2)).await, (0, 0), "once a day");
    assert_eq!(turn(&app, berlin(12, 2) + SignedDuration::from_mins(59)).await, (0, 0));
    // What is left goes with time.
    assert_eq!(turn(&app, berlin(95, 2)).await, (1, 1));
    assert_eq!(standing(&app).await, (0, "cold".to_owned()));
    app.drain().await;
    assert_eq!((count(&app, alerts).await, app.slack().messages().len()), (1, 1), "falling is no alert");
}

#[tokio::test]
async fn the_days_without_and_with_two_two_o_clocks() {
    let app = TestApp::new().await;
    let utc = |day: jiff::civil::Date, hour| day.at(hour, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp();
    let turns = async |day| {
        let mut turns = Vec::new();
        let before = jiff::civil::Date::yesterday(day).unwrap();
        // The day before is done.
        assert_eq!(decay(&app, utc(before, 12)).await["tenants"], 1);
        for moment in [utc(before, 22), utc(before, 23)].into_iter().chain((0..22).map(|hour| utc(day, hour))) {
            if decay(&app, moment).await["tenants"] == 1 {
                turns.push(moment);
            }
        }
        turns
    };
    // In spring the clock goes from two to three: at 01:00 UTC it is three.
    let spring = date(2030, 3, 31);
    assert_eq!(turns(spring).await, [utc(spring, 1)]);
    let usual = date(2030, 7, 1);
    assert_eq!(turns(usual).await, [utc(usual, 0)]);
    // In autumn it is two at 00:00 UTC, and again an hour later.
    let autumn = date(2030, 10, 27);
    assert_eq!(turns(autumn).await, [utc(autumn, 0)]);
}

/// Leads of a tenant with 25 points that expired an hour ago.
async fn expired_leads(app: &TestApp, tenant: &str, leads: i32) {
    let tenant: Uuid = tenant.parse().unwrap();
    let db = app.db().await;
    let statements = [
        "INSERT INTO leads (id, tenant_id, email, created_at, updated_at)
         SELECT gen_random_uuid(), $1, 'old' || n || '@gmx.de', now() - interval '91 days', now() FROM generate_series(1, $2::integer) n",
        "INSERT INTO score_history (tenant_id, lead_id, rule_id, event_id, rule_version, category, points, awarded_at, expires_at)
         SELECT l.tenant_id, l.id, r.id, gen_random_uuid(), r.version, r.category, r.points, now() - interval '91 days', now() - interval '1 hour'
           FROM leads l JOIN scoring_rules r ON r.tenant_id = l.tenant_id AND r.slug = 'meeting-booked'
          WHERE l.tenant_id = $1 AND $2::integer > 0",
        "INSERT INTO lead_standings (lead_id, tenant_id, behavior, total_score, tier, next_expiry_at, first_seen_at, last_activity_at,
                                     rule_set_version, evaluated_at)
         SELECT l.id, l.tenant_id, 25, 25, 'warm', now() - interval '1 hour', l.created_at, l.created_at, t.rule_set_version, now()
           FROM leads l JOIN tenants t ON t.id = l.tenant_id WHERE l.tenant_id = $1 AND $2::integer > 0",
    ];
    for statement in statements {
        db.execute(statement, &[&tenant, &leads]).await.unwrap();
    }
}

#[tokio::test]
async fn more_leads_than_one_round_takes() {
    let app = TestApp::new().await;
    expired_leads(&app, &app.tenant().id, 1_100).await;
    assert_eq!(decay(&app, berlin(1, 2)).await, done(1, 1_100, 0));
    assert_eq!(count(&app, "lead_standings WHERE total_score = 0 AND tier = 'cold'").await, 1_100);
    assert_eq!(decay(&app, berlin(2, 2)).await, done(1, 0, 0));
}

/// The hour in which nothing ran, or in which the database was away, is made up for by the next one, and no day is done twice.
#[tokio::test]
async fn a_missed_hour_is_no_missed_day() {
    let app = TestApp::new().await;
    assert_eq!(decay(&app, berlin(1, 2)).await, done(1, 0, 0));
    expired_leads(&app, &app.tenant().id, 3).await;
    app.database_down();
    app.invoke("score-decay", json!({"scheduled_for": berlin(2, 2)})).await.unwrap_err();
    app.database_up();
    assert_eq!(decay(&app, berlin(2, 3)).await, done(1, 3, 0));
    assert_eq!(decay(&app, berlin(2, 4)).await, done(0, 0, 0));
    // A run that comes late, for an hour that another one has done since, does nothing a second time.
    assert_eq!(decay(&app, berlin(2, 2)).await, done(0, 0, 0));
    assert_eq!(decay(&app, berlin(5, 23)).await, done(1, 0, 0), "after days without a run");
    assert_eq!(decay(&app, berlin(6, 2)).await, done(1, 0, 0));
}

/// Leads whose message to the router was lost, whatever became of it.
#[tokio::test]
async fn the_router_is_asked_again_about_leads_that_it_has_not_heard_of() {
    let app = TestApp::new().await;
    app.slack().set_burst(100);
    let ready = |email: &str| {
        ["demo_requested", "form_submitted", "meeting_booked"].map(|event_type| {
            json!({"event_type": event_type, "source": "portal", "lead_identifier": {"email": email},
                   "metadata": {"interest": "clinic diagnostics", "page_path": "/b2b"}})
        })
    };
    let key = app.tenant().api_key("portal");
    let events: Vec<Value> =
        ["a@lab.example", "b@lab.example", "c@lab.example"].iter().flat_map(|email| ready(email)).collect();
    app.post("/api/v1/events/ingest", &json!(events)).api_key(&key).send().await.expect(202);
    app.deliver("events").await;
    assert!(app.sqs().clear("routing") > 0, "they are lost");
    app.db().await.execute("UPDATE leads SET suppressed = true WHERE email = 'c@lab.example'", &[]).await.unwrap();
    app.drain().await;
    assert_eq!(count(&app, "deals").await, 0);

    let undecided = async |moment| decay(&app, moment).await["undecided"].as_u64().unwrap();
    assert_eq!(undecided(now()).await, 0, "their message may be on its way");
    assert_eq!(undecided(now() + SignedDuration::from_mins(30)).await, 2, "in any hour");
    app.drain().await;
    assert_eq!(count(&app, "deals").await, 2);
    assert_eq!(undecided(now() + SignedDuration::from_mins(60)).await, 0);

    // A conflict that a person was asked about is not one that nobody has heard of; closed without a decision, it is.
    let conflict = "WITH asked AS (
          INSERT INTO tasks (id, tenant_id, title, kind, status, created_at, updated_at)
          SELECT gen_random_uuid(), tenant_id, 'x', 'decide_pipeline', 'open', now(), now() FROM leads WHERE suppressed RETURNING id),
        marked AS (UPDATE leads SET suppressed = false, conflict_task_id = (SELECT id FROM asked) WHERE suppressed RETURNING id)
        UPDATE lead_standings SET conflict = true, intent_confidence = 400 WHERE lead_id = (SELECT id FROM marked)";
    app.db().await.execute(conflict, &[]).await.unwrap();
    assert_eq!(undecided(now() + SignedDuration::from_mins(60)).await, 0);
    app.db().await.execute("UPDATE tasks SET status = 'cancelled' WHERE title = 'x'", &[]).await.unwrap();
    assert_eq!(undecided(now() + SignedDuration::from_mins(60)).await, 1);
    app.drain().await;
}

#[tokio::test]
async fn one_tenant_that_fails_does_not_hold_up_the_others() {
    let app = TestApp::new().await;
    let (second, third) = (app.new_tenant("second").await, app.new_tenant("third").await);
    for tenant in [app.tenant(), &second, &third] {
        expired_leads(&app, &tenant.id, 3).await;
    }
    let db = app.db().await;
    // Whatever comes first in the list of tenants: each of the three is the broken one once.
    for (day, broken) in [&app.tenant().id, &second.id, &third.id].into_iter().enumerate() {
        let moment = berlin(1 + i64::try_from(day).unwrap(), 2);
        let broken: Uuid = broken.parse().unwrap();
        let again = "UPDATE lead_standings SET behavior = 25, total_score = 25, tier = 'warm', next_expiry_at = now() - interval '1 hour'";
        db.execute(again, &[]).await.unwrap();
        db.batch_execute(&format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a broken tenant'; END $$;
             CREATE TRIGGER refuse BEFORE UPDATE ON lead_standings FOR EACH ROW WHEN (NEW.tenant_id = '{broken}') EXECUTE FUNCTION refuse()"
        ))
        .await
        .unwrap();
        let refused = app.invoke("score-decay", json!({"scheduled_for": moment})).await.unwrap_err().to_string();
        db.batch_execute("DROP TRIGGER refuse ON lead_standings; DROP FUNCTION refuse").await.unwrap();
        assert!(app.logs("score-decay").contains(&format!("\"tenant\":\"{broken}\"")), "{}", app.logs("score-decay"));
        let left = "SELECT DISTINCT tenant_id FROM lead_standings WHERE total_score > 0";
        let left: Vec<Uuid> = db.query(left, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        assert_eq!(left, [broken], "{refused}");
    }
    // The next run catches up with the one that failed; the others have done their day.
    assert_eq!(decay(&app, berlin(3, 3)).await, done(1, 3, 0));
    assert_eq!(decay(&app, berlin(4, 2)).await, done(3, 0, 0));
}

#[tokio::test]
async fn a_score_that_stays_high_with_an_unclear_intent_leads_to_discovery() {
    let app = TestApp::new().await;
    app.slack().set_burst(100);
    // Forty points and no word about what is wanted, twenty days ago; the events come only now.
    happens(&app, &[("meeting_booked", 20), ("webinar_attended", 20)]).await;
    assert_eq!(count(&app, "routing_decisions").await, 0, "new here, the router was not asked");

    assert_eq!(decay(&app, berlin(1, 2)).await, done(1, 0, 1));
    app.drain().await;

    let statement = "SELECT r.outcome, d.id IS NOT NULL, p.slug, l.deal_id = d.id
        FROM routing_decisions r JOIN leads l ON l.id = r.lead_id LEFT JOIN deals d ON d.id = r.deal_id
        LEFT JOIN pipelines p ON p.id = d.pipeline_id";
    let rows = app.db().await.query(statement, &[]).await.unwrap();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!((row.get::<_, &str>(0), row.get::<_, bool>(1)), ("discovery", true));
    assert_eq!((row.get::<_, &str>(2), row.get::<_, bool>(3)), ("discovery", true));
    assert_eq!(decay(&app, berlin(2, 2)).await, done(1, 0, 0), "a routed lead is not asked about again");
}

#[tokio::test]
async fn a_score_that_is_high_for_a_few_days_only_waits() {
    let app = TestApp::new().await;
    app.slack().set_burst(100);
    happens(&app, &[("meeting_booked", 5), ("webinar_attended", 5)]).await;
    assert_eq!(decay(&app, berlin(1, 2)).await, done(1, 0, 0));
    app.drain().await;
    assert_eq!((count(&app, "routing_decisions").await, count(&app, "deals").await), (0, 0));
}

/// A lead that the walk after a publication has missed is not called up to date because something of it expired.
#[tokio::test]
async fn with_new_rules_everything_is_counted_anew_not_only_what_expired() {
    let app = TestApp::new().await;
    happens(&app, &[("meeting_booked", 80), ("webinar_attended", 1), ("conference_scan", 1)]).await;
    assert_eq!(standing(&app).await.0, 60);
    app.publish_points("webinar-attended", 40).await;

    assert_eq!(turn(&app, berlin(12, 2)).await, (1, 1));

    assert_eq!(standing(&app).await.0, 60, "the meeting has gone, the webinar counts 25 more");
    app.drain().await;
}
