//! The laws of the engine, through the real `event-processor` and `lead-router` on Postgres.

use serde_json::{Value, json};
use testkit::TestApp;

use crate::world::{self, assert_same, check_invariants, routed, send, shuffled, state};

const PEOPLE: usize = 12;
const EVENTS: usize = 400;

async fn delivered(log: &[world::Sent], per_message: usize, batch: usize, processors: usize) -> TestApp {
    let app = TestApp::new().await;
    world::without_slack(&app).await;
    deliver(&app, log, per_message, batch, processors).await;
    app
}

async fn deliver(app: &TestApp, log: &[world::Sent], per_message: usize, batch: usize, processors: usize) {
    app.set_batch_size("events", batch);
    app.set_concurrency("events", processors);
    send(app, &app.tenant().id.clone(), log, per_message);
    app.drain().await;
    check_invariants(app).await;
}

async fn reference(log: &[world::Sent]) -> (std::collections::BTreeMap<String, Value>, Vec<String>) {
    let app = delivered(log, 50, 10, 1).await;
    let found = (state(&app).await, routed(&app).await);
    assert_eq!(found.0.len(), PEOPLE, "everybody has events");
    assert!(!found.1.is_empty(), "somebody qualifies, else the law says nothing");
    found
}

#[tokio::test]
async fn order_and_redelivery_change_nothing() {
    let log = world::log(1, PEOPLE, EVENTS);
    let (expected, qualified) = reference(&log).await;
    for seed in [11, 12] {
        let app = delivered(&shuffled(&log, seed), 20, 5, 1).await;
        assert_same("shuffled and repeated", &expected, &state(&app).await);
        // A lead is routed at the moment it qualifies; whoever qualifies at the end is routed in every order.
        let routed = routed(&app).await;
        assert!(
            qualified_at_end(&app, &expected).await.iter().all(|email| routed.contains(email)),
            "{qualified:?} {routed:?}"
        );
    }
}

/// Who fulfils the thresholds at the end, from the final standings.
async fn qualified_at_end(app: &TestApp, state: &std::collections::BTreeMap<String, Value>) -> Vec<String> {
    let row =
        app.db().await.query_one("SELECT min_score, min_confidence::float8 FROM engine_settings", &[]).await.unwrap();
    let (score, confidence): (i32, f64) = (row.get(0), row.get(1));
    let ready = |standing: &Value| {
        standing["total_score"].as_i64().unwrap() >= i64::from(score)
            && standing["intent_confidence"].as_f64().unwrap() / 10.0 >= confidence
            && standing["conflict"] == false
    };
    state.iter().filter(|(_, lead)| ready(&lead["standing"])).map(|(email, _)| email.clone()).collect()
}

#[tokio::test]
async fn batches_of_any_size_end_the_same() {
    let log = world::log(2, PEOPLE, EVENTS);
    let (expected, _) = reference(&log).await;
    // One event an invocation, seven, and everything at once.
    for (per_message, batch) in [(1, 1), (1, 7), (50, 10)] {
        let app = delivered(&log, per_message, batch, 1).await;
        assert_same(&format!("{per_message} × {batch}"), &expected, &state(&app).await);
    }
}

#[tokio::test]
async fn four_processors_on_the_same_people_end_the_same() {
    let log = world::log(3, PEOPLE, EVENTS);
    let (expected, _) = reference(&log).await;
    let app = delivered(&shuffled(&log, 31), 5, 2, 4).await;
    assert_same("four at once", &expected, &state(&app).await);
}

/// With few events each, what counts is copied beside the standing, and the copies are what the next events are worked on with.
#[tokio::test]
async fn copies_of_what_counts_end_the_same() {
    let log = world::log(5, 90, EVENTS);
    let one = delivered(&log, 50, 10, 1).await;
    assert!(world::check_copies(&one.db().await).await > 60);
    // Without copies: the history itself is read each time.
    let none = TestApp::new().await;
    world::without_slack(&none).await;
    let forget = "CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.counted = NULL; RETURN NEW; END $$;
                  CREATE TRIGGER forget BEFORE INSERT OR UPDATE ON lead_standings FOR EACH ROW EXECUTE FUNCTION forget()";
    none.db().await.batch_execute(forget).await.unwrap();
    send(&none, &none.tenant().id.clone(), &log, 50);
    none.drain().await;
    assert_eq!(world::check_copies(&none.db().await).await, 0);
    assert_same("without copies", &state(&one).await, &state(&none).await);
    let four = delivered(&shuffled(&log, 51), 5, 2, 4).await;
    assert_same("four at once", &state(&one).await, &state(&four).await);
}

/// A rule of events that also reads the profile: a title that arrives later, or one of an earlier event, changes what old events are
/// worth, while other processors write about the same person.
#[tokio::test]
async fn a_rule_that_also_reads_the_profile_ends_the_same() {
    const HEADS: usize = 60;
    let log = world::log(6, HEADS, EVENTS);
    let rule = json!({
        "slug": "head-visits", "name": "A head of something visits", "rule_type": "event", "category": "behavior", "points": 7,
        "max_per_day": 1,
        "conditions": {"all": [{"field": "event_type", "op": "in", "value": ["page_visited", "email_opened", "webinar_attended"]},
                               {"field": "lead.job_title", "op": "contains", "value": "head"}]},
    });
    let with_rule = async |log: &[world::Sent], per_message, batch, processors| {
        let app = TestApp::new().await;
        world::without_slack(&app).await;
        app.post("/api/v1/scoring/rules", &rule).bearer(&app.token("admin")).send().await.expect(201);
        app.drain().await;
        deliver(&app, log, per_message, batch, processors).await;
        state(&app).await
    };
    let expected = with_rule(&log, 50, 10, 1).await;
    let counted = expected.values().filter(|lead| lead["awards"].to_string().contains("head-visits")).count();
    assert!((1..HEADS).contains(&counted), "it counts for some people and not for others: {counted}");
    assert_same("shuffled and repeated", &expected, &with_rule(&shuffled(&log, 61), 20, 5, 1).await);
    for seed in [62, 63] {
        assert_same("four at once", &expected, &with_rule(&shuffled(&log, seed), 5, 2, 4).await);
    }
}

#[tokio::test]
async fn rebuilding_gives_equal_tables() {
    let log = world::log(4, PEOPLE, EVENTS);
    let app = delivered(&shuffled(&log, 41), 20, 5, 1).await;
    let before = state(&app).await;
    let db = app.db().await;
    // Dropping everything derived leaves the log; a new rule-set version makes every lead be evaluated again.
    db.batch_execute(
        "DELETE FROM score_history; DELETE FROM intent_signals; DELETE FROM lead_standings;
         INSERT INTO rule_set_versions SELECT tenant_id, version + 1, jsonb_set(snapshot, '{version}', to_jsonb(version + 1)), now(), 'test'
           FROM rule_set_versions;
         UPDATE tenants SET rule_set_version = rule_set_version + 1",
    )
    .await
    .unwrap();
    let version: i32 = db.query_one("SELECT rule_set_version FROM tenants", &[]).await.unwrap().get(0);
    let step = json!({"kind": "recalculate", "tenant_id": app.tenant().id, "rule_set_version": version, "after": null});
    app.sqs().send("events", &step.to_string()).unwrap();
    app.drain().await;
    check_invariants(&app).await;
    let mut after = state(&app).await;
    for (email, lead) in &mut after {
        lead["standing"]["rule_set_version"] = before[email]["standing"]["rule_set_version"].clone();
    }
    assert_same("rebuilt", &before, &after);
}
