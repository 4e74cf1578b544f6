//! What may have been done is asked about before anything is done again.

use serde_json::json;
use testkit::fakes::strict::Trouble;
use uuid::Uuid;

use super::World;

impl World {
    /// Lets time pass for the ledger, the queues and the partner.
    pub(super) async fn pass(&self, seconds: u64) {
        let time = std::time::Duration::from_secs(seconds);
        testkit::acceptance::pass(&self.app, time).await;
        self.strict.advance(time);
    }

    fn queue(&self, effect: Uuid) {
        let message = json!({"kind": "effect", "tenant_id": self.tenant, "effect_id": effect});
        self.app.sqs().send("slack", &message.to_string()).unwrap();
    }

    /// An effect whose call ended without an answer.
    async fn doubtful(&self, trouble: Trouble) -> Uuid {
        self.strict.trouble_next(trouble);
        let effect = self.ask("doubtful", json!({})).await;
        self.app.deliver("slack").await;
        assert_eq!(self.status(effect).await, "unknown", "{trouble:?}");
        effect
    }
}

#[tokio::test]
async fn what_was_done_without_an_answer_is_found_and_not_done_again() {
    for trouble in [Trouble::Broken { kept: true }, Trouble::Vanished { kept: true }] {
        let world = World::generous().await;
        let effect = world.doubtful(trouble).await;
        world.queue(effect);
        world.app.deliver("slack").await;
        assert_eq!(world.strict.requests(), 1, "not before two minutes have passed");
        world.pass(121).await;
        world.app.drain().await;
        assert_eq!((world.status(effect).await.as_str(), world.strict.writes().len()), ("done", 1));
        assert_eq!(world.column(effect, "answer").await.unwrap(), r#"{"id": 0, "version": 1}"#);
    }
}

#[tokio::test]
async fn what_is_absent_twice_a_minute_apart_is_done_again() {
    let world = World::generous().await;
    let effect = world.doubtful(Trouble::Broken { kept: false }).await;
    world.pass(121).await;
    world.app.deliver("slack").await;
    assert_eq!((world.status(effect).await.as_str(), world.strict.requests()), ("unknown", 2));
    world.queue(effect);
    world.app.deliver("slack").await;
    assert_eq!(world.strict.requests(), 2, "a partner that indexes late gets its minute");
    world.pass(61).await;
    world.app.deliver("slack").await;
    assert_eq!(world.status(effect).await, "pending");
    world.app.drain().await;
    assert_eq!((world.status(effect).await.as_str(), world.strict.writes().len()), ("done", 1));
}

#[tokio::test]
async fn what_is_indexed_late_is_found_at_the_second_look() {
    let world = World::generous().await;
    world.strict.index_next_after(std::time::Duration::from_secs(150));
    let effect = world.doubtful(Trouble::Broken { kept: true }).await;
    world.pass(121).await;
    world.app.deliver("slack").await;
    assert!(world.column(effect, "absent_at").await.is_some());
    world.pass(61).await;
    world.app.drain().await;
    assert_eq!((world.status(effect).await.as_str(), world.strict.writes().len()), ("done", 1));
}

#[tokio::test]
async fn a_lost_question_is_asked_by_the_hourly_run() {
    let world = World::generous().await;
    let effect = world.doubtful(Trouble::Broken { kept: true }).await;
    world.app.sqs().clear("slack");
    assert_eq!(world.app.run_job("effects-reconcile", json!({})).await["asked"], 0, "its own message is on the way");
    world.pass(300).await;
    assert_eq!(world.app.run_job("effects-reconcile", json!({})).await["asked"], 1);
    world.app.drain().await;
    assert_eq!((world.status(effect).await.as_str(), world.strict.writes().len()), ("done", 1));
}

#[tokio::test]
async fn a_partner_that_does_not_answer_the_question_is_asked_again() {
    let world = World::generous().await;
    let effect = world.doubtful(Trouble::Broken { kept: true }).await;
    world.strict.go_away();
    world.pass(121).await;
    world.app.deliver("slack").await;
    assert_eq!(world.status(effect).await, "unknown");
    world.strict.come_back().unwrap();
    world.pass(901).await;
    world.app.drain().await;
    assert_eq!((world.status(effect).await.as_str(), world.strict.writes().len()), ("done", 1));
}

#[tokio::test]
async fn after_an_attempt_a_create_looks_first() {
    let world = World::generous().await;
    world.strict.trouble_next(Trouble::Busy);
    let effect = world.ask("busy", json!({})).await;
    world.app.deliver("slack").await;
    assert_eq!((world.status(effect).await.as_str(), world.strict.requests()), ("pending", 1));
    world.app.drain().await;
    assert_eq!((world.status(effect).await.as_str(), world.strict.requests()), ("done", 3), "a look and a write");
}

/// A message can be delayed by a quarter of an hour, and a partner may ask for more.
#[tokio::test]
async fn a_partner_is_not_asked_before_the_time_it_named() {
    let world = World::generous().await;
    world.strict.trouble_next(Trouble::BusyFor(2000));
    let effect = world.ask("busy", json!({})).await;
    world.app.deliver("slack").await;
    for _ in 0..3 {
        assert_eq!((world.status(effect).await.as_str(), world.strict.requests()), ("pending", 1));
        world.pass(660).await;
        world.app.deliver("slack").await;
    }
    assert_eq!((world.status(effect).await.as_str(), world.strict.requests()), ("pending", 1), "1980 seconds");
    world.pass(901).await;
    world.app.deliver("slack").await;
    assert_eq!((world.status(effect).await.as_str(), world.strict.writes().len()), ("done", 1));
}

#[tokio::test]
async fn what_is_doubtful_holds_up_what_follows_at_the_same_place() {
    let world = World::generous().await;
    world.strict.trouble_next(Trouble::Broken { kept: false });
    let first = world.ask("first", json!({"target": "record"})).await;
    world.app.deliver("slack").await;
    let second = world.ask("second", json!({"target": "record"})).await;
    world.app.deliver("slack").await;
    assert_eq!((world.status(first).await.as_str(), world.status(second).await.as_str()), ("unknown", "pending"));
    for seconds in [121, 61, 900, 900] {
        world.pass(seconds).await;
        world.app.deliver("slack").await;
    }
    world.app.drain().await;
    assert_eq!(world.references(), [first, second].map(|id| id.to_string()));
}
