//! A crowd at one budget.

use std::time::{Duration, Instant};

use serde_json::Value;
use uuid::Uuid;

use super::{Stage, Subject};
use crate::runtime::Function;

impl<S: Subject> Stage<'_, S> {
    /// Many workers with far more to do than the partner takes, and a person every second who waits for an answer. `person` does one
    /// effect at once and answers with the verdict; `limited` counts what the partner refused as too many.
    ///
    /// # Panics
    /// When the partner refused a call as too many, or a person got no answer.
    pub async fn keeps_pace(&self, workers: usize, time: Duration, person: &Function, limited: impl Fn() -> u64) {
        let app = self.app;
        app.set_batch_size("slack", 1);
        app.set_concurrency("slack", workers);
        app.allow_leftovers();
        for n in 0..workers * 4 {
            let priority = if n % 2 == 0 { "webhook" } else { "backfill" };
            let id = self.insert(&format!("#crowd{n}"), priority).await;
            self.queue(id).await;
        }
        let started = Instant::now();
        let crowd = async {
            while started.elapsed() < time {
                app.deliver("slack").await;
                // What was put off comes back early: the budget must hold without the queue's help.
                app.sqs().advance(Duration::from_secs(900));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let people = async {
            let mut asked: Vec<Uuid> = Vec::new();
            while started.elapsed() < time {
                let id = self.insert(&format!("#person{}", asked.len()), "user").await;
                let answer: Result<Value, _> =
                    person.invoke(&serde_json::json!({"op": "now", "tenant": self.tenant, "effect": id})).await;
                let answer = answer.unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(answer["verdict"], "done", "the budget has room for a person: {answer}");
                asked.push(id);
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            asked
        };
        let ((), asked) = tokio::join!(crowd, people);
        assert_eq!(limited(), 0, "the partner had to say that it was too many");
        let counts = self.counts();
        for id in &asked {
            assert_eq!(counts.get(&id.to_string()), Some(&1), "what a person asked for");
        }
        assert!(counts.values().all(|count| *count == 1), "{counts:?}");
        let others = counts.len() - asked.len();
        assert!(others > 0, "people alone must not take everything");
        eprintln!("{workers} workers in {time:?}: {} for people, {others} for the others, none too many", asked.len());
        app.sqs().clear("slack");
    }
}
