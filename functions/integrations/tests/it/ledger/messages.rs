//! How many messages there are about one effect: of all that were ever sent, one goes on. Each that goes on is followed by at most one,
//! so that neither deliveries nor deaths make more of them.

use std::time::Duration;

use serde_json::json;
use testkit::fakes::strict::Trouble;

use super::World;

impl World {
    /// Messages on the worker's queue, whether they are visible or not.
    fn on_the_queue(&self) -> usize {
        let depth = self.app.sqs().depth("slack");
        depth.visible + depth.hidden
    }

    /// Every message comes up to five times, to two workers at once.
    fn repeat(&self) {
        self.app.set_batch_size("slack", 1);
        self.app.set_concurrency("slack", 2);
        self.app.redeliver(3, 5);
    }
}

#[tokio::test]
async fn what_waits_behind_another_stays_one_message_however_often_it_comes() {
    let world = World::generous().await;
    world.ask("first", json!({"target": "record"})).await;
    // A worker took it and ended; nobody knows before its lease has ended, too.
    world.execute("UPDATE effects SET status = 'sending', attempts = 1, lease_until = now() + interval '1 hour'").await;
    let second = world.ask("second", json!({"target": "record"})).await;
    world.repeat();
    for round in 0..10 {
        let sent = world.app.sqs().sent();
        world.app.deliver("slack").await;
        let more = world.app.sqs().sent() - sent;
        assert!(more <= 1 && world.on_the_queue() == 1, "round {round}: {more} sent, {} there", world.on_the_queue());
        world.app.sqs().advance(Duration::from_secs(2));
    }
    world.execute("UPDATE effects SET status = 'done' WHERE cause = 'first'").await;
    world.app.drain().await;
    assert_eq!(world.references(), [second.to_string()]);
}

/// The worst moment is while the partner works: nobody says whether it was done, and the message of the dead worker comes again, beside
/// what the sweeps send and what is sent when the partner is asked.
#[tokio::test]
async fn deaths_leave_one_message_behind_and_one_object() {
    const DEATHS: usize = 4;
    let world = World::generous().await;
    world.app.allow_leftovers();
    world.repeat();
    let before = world.app.sqs().sent();
    let effect = world.ask("mortal", json!({})).await;
    let mut most = 0;
    for death in 0..DEATHS {
        world.strict.trouble_next(Trouble::Silent { kept: false });
        let killed = async {
            while world.strict.unmet() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            world.app.kill("slack-worker");
            std::future::pending::<()>().await;
        };
        tokio::select! {
            _ = world.app.deliver("slack") => {}
            () = killed => {}
        }
        assert_eq!(world.status(effect).await, "sending", "death {death}");
        // The lease ends, the partner is asked, and asked again: it has none, and the next worker may try.
        for (seconds, job) in [(250, "outbox-relay"), (121, "effects-reconcile"), (61, "effects-reconcile")] {
            world.pass(seconds).await;
            world.app.run_job(job, json!({})).await;
            world.app.deliver("slack").await;
            most = most.max(world.on_the_queue());
        }
        assert_eq!(world.status(effect).await, "pending", "death {death}");
    }
    world.app.drain().await;
    assert_eq!((world.status(effect).await.as_str(), world.strict.writes().len()), ("done", 1));
    let sent = world.app.sqs().sent() - before;
    // For each death: the relay's, the one for each of two looks, and the one to try again.
    assert!(sent <= 1 + 4 * DEATHS as u64, "{sent} messages for {DEATHS} deaths");
    assert!(most <= 2, "{most} messages about one effect at once");
    eprintln!("{DEATHS} deaths: {sent} messages sent, at most {most} at once");
}
