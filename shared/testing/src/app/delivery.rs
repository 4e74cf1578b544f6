//! What Lambda's poller does: takes messages off a queue in batches, invokes the consumer, and gives back what failed.
//!
//! Tests choose when. They can also have everything delivered several times and in another order, in batches of another
//! size, or by several environments at once: all of which AWS may do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::TestApp;
use super::pool::Pool;
use crate::runtime::PAYLOAD_LIMIT;
use crate::sqs::{Message, Sqs};
use crate::template::QueueMapping;

/// Rounds of [`TestApp::drain`] after which something must be going in circles.
const MOST_ROUNDS: usize = 300;

/// Delays up to this are waited for; longer ones are skipped by advancing the queues' clock.
const WORTH_WAITING: Duration = Duration::from_secs(3);

/// What became of a delivery.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Messages handed to the consumer, repeated ones counted each time.
    pub messages: usize,
    /// Of these, how many failed and went back to the queue or to its dead-letter queue.
    pub failures: usize,
    /// Of these, how many went to the dead-letter queue.
    pub dead: usize,
    /// Errors of whole invocations: the consumer failed, ended, did not answer in time, or answered nonsense.
    pub errors: Vec<String>,
}

impl Delivered {
    fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.failures += other.failures;
        self.dead += other.dead;
        self.errors.extend(other.errors);
    }
}

/// How deliveries are made.
#[derive(Debug, Default)]
pub(super) struct Settings {
    redelivery: Option<(StdRng, u32)>,
    batch_size: BTreeMap<String, usize>,
    concurrency: BTreeMap<String, usize>,
}

impl TestApp {
    /// From now on every message is delivered 1 to `most` times, in an order made from `seed`: later again, and also twice in one
    /// batch, as SQS may. `most` = 1 only shuffles.
    pub fn redeliver(&self, seed: u64, most: u32) {
        self.settings().redelivery = Some((StdRng::seed_from_u64(seed), most.max(1)));
    }

    /// From now on a queue's consumer gets batches of this size instead of the template's.
    pub fn set_batch_size(&self, queue: &str, size: usize) {
        self.settings().batch_size.insert(queue.to_owned(), size.max(1));
    }

    /// From now on up to this many environments of a queue's consumer work at once; one otherwise.
    pub fn set_concurrency(&self, queue: &str, environments: usize) {
        self.settings().concurrency.insert(queue.to_owned(), environments.max(1));
    }

    /// Hands everything that is visible on a queue to its consumer, once. What fails is visible again at once, unless the
    /// consumer chose a time for it, and goes to the dead-letter queue after as many receives as the template says.
    ///
    /// # Panics
    /// When the template has no such queue, or no function that consumes it.
    pub async fn deliver(&self, queue: &str) -> Delivered {
        let (name, consumer) = self.consumer(queue);
        let Some((pool, mapping)) = consumer else { panic!("template.yaml maps the queue {queue} to no function") };
        let messages = self.sqs.receive(&name, usize::MAX);
        let (rounds, batch_size, concurrency) = {
            let mut settings = self.settings();
            let batch_size = settings.batch_size.get(queue).copied().unwrap_or(mapping.batch_size);
            let concurrency = settings.concurrency.get(queue).copied().unwrap_or(1);
            (settings.rounds(messages), batch_size, concurrency)
        };
        let mut delivered = Delivered::default();
        let mut last: BTreeMap<String, (Message, bool)> = BTreeMap::new();
        for round in rounds {
            let batches = Arc::new(Mutex::new(batches(round, batch_size)));
            let arn = self.sqs.queue_arn(&name);
            let mut workers = JoinSet::new();
            for _ in 0..concurrency {
                workers.spawn(work(Arc::clone(&pool), mapping.clone(), arn.clone(), Arc::clone(&batches)));
            }
            while let Some(done) = workers.join_next().await {
                let (verdicts, errors) = done.unwrap_or_else(|error| panic!("a delivery broke off: {error}"));
                delivered.errors.extend(errors);
                delivered.messages += verdicts.len();
                for (message, failed) in verdicts {
                    let before = last.get(&message.id).is_some_and(|(_, failed)| *failed);
                    last.insert(message.id.clone(), (message, failed || before));
                }
            }
        }
        for (message, failed) in last.into_values() {
            settle(&self.sqs, &name, &message, failed, &mut delivered);
        }
        delivered
    }

    /// Delivers from all queues, dead-letter queues included, until all are empty. Short delays are waited for, long ones
    /// skipped.
    ///
    /// # Panics
    /// When messages go in circles, or stay on a queue that nothing consumes.
    pub async fn drain(&self) -> Delivered {
        let mut delivered = Delivered::default();
        for _ in 0..MOST_ROUNDS {
            let queues = self.sqs.queue_names();
            let visible: Vec<_> = queues.iter().filter(|name| self.sqs.depth(name).visible > 0).collect();
            if visible.is_empty() {
                let Some(wait) = self.sqs.next_visible() else {
                    return delivered;
                };
                if wait <= WORTH_WAITING {
                    tokio::time::sleep(wait).await;
                } else {
                    self.sqs.advance(wait);
                }
                continue;
            }
            for name in visible {
                delivered.add(self.deliver(name).await);
            }
        }
        let errors = &delivered.errors[delivered.errors.len().saturating_sub(5)..];
        panic!("messages go in circles; still there: {}\n{}", self.leftovers().join(", "), errors.join("\n"));
    }

    /// Lets this much of the queues' time pass, without waiting for it, and delivers whatever becomes visible meanwhile,
    /// dead-letter queues included. It looks for that 400 times at most: a message that is visible waits as a busy poller's would.
    ///
    /// # Panics
    /// As [`TestApp::deliver`].
    pub async fn let_pass(&self, time: Duration) -> Delivered {
        let mut delivered = Delivered::default();
        let pause = (time / 400).max(Duration::from_secs(1));
        let mut left = time;
        loop {
            for name in self.sqs.queue_names() {
                if self.sqs.depth(&name).visible > 0 {
                    delivered.add(self.deliver(&name).await);
                }
            }
            if left.is_zero() {
                return delivered;
            }
            let step = self.sqs.next_visible().unwrap_or(left).max(pause).min(left);
            self.sqs.advance(step);
            left -= step;
        }
    }

    /// A queue's name, and what the template maps it to.
    fn consumer(&self, queue: &str) -> (String, Option<(Arc<Pool>, QueueMapping)>) {
        let found = self.queues.iter().find(|def| def.name == queue || def.logical_id == queue);
        let Some(def) = found else { panic!("template.yaml has no queue {queue}") };
        let mapped = self.pools.values().find_map(|pool| {
            let mapping = pool.def.queues.iter().find(|mapping| mapping.queue_logical_id == def.logical_id)?;
            Some((Arc::clone(pool), mapping.clone()))
        });
        (def.name.clone(), mapped)
    }
}

impl Settings {
    /// The messages of each pass: all of them once, or with repetition and in a made-up order.
    fn rounds(&mut self, messages: Vec<Message>) -> Vec<Vec<Message>> {
        let Some((random, most)) = &mut self.redelivery else {
            return vec![messages];
        };
        let mut rounds = vec![Vec::new(); *most as usize];
        for message in messages {
            // Once for certain in the first round; any other copy wherever chance has it, beside the first one too.
            let copies = random.random_range(1..=*most) as usize;
            rounds[0].push(message.clone());
            for _ in 1..copies {
                let round = random.random_range(0..rounds.len());
                rounds[round].push(message.clone());
            }
        }
        for round in &mut rounds {
            round.shuffle(random);
        }
        rounds
    }
}

/// Deletes what succeeded, gives back what failed.
fn settle(sqs: &Sqs, queue: &str, message: &Message, failed: bool, delivered: &mut Delivered) {
    if failed {
        delivered.failures += 1;
        delivered.dead += usize::from(sqs.give_back(queue, &message.receipt));
    } else {
        sqs.delete(queue, &message.receipt);
    }
}

/// Splits by number and by Lambda's payload limit.
fn batches(messages: Vec<Message>, most: usize) -> VecDeque<Vec<Message>> {
    let mut batches: VecDeque<Vec<Message>> = VecDeque::new();
    let mut size = 0;
    for message in messages {
        // JSON in JSON: quotes and backslashes double; the rest of a record is below 2 KiB.
        let weight = json!(message.body).to_string().len() + 2048;
        match batches.back_mut() {
            Some(batch) if batch.len() < most && size + weight < PAYLOAD_LIMIT => {
                size += weight;
                batch.push(message);
            }
            _ => {
                size = weight;
                batches.push_back(vec![message]);
            }
        }
    }
    batches
}

type Verdicts = (Vec<(Message, bool)>, Vec<String>);

/// One of the pollers: invokes the consumer with batch after batch.
async fn work(
    pool: Arc<Pool>,
    mapping: QueueMapping,
    arn: String,
    batches: Arc<Mutex<VecDeque<Vec<Message>>>>,
) -> Verdicts {
    let (mut verdicts, mut errors) = (Vec::new(), Vec::new());
    loop {
        let next = batches.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(batch) = next else { return (verdicts, errors) };
        let records: Vec<_> = batch.iter().map(|message| record(message, &arn)).collect();
        let failed = match pool.invoke(&json!({ "Records": records })).await {
            Ok(answer) if mapping.report_batch_item_failures => failures(&answer, &batch).unwrap_or_else(|problem| {
                errors.push(format!("{}: {problem}", pool.def.name));
                ids(&batch)
            }),
            Ok(_) => BTreeSet::new(),
            Err(error) => {
                errors.push(format!("{}: {error}", pool.def.name));
                ids(&batch)
            }
        };
        verdicts.extend(batch.into_iter().map(|message| {
            let failed = failed.contains(&message.id);
            (message, failed)
        }));
    }
}

fn ids(batch: &[Message]) -> BTreeSet<String> {
    batch.iter().map(|message| message.id.clone()).collect()
}

/// The ids a partial batch response names. Whatever Lambda would not understand makes the whole batch fail.
fn failures(answer: &Value, batch: &[Message]) -> Result<BTreeSet<String>, String> {
    let list = match answer {
        Value::Null => return Ok(BTreeSet::new()),
        Value::Object(fields) if fields.is_empty() => return Ok(BTreeSet::new()),
        Value::Object(fields) => fields.get("batchItemFailures"),
        _ => None,
    };
    let items = match list {
        Some(Value::Null) => return Ok(BTreeSet::new()),
        Some(Value::Array(items)) => items,
        _ => {
            return Err(format!("the answer is no partial batch response: {}", shortened(answer)));
        }
    };
    let known = ids(batch);
    let named = items.iter().map(|item| match item["itemIdentifier"].as_str() {
        Some(id) if known.contains(id) => Ok(id.to_owned()),
        _ => Err(format!("the partial batch response names no message of the batch: {item}")),
    });
    named.collect()
}

/// Enough of an answer to recognise it.
fn shortened(answer: &Value) -> String {
    answer.to_string().chars().take(300).collect()
}

/// A message as Lambda shows it to a consumer.
fn record(message: &Message, arn: &str) -> Value {
    let attributes: Map<String, Value> = message
        .attributes
        .iter()
        .map(|(name, value)| {
            let mut shown = json!({ "dataType": value["DataType"], "stringListValues": [], "binaryListValues": [] });
            for (from, to) in [("StringValue", "stringValue"), ("BinaryValue", "binaryValue")] {
                if let Some(part) = value.get(from) {
                    shown[to] = part.clone();
                }
            }
            (name.clone(), shown)
        })
        .collect();
    json!({
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": message.system_attributes(),
        "messageAttributes": attributes,
        "md5OfBody": message.md5_of_body(),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "eu-central-1",
    })
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
