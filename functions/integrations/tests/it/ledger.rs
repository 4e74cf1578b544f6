//! What waits for something, what people ask for, and what is asked about: the ledger's own rules, with the strict partner.

mod doubt;
mod messages;
mod plans;

use serde_json::{Value, json};
use testkit::app::{TestApp, tenant_input};
use testkit::fakes::strict::Strict;
use testkit::runtime::Function;
use uuid::Uuid;

use crate::acceptance::process;

/// A product whose tenant is connected to the strict partner, which stands in Slack's place.
struct World {
    app: TestApp,
    strict: Strict,
    driver: Function,
    tenant: Uuid,
}

impl World {
    async fn new(per_second: f64, burst: f64) -> Self {
        let app = TestApp::bare().await;
        let strict = Strict::start("key").unwrap();
        app.replace("slack-worker", process::worker(&strict));
        let driver = app.spawn_as("slack-worker", &process::driver(&strict));
        let mut input = tenant_input("strict");
        input["integrations"] = json!({"slack": {"api_key": "key", "per_second": per_second, "burst": burst}});
        let tenant = app.create_tenant(input).await.id.parse().unwrap();
        Self { app, strict, driver, tenant }
    }

    async fn generous() -> Self {
        Self::new(1000.0, 1000.0).await
    }

    /// Has the flow do something, as an endpoint would.
    async fn drive(&self, op: &str, mut input: Value) -> Value {
        input["op"] = json!(op);
        input["tenant"] = json!(self.tenant);
        self.driver.invoke(&input).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Writes an effect; answers with its id.
    async fn ask(&self, cause: &str, mut more: Value) -> Uuid {
        more["cause"] = json!(cause);
        if more.get("target").is_none() {
            more["target"] = json!(cause);
        }
        let answer = self.drive("ask", more).await;
        answer["effect"].as_str().unwrap_or_else(|| panic!("{answer}")).parse().unwrap()
    }

    async fn status(&self, effect: Uuid) -> String {
        self.column(effect, "status").await.unwrap_or_default()
    }

    async fn column(&self, effect: Uuid, name: &str) -> Option<String> {
        let statement = format!("SELECT {name}::text FROM effects WHERE id = $1");
        self.app.db().await.query_one(&statement, &[&effect]).await.unwrap().get(0)
    }

    async fn execute(&self, statement: &str) {
        self.app.db().await.batch_execute(statement).await.unwrap();
    }

    /// From now on the budget is no matter.
    async fn widen(&self) {
        self.execute(
            r#"UPDATE integrations SET settings = '{"per_second": 1000, "burst": 1000}'; DELETE FROM rate_budgets"#,
        )
        .await;
    }

    fn references(&self) -> Vec<String> {
        self.strict.writes().into_iter().map(|write| write.reference).collect()
    }
}

#[tokio::test]
async fn an_effect_waits_for_what_it_needs_and_reads_its_answer() {
    let world = World::generous().await;
    let first = world.ask("customer", json!({})).await;
    let second = world.ask("project", json!({"needs": first, "kind": "update"})).await;
    let third = world.ask("offer", json!({"needs": second})).await;
    assert_eq!((world.status(second).await.as_str(), world.status(third).await.as_str()), ("waiting", "waiting"));

    world.app.drain().await;

    assert_eq!(world.references(), [first, second, third].map(|id| id.to_string()));
    assert_eq!(world.column(second, "answer").await.unwrap(), r#"{"id": 0, "version": 2}"#, "it changed what was made");
    assert_eq!(world.status(third).await, "done");
    let fourth = world.ask("later", json!({"needs": third})).await;
    assert_eq!(world.status(fourth).await, "pending", "what it needs is there already");
    world.app.drain().await;
}

#[tokio::test]
async fn what_needs_a_failed_effect_fails_with_it() {
    let world = World::generous().await;
    let first = world.ask("customer", json!({"kind": "update"})).await;
    let second = world.ask("project", json!({"needs": first})).await;
    let third = world.ask("offer", json!({"needs": second})).await;
    world.app.drain().await;
    assert_eq!(world.column(first, "error").await.as_deref(), Some("nothing_to_change"));
    assert_eq!(world.column(first, "fault").await.as_deref(), Some("content"));
    for effect in [second, third] {
        assert_eq!(world.status(effect).await, "failed");
        assert_eq!(world.column(effect, "error").await.as_deref(), Some("needs_failed"));
    }
    let fourth = world.ask("later", json!({"needs": third})).await;
    assert_eq!(world.status(fourth).await, "failed", "it can never have what it needs");
    assert_eq!(world.strict.requests(), 0);
}

#[tokio::test]
async fn an_effect_waits_for_its_moment_also_behind_what_it_needs() {
    let world = World::generous().await;
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let alone = world.ask("alone", json!({"not_before": soon})).await;
    let first = world.ask("first", json!({})).await;
    let second = world.ask("second", json!({"needs": first, "not_before": soon})).await;
    world.app.drain().await;
    assert_eq!(world.app.run_job("outbox-relay", json!({})).await["effects"], 0);
    assert_eq!((world.status(alone).await.as_str(), world.status(second).await.as_str()), ("waiting", "waiting"));

    let in_time = json!({"scheduled_for": soon + jiff::SignedDuration::from_secs(1)});
    assert_eq!(world.app.run_job("outbox-relay", in_time).await["effects"], 2);
    world.app.drain().await;
    assert_eq!((world.status(alone).await.as_str(), world.status(second).await.as_str()), ("done", "done"));
}

#[tokio::test]
async fn what_is_called_off_is_not_done_and_takes_with_it_what_needs_it() {
    let world = World::generous().await;
    world.strict.go_away();
    let first = world.ask("first", json!({})).await;
    let second = world.ask("second", json!({"needs": first})).await;
    assert_eq!(world.drive("cancel", json!({"effect": first})).await, json!([first]));
    assert_eq!((world.status(first).await.as_str(), world.status(second).await.as_str()), ("cancelled", "failed"));
    world.strict.come_back().unwrap();
    world.app.drain().await;
    assert_eq!(world.strict.requests(), 0);
    let done = world.ask("done", json!({})).await;
    world.app.drain().await;
    assert_eq!(world.drive("cancel", json!({"effect": done})).await, json!([]), "what is done is done");
}

#[tokio::test]
async fn what_ended_by_another_way_is_passed_on_by_the_hourly_run() {
    let world = World::generous().await;
    let first = world.ask("first", json!({})).await;
    let second = world.ask("second", json!({"needs": first})).await;
    world.app.sqs().clear("slack");
    world.execute("UPDATE effects SET status = 'done', answer = '{}' WHERE cause = 'first'").await;
    let done = world.app.run_job("effects-reconcile", json!({})).await;
    assert_eq!(done, json!({"asked": 0, "resumed": 0, "released": 1}));
    world.app.drain().await;
    assert_eq!(world.status(second).await, "done");
}

#[tokio::test]
async fn the_same_cause_is_the_same_effect() {
    let world = World::generous().await;
    let first = world.ask("deal:1:won", json!({})).await;
    assert_eq!(world.ask("deal:1:won", json!({})).await, first);
    world.app.drain().await;
    assert_eq!(world.references(), [first.to_string()]);
    assert_eq!(world.column(first, "asked_by").await.as_deref(), Some("sam"));
}

#[tokio::test]
async fn a_person_is_told_where_to_connect() {
    let world = World::generous().await;
    world.execute("UPDATE integrations SET active = false").await;
    let answer = world.drive("ask", json!({"cause": "x", "target": "y"})).await;
    assert_eq!(answer["code"], "not_connected");
    assert!(answer["detail"].as_str().unwrap().contains("Integrations"), "{answer}");
    assert_eq!(world.app.db().await.query("SELECT FROM effects", &[]).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_person_gets_the_answer_or_the_effect() {
    // One call in five seconds.
    let world = World::new(0.2, 1.0).await;
    let mut verdicts = Vec::new();
    for cause in ["first", "second"] {
        let effect = world.ask(cause, json!({"priority": "user"})).await;
        verdicts.push(world.drive("now", json!({"effect": effect})).await["verdict"].clone());
    }
    assert_eq!(verdicts, ["done", "accepted"]);
    let backfill = world.ask("old", json!({"priority": "backfill"})).await;
    world.app.deliver("slack").await;
    assert_eq!(world.status(backfill).await, "pending", "nothing is caught up on while a person waits");
    world.widen().await;
    world.app.drain().await;
    assert_eq!(world.strict.writes().len(), 3);
}

#[tokio::test]
async fn a_person_does_not_wait_behind_what_is_less_urgent_at_the_same_place() {
    let world = World::new(0.2, 1.0).await;
    let old = world.ask("old", json!({"target": "record", "priority": "backfill"})).await;
    let new = world.ask("new", json!({"target": "record", "priority": "user"})).await;
    assert_eq!(world.drive("now", json!({"effect": new})).await["verdict"], "accepted", "the older one comes first");
    assert_eq!(world.column(old, "priority").await.as_deref(), Some("user"), "and is as urgent now");
    world.widen().await;
    world.app.drain().await;
    assert_eq!(world.references(), [old, new].map(|id| id.to_string()));
}

#[tokio::test]
async fn what_is_less_urgent_leaves_room() {
    let world = World::new(0.001, 10.0).await;
    for (priority, taken) in [("backfill", 5), ("webhook", 8), ("user", 10)] {
        for n in 0..10 {
            world.ask(&format!("{priority}-{n}"), json!({"priority": priority})).await;
        }
        world.app.deliver("slack").await;
        assert_eq!(world.strict.writes().len(), taken, "{priority}");
        world.app.sqs().clear("slack");
    }
    let budget = world.drive("budget", json!({})).await;
    let (used, free_in_ms) = (budget[0].as_f64().unwrap(), budget[1].as_f64().unwrap());
    assert!((0.9..=1.0).contains(&used) && (9_000_000.0..10_000_001.0).contains(&free_in_ms), "{budget}");
}

/// One call a second, and others that take one as soon as there is one: somebody who needs two, to look before writing, gets them.
#[tokio::test]
async fn who_needs_two_calls_is_not_passed_over_for_ever() {
    let world = World::generous().await;
    let client = world.app.database().app_client().await.unwrap();
    client.batch_execute("BEGIN").await.unwrap();
    client.query_one("SELECT lotse.enter_tenant($1)", &[&world.tenant]).await.unwrap();
    let statement =
        "SELECT taken FROM lotse.take_calls('{k}', '{1}', '{1}', $1, 'webhook', 2000, now() + $2 * interval '100 ms')";
    let (mut singles, mut pairs) = (0, 0);
    for tenth in 0..300 {
        for (calls, every, count) in [(2, 1, &mut pairs), (1, 3, &mut singles)] {
            if tenth % every == 0 {
                let row = client.query_one(statement, &[&calls, &f64::from(tenth)]).await.unwrap();
                *count += i32::from(row.get::<_, bool>(0));
            }
        }
    }
    assert!(pairs >= 5, "{pairs} pairs beside {singles} single calls in 30 seconds");
    assert!(2 * pairs + singles <= 32, "{pairs} pairs and {singles} single calls are more than the budget has");
}

#[tokio::test]
async fn a_pause_that_a_partner_asks_for_holds_for_everybody() {
    let world = World::generous().await;
    world.strict.trouble_next(testkit::fakes::strict::Trouble::Limited(60));
    let first = world.ask("first", json!({})).await;
    world.app.deliver("slack").await;
    let user = world.ask("user", json!({"priority": "user"})).await;
    assert_eq!(world.drive("now", json!({"effect": user})).await["verdict"], "accepted");
    let asked = world.strict.requests();
    world.app.deliver("slack").await;
    assert_eq!(world.strict.requests(), asked, "nobody calls during the pause");
    world.execute("DELETE FROM rate_budgets").await;
    world.app.drain().await;
    assert_eq!((world.status(first).await.as_str(), world.status(user).await.as_str()), ("done", "done"));
}

#[tokio::test]
async fn a_test_that_succeeds_lets_everything_go_on_at_once() {
    let world = World::generous().await;
    world.strict.set_key("another");
    let first = world.ask("first", json!({"target": "x"})).await;
    let second = world.ask("second", json!({"target": "x"})).await;
    world.app.drain().await;
    assert_eq!((world.status(first).await.as_str(), world.strict.refused()), ("pending", 1));
    assert_eq!(world.column(first, "fault").await.as_deref(), Some("connection"));
    assert_eq!(world.column(first, "error_words").await.as_deref(), Some("This key is not known."));
    world.strict.set_key("key");
    assert_eq!(world.drive("works_again", json!({})).await, true);
    world.app.drain().await;
    assert_eq!(world.references(), [first, second].map(|id| id.to_string()));
}
