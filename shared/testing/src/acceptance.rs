//! What every partner's worker has to withstand, by the partner's stand-in: deaths and cut connections at every statement and call,
//! answers that never come, repeated deliveries, two workers at once; a partner that is away; a key that is refused; a crowd at one
//! budget.
//!
//! A partner's tests make a [`Stage`] of a [`Subject`] and run all four. Time passes by moving the ledger back ([`Stage::pass`]): the
//! functions read the clock of the machine, and what counts for them is how far away the moments in their rows are.
//!
//! In CI it runs at a small size; `LOTSE_THOROUGH=1` runs it in full.

mod away;
mod key;
mod kills;
mod pace;
mod subjects;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Tenant, TestApp};
pub use crate::fakes::strict::{Trouble, Write};
pub use subjects::{OnSlack, OnStrict};

/// Whether tests run in full, which takes long.
pub fn thorough() -> bool {
    std::env::var_os("LOTSE_THOROUGH").is_some_and(|value| !value.is_empty())
}

/// A partner's stand-in, as the suite uses it.
pub trait Subject {
    /// The kind of an effect that makes one thing at the partner.
    fn kind(&self) -> &'static str;
    /// What such an effect says. What it makes is recognised by `reference`.
    fn payload(&self, reference: &str, target: &str) -> Value;
    /// The kind of an effect that changes what the one it needs has made; none when there is no such thing.
    fn follower(&self) -> Option<&'static str>;
    /// Whether the partner can be asked if something was done.
    fn can_be_asked(&self) -> bool;
    /// Scripts the next write.
    fn trouble_next(&self, trouble: Trouble);
    /// The next write is found only after this time.
    fn index_next_after(&self, lag: Duration);
    /// Takes back what was scripted and not met.
    fn calm(&self);
    /// Requests that came.
    fn requests(&self) -> u64;
    /// What was carried out, in order.
    fn writes(&self) -> Vec<Write>;
    /// Lets time pass at the partner.
    fn advance(&self, by: Duration);
    /// Nobody listens any more.
    fn go_away(&self);
    /// It listens again.
    fn come_back(&self);
    /// The tenant's key is refused from now on.
    fn break_key(&self);
    /// The tenant's key is taken again.
    fn mend_key(&self);
}

/// One product with one tenant and one partner, whose worker consumes the queue `slack`.
pub struct Stage<'a, S> {
    app: &'a TestApp,
    subject: S,
    /// What `tenant-create` was told, to tell it again.
    input: Value,
    tenant: Uuid,
    random: StdRng,
}

/// Lets time pass for the ledger, the outbox and the workers' queue. A message names the moment it was sent for, which moves with
/// that of its row.
///
/// # Panics
/// When the database does not answer.
pub async fn pass(app: &TestApp, time: Duration) {
    let statements = [
        "UPDATE effects SET lease_until = lease_until - make_interval(secs => $1),
                            next_attempt_at = next_attempt_at - make_interval(secs => $1),
                            not_before = not_before - make_interval(secs => $1),
                            look_at = look_at - make_interval(secs => $1),
                            rests_until = rests_until - make_interval(secs => $1),
                            absent_at = absent_at - make_interval(secs => $1)
          WHERE status NOT IN ('done', 'failed', 'cancelled')",
        "UPDATE outbox SET created_at = created_at - make_interval(secs => $1), due_at = due_at - make_interval(secs => $1),
                           body = CASE WHEN body::jsonb ? 'due_at'
                                       THEN jsonb_set(body::jsonb, '{due_at}', to_jsonb((body::jsonb ->> 'due_at')::timestamptz
                                                                                        - make_interval(secs => $1)))::text
                                       ELSE body END",
    ];
    for statement in statements {
        let done = app.db().await.execute(statement, &[&time.as_secs_f64()]).await;
        done.unwrap_or_else(|error| panic!("{error:?}\n{statement}"));
    }
    app.sqs().edit("slack", |body| {
        let mut message: Value = serde_json::from_str(body).ok()?;
        let due_at: Timestamp = message["due_at"].as_str()?.parse().ok()?;
        message["due_at"] = json!(due_at.checked_sub(time).ok()?);
        Some(message.to_string())
    });
    app.sqs().advance(time);
}

/// An effect as the suite compares it.
#[derive(Debug)]
struct Row {
    status: String,
    /// Somebody will ask the partner about it.
    asked: bool,
}

impl<'a, S: Subject> Stage<'a, S> {
    /// Makes a tenant from `input`.
    pub async fn new(app: &'a TestApp, subject: S, input: Value) -> Self {
        let tenant: Tenant = app.create_tenant(input.clone()).await;
        let tenant = tenant.id.parse().unwrap_or_else(|error| panic!("{error}: {}", tenant.id));
        Self { app, subject, input, tenant, random: StdRng::seed_from_u64(7) }
    }

    /// Writes an effect, as a transaction that decided it does, without telling anybody. Answers with its id, which is also the
    /// reference of what it makes.
    async fn insert(&self, target: &str, priority: &str) -> Uuid {
        let id = Uuid::now_v7();
        let payload = self.subject.payload(&id.to_string(), target);
        let statement =
            "INSERT INTO effects (id, tenant_id, kind, cause, target, payload, priority, next_attempt_at, created_at)
            VALUES ($1, $2, lotse.stored_kind($3), $4, $5, $6, $7, clock_timestamp(), clock_timestamp())";
        let cause = format!("test:{id}");
        let kind = self.subject.kind();
        self.execute(statement, &[&id, &self.tenant, &kind, &cause, &target, &payload, &priority]).await;
        id
    }

    /// Writes an effect that needs another one.
    async fn insert_follower(&self, kind: &str, needs: Uuid, target: &str) -> Uuid {
        let id = Uuid::now_v7();
        let payload = self.subject.payload(&id.to_string(), target);
        let statement = "INSERT INTO effects (id, tenant_id, kind, cause, target, payload, needs, status, next_attempt_at, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', 'infinity', clock_timestamp())";
        self.execute(statement, &[&id, &self.tenant, &kind, &format!("test:{id}"), &target, &payload, &needs]).await;
        id
    }

    async fn execute(&self, statement: &str, parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)]) {
        let done = self.app.db().await.execute(statement, parameters).await;
        done.unwrap_or_else(|error| panic!("{error:?}\n{statement}"));
    }

    /// Puts its message on the queue, as the outbox has it: for the moment that its row waits for.
    async fn queue(&self, effect: Uuid) {
        let statement = "SELECT next_attempt_at FROM effects WHERE id = $1 AND next_attempt_at <> 'infinity'";
        let row = self.app.db().await.query_opt(statement, &[&effect]).await;
        let row = row.unwrap_or_else(|error| panic!("{error:?}"));
        let moment: Option<Timestamp> = row.map(|row| row.get(0));
        self.send(&json!({"kind": "effect", "tenant_id": self.tenant, "effect_id": effect, "due_at": moment}));
    }

    /// Puts a message on the queue that names no moment, as the release before sends them.
    fn queue_bare(&self, effect: Uuid) {
        self.send(&json!({"kind": "effect", "tenant_id": self.tenant, "effect_id": effect}));
    }

    fn send(&self, message: &Value) {
        self.app.sqs().send("slack", &message.to_string()).unwrap_or_else(|error| panic!("{error:#}"));
    }

    /// Lets time pass for the ledger, the outbox, the queues and the partner.
    async fn pass(&self, time: Duration) {
        pass(self.app, time).await;
        self.rest().await;
        self.subject.advance(time);
    }

    /// Lets the budgets fill up again.
    async fn rest(&self) {
        self.execute("DELETE FROM rate_budgets", &[]).await;
    }

    /// Delivers until nothing is visible.
    async fn deliver(&self) {
        for _ in 0..50 {
            if self.app.sqs().depth("slack").visible == 0 {
                return;
            }
            self.rest().await;
            self.app.deliver("slack").await;
        }
        panic!("messages go in circles: {:?}", self.app.sqs().depth("slack"));
    }

    /// Lets time pass, minutes at first and then quarters of an hour, with every sweep and every delivery, until nothing is open.
    async fn come_to_rest(&self) {
        for round in 0..200 {
            let rows = self.rows().await;
            let is_open = |row: &&Row| row.asked || ["waiting", "pending", "sending"].contains(&row.status.as_str());
            if !rows.values().any(|row| is_open(&row)) {
                return;
            }
            self.pass(Duration::from_secs(if round < 8 { 70 } else { 900 })).await;
            // What is on its way arrives before a sweep looks for what was lost.
            self.deliver().await;
            for job in ["outbox-relay", "effects-reconcile"] {
                self.app.run_job(job, json!({})).await;
            }
            self.deliver().await;
        }
        panic!("it does not come to rest: {:?}\n{}", self.rows().await, self.app.logs("slack-worker"));
    }

    async fn rows(&self) -> BTreeMap<Uuid, Row> {
        let statement = "SELECT id, status, look_at IS NOT NULL AS asked FROM effects WHERE tenant_id = $1";
        let rows = self.app.db().await.query(statement, &[&self.tenant]).await;
        let rows = rows.unwrap_or_else(|error| panic!("{error:?}"));
        rows.iter().map(|row| (row.get("id"), Row { status: row.get("status"), asked: row.get("asked") })).collect()
    }

    /// How often each reference arrived.
    fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for write in self.subject.writes() {
            *counts.entry(write.reference).or_insert(0) += 1;
        }
        counts
    }
}
