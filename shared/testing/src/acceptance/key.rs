//! A key that is refused, and then taken again.

use std::time::Duration;

use serde_json::json;

use super::{Stage, Subject};

impl<S: Subject> Stage<'_, S> {
    /// The key is refused while effects come in; an hour later the partner is connected again.
    ///
    /// # Panics
    /// When something is lost, the partner is called although the key does not work, or more than one person is told.
    pub async fn outlasts_a_wrong_key(&self) {
        let app = self.app;
        app.allow_leftovers();
        app.set_batch_size("slack", 1);
        app.set_concurrency("slack", 2);
        self.subject.advance(Duration::ZERO);
        self.subject.break_key();
        let mut planned = Vec::new();
        for n in 0..6 {
            let id = self.insert(&format!("#key{n}"), "webhook").await;
            self.queue(id).await;
            planned.push(id);
        }
        self.deliver().await;
        let calls = self.subject.requests();
        self.pass(Duration::from_secs(3600)).await;
        assert_eq!(app.run_job("outbox-relay", json!({})).await["effects"], 0, "what waits for a person is not woken");
        for id in &planned {
            self.queue_bare(*id);
        }
        self.deliver().await;
        assert_eq!(self.subject.requests(), calls, "nobody calls with a key that does not work");
        let rows = self.rows().await;
        assert!(rows.values().all(|row| row.status == "pending"), "they wait: {rows:?}");
        assert_eq!(self.alerts().await, ["open"]);

        self.subject.mend_key();
        app.create_tenant(self.input.clone()).await;
        assert_eq!(app.run_job("effects-reconcile", json!({})).await["resumed"], 1);
        self.come_to_rest().await;
        let rows = self.rows().await;
        assert!(planned.iter().all(|id| rows.get(id).is_some_and(|row| row.status == "done")), "{rows:?}");
        let counts = self.counts();
        assert!(counts.len() == planned.len() && counts.values().all(|count| *count == 1), "{counts:?}");
        assert_eq!(self.alerts().await, ["done"], "one person is told, and then no more to do");
    }

    /// The status of every task about the integration.
    async fn alerts(&self) -> Vec<String> {
        let statement =
            "SELECT status FROM tasks WHERE tenant_id = $1 AND cause LIKE 'integration:%' ORDER BY created_at";
        let rows = self.app.db().await.query(statement, &[&self.tenant]).await;
        rows.unwrap_or_else(|error| panic!("{error:?}")).iter().map(|row| row.get(0)).collect()
    }
}
