//! A partner that is away for hours.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::{Stage, Subject};

const TARGETS: usize = 3;

impl<S: Subject> Stage<'_, S> {
    /// The partner is away for six hours while more and more is to be done. Then it comes back.
    ///
    /// # Panics
    /// When something is not done afterwards, or twice, or out of its order.
    pub async fn outlasts_an_absence(&self) {
        let app = self.app;
        app.allow_leftovers();
        self.subject.advance(Duration::ZERO);
        self.subject.go_away();
        let mut planned: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for _hour in 0..6 {
            for n in 0..TARGETS {
                let target = format!("#away{n}");
                let id = self.insert(&target, "webhook").await;
                self.queue(id).await;
                planned.entry(target).or_default().push(id.to_string());
            }
            for _quarter in 0..4 {
                self.pass(Duration::from_secs(900)).await;
                app.deliver("slack").await;
                app.run_job("outbox-relay", json!({})).await;
            }
        }
        let early = self.subject.writes();
        assert!(early.is_empty(), "{early:?} while it was away");
        self.subject.come_back();
        self.come_to_rest().await;
        let mut arrived: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for write in self.subject.writes() {
            arrived.entry(write.target).or_default().push(write.reference);
        }
        assert_eq!(arrived, planned, "everything, in its order, once");
        let rows = self.rows().await;
        assert!(rows.values().all(|row| row.status == "done"), "{rows:?}");
        app.sqs().clear("slack");
    }
}
