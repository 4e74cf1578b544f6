//! The event path: release `event-processor`s and a `lead-router`, fed batches shaped as SQS delivers them, as fast as they answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use bytes::Bytes;
use serde_json::{Value, json};
use testkit::runtime::Function;

use super::stage::Stage;
use super::traffic::{self, People};
use super::usage;

/// What to send.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub events: usize,
    pub people: People,
    pub processors: usize,
    /// Events of one invocation.
    pub batch: usize,
    pub seed: u64,
}

/// What it took.
pub struct Measured {
    pub events: usize,
    pub seconds: f64,
    pub function_cpu: f64,
    pub postgres_cpu: f64,
    /// The largest resident set of any function, in MB.
    pub memory: f64,
    pub statements_per_batch: f64,
    pub routed: usize,
}

impl Measured {
    /// Events a second, until the last lead was decided about.
    pub fn rate(&self) -> f64 {
        self.events as f64 / self.seconds
    }

    /// CPU seconds per 1,000 events, functions and Postgres.
    pub fn cpu_per_1000(&self) -> (f64, f64) {
        let thousands = self.events as f64 / 1000.0;
        (self.function_cpu / thousands, self.postgres_cpu / thousands)
    }
}

/// Runs one load to its end.
///
/// # Errors
/// When a function fails or leaves messages.
pub async fn run(stage: &Stage, load: &Load) -> anyhow::Result<Measured> {
    let batches: Vec<Bytes> = traffic::batches(&stage.tenant, load.events, load.people, load.batch, load.seed)
        .into_iter()
        .map(Bytes::from)
        .collect();
    let batches = Arc::new(batches);
    let processors: Vec<Arc<Function>> =
        (0..load.processors).map(|_| stage.function("event-processor").map(Arc::new)).collect::<Result<_, _>>()?;
    let router = Arc::new(stage.function("lead-router")?);
    for function in processors.iter().chain([&router]) {
        function.set_timeout(Duration::from_secs(60));
        // Connected and with the rules at hand, as a warm environment is.
        let warm = traffic::record(
            &json!({"kind": "events", "tenant_id": stage.tenant, "source": null,
            "received_at": jiff::Timestamp::now(), "receipts": []})
            .to_string(),
            "events",
        );
        if function.name() == "event-processor" {
            function.invoke(&json!({"Records": [warm]})).await?;
        }
    }
    let decided_before = count(stage, "routing_decisions")?;
    let postmaster = stage.postmaster()?;
    let (cpu, postgres) = (cpu_of(&processors, &router), usage::cpu_of_family(postmaster));

    let started = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let fed = Arc::new(AtomicBool::new(false));
    let feeders: Vec<_> = processors
        .iter()
        .map(|processor| {
            let (processor, batches, next) = (Arc::clone(processor), Arc::clone(&batches), Arc::clone(&next));
            tokio::spawn(async move {
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let answer = processor.invoke_raw(batch.clone()).await?;
                    let answer: Value = serde_json::from_slice(&answer)?;
                    if answer["batchItemFailures"].as_array().is_some_and(|failed| !failed.is_empty()) {
                        bail!("event-processor failed messages:\n{}", processor.logs());
                    }
                }
                anyhow::Ok(())
            })
        })
        .collect();
    let (routed, ()) = tokio::try_join!(route(stage, &router, &fed), async {
        for feeder in feeders {
            feeder.await??;
        }
        fed.store(true, Ordering::Relaxed);
        anyhow::Ok(())
    })?;
    let seconds = started.elapsed().as_secs_f64();

    let measured = Measured {
        events: load.events,
        seconds,
        function_cpu: cpu_of(&processors, &router) - cpu,
        postgres_cpu: usage::cpu_of_family(postmaster) - postgres,
        memory: processors.iter().chain([&router]).map(|one| usage::peak_memory(one.pid())).fold(0.0, f64::max),
        statements_per_batch: statements(&processors),
        routed: count(stage, "routing_decisions")? - decided_before,
    };
    if routed == 0 {
        bail!("nothing reached the router; the mix of events or the rules are wrong");
    }
    Ok(measured)
}

/// Feeds the router from its queue until the processors are done and the queue is empty.
async fn route(stage: &Stage, router: &Function, fed: &AtomicBool) -> anyhow::Result<usize> {
    let mut leads = 0;
    loop {
        let done = fed.load(Ordering::Relaxed);
        let messages = stage.sqs.receive("routing", 10);
        if messages.is_empty() {
            if done {
                return Ok(leads);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        }
        let records: Vec<Value> = messages.iter().map(|message| traffic::record(&message.body, "routing")).collect();
        let answer = router.invoke(&json!({"Records": records})).await?;
        if answer["batchItemFailures"].as_array().is_some_and(|failed| !failed.is_empty()) {
            bail!("lead-router failed messages:\n{}", router.logs());
        }
        for message in messages {
            leads += 1;
            stage.sqs.delete("routing", &message.receipt);
        }
    }
}

fn cpu_of(processors: &[Arc<Function>], router: &Function) -> f64 {
    processors.iter().map(|processor| usage::cpu_of(processor.pid())).sum::<f64>() + usage::cpu_of(router.pid())
}

/// Statements as the functions' own metrics count them.
fn statements(processors: &[Arc<Function>]) -> f64 {
    let lines: String = processors.iter().map(|processor| processor.logs()).collect();
    let counts: Vec<f64> = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|line| line["Statements"].as_f64())
        .filter(|count| *count > 0.0)
        .collect();
    // The logs are a ring: the mean of what they still hold stands for all batches.
    if counts.is_empty() { 0.0 } else { counts.iter().sum::<f64>() / counts.len() as f64 }
}

fn count(stage: &Stage, table: &str) -> anyhow::Result<usize> {
    Ok(stage.sql(&format!("SELECT count(*) FROM {table}"))?.trim().parse()?)
}
