//! Deaths at every statement and call.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rand::Rng as _;
use uuid::Uuid;

use super::{Stage, Subject, Trouble};
use crate::proxy::{Blow, Moment};

/// What a fresh worker sends to Postgres until an effect is done and its message handed on: opening the connection included.
const STATEMENTS: u32 = 16;

/// Of these, what a worker sends that is already connected, from the first claim to the last commit: each is struck before and after.
const CERTAIN: u32 = 10;

/// The longest a write is not found: less than it takes until the partner is asked for the second time.
const LONGEST_LAG: Duration = Duration::from_secs(170);

/// What befalls the worker during one trial.
#[derive(Debug, Clone, Copy)]
enum Plan {
    Nothing,
    Strike(u32, Moment, Blow),
    /// Killed while the partner works on its request.
    KillAtCall {
        kept: bool,
    },
    Trouble(Trouble),
}

/// Where a statement is struck.
fn both(nth: u32) -> [(u32, Moment); 2] {
    [(nth, Moment::Before), (nth, Moment::After)]
}

impl<S: Subject> Stage<'_, S> {
    /// Effects one after the other, each delivered up to five times to two workers at once, while workers die and connections end at
    /// every statement and call. Then time passes until nothing is open.
    ///
    /// # Panics
    /// When an effect was done twice, or its row says otherwise than the partner.
    pub async fn survives_deaths(&mut self, trials: usize) {
        let app = self.app;
        app.set_batch_size("slack", 1);
        app.set_concurrency("slack", 2);
        app.redeliver(11, 5);
        app.allow_leftovers();
        self.subject.advance(Duration::ZERO);
        let mut struck: BTreeMap<(u32, Moment), usize> = BTreeMap::new();
        let mut points: VecDeque<_> = (1..=STATEMENTS).flat_map(both).collect();
        let (mut made, mut missed) = (Vec::new(), false);
        for trial in 0..trials {
            // A strike that did not fall is tried again where nothing stands before the effect.
            let target = if missed { format!("#again{trial}") } else { format!("#t{}", trial % 7) };
            let id = self.insert(&target, "webhook").await;
            made.push(id);
            if let Some(kind) = self.subject.follower().filter(|_| self.random.random_bool(0.3)) {
                made.push(self.insert_follower(kind, id, &format!("{target}-later")).await);
            }
            let plan = self.plan(trial, &mut points);
            if self.random.random_bool(0.5) {
                self.subject.index_next_after(self.random.random_range(Duration::ZERO..LONGEST_LAG));
            }
            let fell = self.trial(id, plan).await;
            if let Plan::Strike(nth, moment, _) = plan {
                missed = !fell && nth <= CERTAIN;
                if fell {
                    *struck.entry((nth, moment)).or_default() += 1;
                }
                if missed { points.push_front((nth, moment)) } else { points.push_back((nth, moment)) }
            }
        }
        self.come_to_rest().await;
        self.check(&made).await;
        for queue in ["slack", "slack-dlq"] {
            app.sqs().clear(queue);
        }
        eprintln!("{trials} trials of {}; struck at {struck:?}", self.subject.kind());
        let missed: Vec<_> = (1..=CERTAIN).flat_map(both).filter(|point| !struck.contains_key(point)).collect();
        assert!(missed.is_empty(), "never struck at {missed:?}");
    }

    /// Two of three trials strike at one statement after the other, before it and after it; the third meets something else.
    fn plan(&mut self, trial: usize, points: &mut VecDeque<(u32, Moment)>) -> Plan {
        let random = &mut self.random;
        let turn = u32::try_from(trial / 3).unwrap_or_default();
        if trial % 3 != 2
            && let Some((nth, moment)) = points.pop_front()
        {
            let blow = if random.random_bool(0.7) { Blow::Freeze } else { Blow::Cut };
            return Plan::Strike(nth, moment, blow);
        }
        let kept = random.random_bool(0.5);
        match turn % 8 {
            0 => Plan::Nothing,
            1 | 2 | 5 => Plan::KillAtCall { kept },
            3 => Plan::Trouble(Trouble::Broken { kept }),
            4 => Plan::Trouble(Trouble::Busy),
            6 => Plan::Trouble(Trouble::Vanished { kept }),
            _ => Plan::Trouble(Trouble::Limited(1)),
        }
    }

    /// True when a strike fell.
    async fn trial(&self, id: Uuid, plan: Plan) -> bool {
        let (app, proxy) = (self.app, self.app.database_proxy());
        self.rest().await;
        self.queue(id).await;
        self.queue_bare(id);
        let before = self.subject.requests();
        match plan {
            Plan::Nothing => {}
            Plan::Strike(nth, moment, blow) => proxy.strike(nth, moment, blow),
            Plan::KillAtCall { kept } => self.subject.trouble_next(Trouble::Silent { kept }),
            Plan::Trouble(trouble) => self.subject.trouble_next(trouble),
        }
        let death = async {
            match plan {
                Plan::Strike(_, _, Blow::Freeze) => proxy.struck().await,
                Plan::KillAtCall { .. } => {
                    while self.subject.requests() == before {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
                _ => std::future::pending().await,
            }
            app.kill("slack-worker");
            let fell = proxy.spare();
            self.subject.calm();
            fell
        };
        let mut fell = false;
        {
            let mut delivery = std::pin::pin!(app.deliver("slack"));
            tokio::select! {
                _ = &mut delivery => {}
                killed = death => {
                    fell = killed;
                    delivery.await;
                }
            }
        }
        self.subject.calm();
        proxy.spare() || fell
    }

    /// What the partner has, and what the ledger says of it.
    async fn check(&self, made: &[Uuid]) {
        let (rows, counts) = (self.rows().await, self.counts());
        let mut doubtful = 0;
        for id in made {
            let count = counts.get(&id.to_string()).copied().unwrap_or_default();
            let status = rows.get(id).map_or("gone", |row| row.status.as_str());
            match status {
                "done" => assert_eq!(count, 1, "{id} is done"),
                "unknown" if !self.subject.can_be_asked() => {
                    doubtful += 1;
                    assert!(count <= 1, "{id} was done {count} times");
                }
                other => panic!("{id} is {other} although it was done {count} times"),
            }
        }
        let done: usize = counts.values().sum();
        assert!(done <= made.len(), "{done} of {} effects", made.len());
        eprintln!("{} effects, {done} at the partner, {doubtful} left to a person", made.len());
    }
}
