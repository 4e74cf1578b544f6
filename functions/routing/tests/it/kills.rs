//! Functions that die at any moment: nothing accepted is lost, nothing happens twice.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use testkit::TestApp;

use crate::world::{self, assert_same, check_invariants, send, shuffled, state};

const PEOPLE: usize = 40;
const EVENTS: usize = 2_000;

/// Invocations that die, by SIGKILL after some part of what they say to Postgres.
const DEATHS: usize = 200;

/// How many of them are the router's at least.
const ROUTER_DEATHS: usize = 40;

/// More than this many rounds mean that the kills miss: then the test says nothing.
const MOST_ROUNDS: u64 = 60;

/// Pieces in which a delivery speaks to Postgres, from the sign-in to the end of its last transaction: the processor's of several
/// batches, the router's of one.
const PROCESSOR_PIECES: u64 = 60;
const ROUTER_PIECES: u64 = 14;

#[tokio::test]
async fn two_hundred_deaths_lose_and_double_nothing() {
    let log = world::log(5, PEOPLE, EVENTS);
    let expected = {
        let app = TestApp::new().await;
        world::without_slack(&app).await;
        send(&app, &app.tenant().id.clone(), &log, 50);
        app.drain().await;
        state(&app).await
    };

    let app = TestApp::new().await;
    world::without_slack(&app).await;
    app.set_batch_size("events", 4);
    let tenant = app.tenant().id.clone();
    let mut random = StdRng::seed_from_u64(51);
    let (mut processors, mut routers) = (0, 0);
    let mut round = 0;
    while processors + routers < DEATHS || routers < ROUTER_DEATHS {
        round += 1;
        assert!(round <= MOST_ROUNDS, "{processors} processors and {routers} routers died in {MOST_ROUNDS} rounds");
        // Everything again and again, in another order each time: deliveries to die in, all of them repetitions in the end.
        send(&app, &tenant, &shuffled(&log, round)[..EVENTS / 2], 25);
        ask_router(&app).await;
        for _ in 0..40 {
            if random.random_bool(0.6) {
                processors += die(&app, "events", "event-processor", random.random_range(0..PROCESSOR_PIECES)).await;
            } else {
                routers += die(&app, "routing", "lead-router", random.random_range(0..ROUTER_PIECES)).await;
            }
        }
    }
    send(&app, &tenant, &log, 50);
    // What deaths left in the dead-letter queues after too many receives comes back by itself.
    for day in 1..20 {
        app.drain().await;
        app.run_job("outbox-relay", in_days(day)).await;
        if app.leftovers().is_empty() {
            break;
        }
    }
    check_invariants(&app).await;
    let accepted = log.len() as i64;
    let db = app.db().await;
    let stored: i64 = db.query_one("SELECT count(*) FROM events", &[]).await.unwrap().get(0);
    let parked: i64 = db.query_one("SELECT count(*) FROM inbox WHERE status = 'open'", &[]).await.unwrap().get(0);
    assert_eq!(stored + parked, accepted, "accepted = processed + quarantined");
    assert_same(&format!("after {DEATHS} deaths"), &expected, &state(&app).await);
}

/// Delivers a queue and kills its consumer once it has sent so much to Postgres: how far it has come decides, not the clock, so that
/// a slow machine kills at the same moments. Answers with the invocations that died: a process that was killed between two of them
/// had nothing to lose, and one that sends less lives on.
async fn die(app: &TestApp, queue: &str, consumer: &str, pieces: u64) -> usize {
    let death = async {
        app.database_proxy().sent(pieces).await;
        app.kill(consumer);
        std::future::pending::<testkit::Delivered>().await
    };
    let delivered = tokio::select! {
        delivered = app.deliver(queue) => delivered,
        never = death => never,
    };
    delivered.errors.iter().filter(|error| error.contains("process ended")).count()
}

/// Asks the router about everybody, few at a time.
async fn ask_router(app: &TestApp) {
    let rows = app.db().await.query("SELECT id::text FROM leads ORDER BY id", &[]).await.unwrap();
    let leads: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    for some in leads.chunks(5) {
        let body = serde_json::json!({"kind": "leads_changed", "tenant_id": app.tenant().id, "lead_ids": some});
        app.sqs().send("routing", &body.to_string()).unwrap();
    }
}

/// The relay looks at what was committed more than half a minute ago, and lets what was given up rest a little longer each time.
fn in_days(days: i64) -> serde_json::Value {
    serde_json::json!({"scheduled_for": jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days)})
}

#[tokio::test]
async fn a_database_that_is_away_for_a_while_loses_nothing() {
    let app = TestApp::new().await;
    world::without_slack(&app).await;
    let key = app.tenant().api_key("portal");
    let log = world::log(6, 5, 60);
    let (before, while_away) = log.split_at(20);
    let ingest = async |events: &[world::Sent]| {
        let body: Vec<_> = events.iter().map(|sent| sent.event.clone()).collect();
        app.post("/api/v1/events/ingest", &serde_json::json!(body)).api_key(&key).send().await.expect(202);
    };
    ingest(before).await;
    app.drain().await;
    app.database_down();
    for part in while_away.chunks(10) {
        ingest(part).await;
        // The processor tries, and fails, and the messages stay.
        let delivered = app.deliver("events").await;
        assert_eq!(delivered.failures, delivered.messages, "nothing can be processed now");
    }
    app.database_up();
    app.drain().await;
    check_invariants(&app).await;
    let stored: i64 = app.db().await.query_one("SELECT count(*) FROM events", &[]).await.unwrap().get(0);
    assert_eq!(stored, 60);
}
