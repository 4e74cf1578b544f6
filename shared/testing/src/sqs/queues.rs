//! What the stand-in keeps: queues, their messages, and a clock of its own that tests can advance.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::keys::hex;

/// A queue to make.
#[derive(Debug, Clone)]
pub struct QueueSpec {
    /// Its name.
    pub name: String,
    /// How long a received message is hidden.
    pub visibility_timeout: Duration,
    /// Its dead-letter queue and after how many receives a message goes there.
    pub redrive: Option<(String, u32)>,
}

impl QueueSpec {
    /// A queue with 30 s of visibility timeout and no dead-letter queue.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), visibility_timeout: Duration::from_secs(30), redrive: None }
    }
}

/// A message on a queue.
#[derive(Debug, Clone)]
pub struct Message {
    /// SQS's id of the message, kept when it moves to a dead-letter queue.
    pub id: String,
    /// The body as it was sent.
    pub body: String,
    /// Message attributes as SQS's API has them.
    pub attributes: Map<String, Value>,
    /// How often it was received.
    pub receive_count: u32,
    /// Handle of the latest receive.
    pub receipt: String,
    /// Since 1970, in milliseconds.
    pub sent_ms: u64,
    /// Since 1970, in milliseconds; 0 before the first receive.
    pub first_received_ms: u64,
    /// ARN of the queue it failed on, on a dead-letter queue.
    pub dead_letter_source: Option<String>,
    /// On the stand-in's clock.
    visible_at: Duration,
    /// The consumer itself said when it wants the message again.
    rescheduled: bool,
}

impl Message {
    /// Hexadecimal MD5 of the body, as SQS reports it.
    pub fn md5_of_body(&self) -> String {
        hex(&Md5::digest(self.body.as_bytes()))
    }

    /// `attributes` of the record a Lambda consumer or `ReceiveMessage` sees: texts only.
    pub fn system_attributes(&self) -> Value {
        let mut attributes = json!({
            "ApproximateReceiveCount": self.receive_count.to_string(),
            "SentTimestamp": self.sent_ms.to_string(),
            "SenderId": "AIDATESTKIT",
            "ApproximateFirstReceiveTimestamp": self.first_received_ms.to_string(),
        });
        if let Some(source) = &self.dead_letter_source {
            attributes["DeadLetterQueueSourceArn"] = json!(source);
        }
        attributes
    }
}

/// One queue and what is on it, in order of sending.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) spec: QueueSpec,
    pub(super) arn: String,
    messages: VecDeque<Message>,
}

/// How many messages a queue holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Ready to be received.
    pub visible: usize,
    /// Received and not yet deleted, or delayed.
    pub hidden: usize,
}

/// All queues.
#[derive(Debug)]
pub(super) struct Queues {
    queues: BTreeMap<String, Queue>,
    started: Instant,
    /// How far tests have advanced the clock.
    advanced: Duration,
    pub(super) sent: u64,
}

impl Queues {
    pub(super) fn new(specs: &[QueueSpec]) -> Self {
        let queues = specs.iter().map(|spec| {
            let arn = format!("arn:aws:sqs:eu-central-1:000000000000:{}", spec.name);
            (spec.name.clone(), Queue { spec: spec.clone(), arn, messages: VecDeque::new() })
        });
        Self { queues: queues.collect(), started: Instant::now(), advanced: Duration::ZERO, sent: 0 }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.queues.keys().map(String::as_str)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Queue> {
        self.queues.get(name)
    }

    /// The name of the queue with this ARN.
    pub(super) fn by_arn(&self, arn: &str) -> Option<String> {
        self.queues.values().find(|queue| queue.arn == arn).map(|queue| queue.spec.name.clone())
    }

    fn now(&self) -> Duration {
        self.started.elapsed() + self.advanced
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.advanced += by;
    }

    /// Puts a message on a queue; `false` when there is none of that name.
    pub(super) fn send(
        &mut self,
        queue: &str,
        body: &str,
        attributes: Map<String, Value>,
        delay: Duration,
    ) -> Option<Message> {
        let visible_at = self.now() + delay;
        let message = Message {
            id: Uuid::new_v4().to_string(),
            body: body.to_owned(),
            attributes,
            receive_count: 0,
            receipt: String::new(),
            sent_ms: epoch_ms(),
            first_received_ms: 0,
            dead_letter_source: None,
            visible_at,
            rescheduled: false,
        };
        self.queues.get_mut(queue)?.messages.push_back(message.clone());
        self.sent += 1;
        Some(message)
    }

    /// Receives up to `most` visible messages: they are hidden, counted, and get a new receipt handle.
    pub(super) fn receive(&mut self, queue: &str, most: usize, visibility: Option<Duration>) -> Vec<Message> {
        self.redrive(queue);
        let now = self.now();
        let Some(queue) = self.queues.get_mut(queue) else {
            return Vec::new();
        };
        let hidden_until = now + visibility.unwrap_or(queue.spec.visibility_timeout);
        let visible = queue.messages.iter_mut().filter(|message| message.visible_at <= now).take(most);
        visible
            .map(|message| {
                message.receive_count += 1;
                message.receipt = Uuid::new_v4().simple().to_string();
                message.visible_at = hidden_until;
                message.rescheduled = false;
                if message.first_received_ms == 0 {
                    message.first_received_ms = epoch_ms();
                }
                message.clone()
            })
            .collect()
    }

    /// Moves what was received too often, and is visible again, to the dead-letter queue.
    fn redrive(&mut self, name: &str) {
        let now = self.now();
        let Some(queue) = self.queues.get_mut(name) else { return };
        let Some((target, most)) = queue.spec.redrive.clone() else {
            return;
        };
        let (mut dead, mut alive) = (Vec::new(), VecDeque::new());
        for mut message in queue.messages.drain(..) {
            if message.receive_count >= most && message.visible_at <= now {
                message.dead_letter_source = Some(queue.arn.clone());
                dead.push(message);
            } else {
                alive.push_back(message);
            }
        }
        queue.messages = alive;
        if let Some(target) = self.queues.get_mut(&target) {
            target.messages.extend(dead);
        }
    }

    /// Takes a received message off its queue; `false` when the handle is not of a message there.
    pub(super) fn delete(&mut self, queue: &str, receipt: &str) -> bool {
        let Some(queue) = self.queues.get_mut(queue) else {
            return false;
        };
        let before = queue.messages.len();
        queue.messages.retain(|message| message.receipt != receipt || receipt.is_empty());
        queue.messages.len() < before
    }

    /// Sets when a received message is visible again; `false` when the handle is not of a message there.
    pub(super) fn change_visibility(&mut self, queue: &str, receipt: &str, after: Duration) -> bool {
        let visible_at = self.now() + after;
        let messages = self.queues.get_mut(queue).map(|queue| &mut queue.messages);
        let found = messages.into_iter().flatten().find(|message| message.receipt == receipt && !receipt.is_empty());
        let Some(message) = found else { return false };
        message.visible_at = visible_at;
        message.rescheduled = true;
        true
    }

    /// Gives a failed message back: visible now unless its consumer chose a time, dead when received too often.
    /// Says whether it went to the dead-letter queue.
    pub(super) fn give_back(&mut self, queue: &str, receipt: &str) -> bool {
        let now = self.now();
        let messages = self.queues.get_mut(queue).map(|queue| &mut queue.messages);
        let Some(message) = messages.into_iter().flatten().find(|message| message.receipt == receipt) else {
            return false;
        };
        if !message.rescheduled {
            message.visible_at = now;
        }
        let id = message.id.clone();
        self.redrive(queue);
        !self.queues.get(queue).is_some_and(|queue| queue.messages.iter().any(|message| message.id == id))
    }

    pub(super) fn depth(&self, queue: &str) -> Depth {
        let now = self.now();
        let messages = self.queues.get(queue).map(|queue| &queue.messages);
        let visible = messages.into_iter().flatten().filter(|message| message.visible_at <= now).count();
        Depth { visible, hidden: messages.map_or(0, VecDeque::len) - visible }
    }

    /// Time until the next hidden message of any queue is visible; `None` when none is hidden.
    pub(super) fn next_visible(&self) -> Option<Duration> {
        let now = self.now();
        let hidden = self.queues.values().flat_map(|queue| &queue.messages).filter(|message| message.visible_at > now);
        hidden.map(|message| message.visible_at - now).min()
    }

    pub(super) fn messages(&self, queue: &str) -> Vec<Message> {
        self.queues.get(queue).map(|queue| queue.messages.iter().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn edit(&mut self, queue: &str, change: impl Fn(&str) -> Option<String>) {
        let messages = self.queues.get_mut(queue).map(|queue| &mut queue.messages);
        for message in messages.into_iter().flatten() {
            if let Some(body) = change(&message.body) {
                message.body = body;
            }
        }
    }

    pub(super) fn clear(&mut self, queue: &str) -> usize {
        self.queues.get_mut(queue).map_or(0, |queue| queue.messages.drain(..).count())
    }
}

fn epoch_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}
