//! A stand-in for SQS and EventBridge Scheduler on one loopback port, speaking the protocols of the AWS SDK.
//!
//! It enforces AWS's limits, keeps a clock that tests can advance (delays, visibility timeouts), and breaks on request. Told whose
//! rights are which, it refuses what a caller's role does not allow.

mod protocol;
mod queues;
mod scheduler;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::request::Parts;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub use protocol::{BATCH_LIMIT, SIZE_LIMIT};
use queues::Queues;
pub use queues::{Depth, Message, QueueSpec};
pub use scheduler::Schedule;
use scheduler::Schedules;

use crate::server::{self, Answer, Server, answer};
use crate::template::Rights;

/// How the stand-in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Fine,
    /// 503 to everything.
    Unavailable,
    /// Connections end without an answer.
    Unreachable,
    /// Requests are taken, and no answer ever comes.
    Silent,
}

#[derive(Debug)]
struct State {
    queues: Queues,
    schedules: Schedules,
    mood: Mood,
    fail_entries: usize,
    /// Queues that answer 503 while the others are fine.
    blocked: BTreeSet<String>,
    /// Access key → what may be done with it. None: everybody may do everything.
    callers: Option<BTreeMap<String, Arc<Rights>>>,
    /// What was refused for want of a right, in the order in which it was tried.
    denied: Vec<String>,
    base: String,
}

impl State {
    /// Notes and answers what a caller may not do. `needed` are actions, each with the ARN it is done to.
    fn deny(&mut self, caller: &str, needed: &[(String, String)]) -> Option<String> {
        let rights = self.callers.as_ref()?.get(caller);
        let may = |(action, resource): &&(String, String)| rights.is_some_and(|rights| rights.allow(action, resource));
        let (action, resource) = needed.iter().find(|one| !may(one))?;
        let text = format!("{caller} may not {action} on {resource}");
        self.denied.push(text.clone());
        Some(text)
    }
}

/// A running stand-in; dropping it closes the port.
#[derive(Debug)]
pub struct Sqs {
    state: Arc<Mutex<State>>,
    server: Server,
}

impl Sqs {
    /// Starts with these queues and schedule groups (beside `default`). Needs a running tokio runtime.
    pub fn start(queues: &[QueueSpec], schedule_groups: &[String]) -> anyhow::Result<Self> {
        let state = Arc::new(Mutex::new(State {
            queues: Queues::new(queues),
            schedules: Schedules::new(schedule_groups),
            mood: Mood::Fine,
            fail_entries: 0,
            blocked: BTreeSet::new(),
            callers: None,
            denied: Vec::new(),
            base: String::new(),
        }));
        let handler = Arc::clone(&state);
        let server = Server::start(server::loopback(), move |parts, body| {
            let state = Arc::clone(&handler);
            async move { serve(&state, &parts, &body).await }
        })?;
        let sqs = Self { state, server };
        sqs.lock().base = sqs.endpoint();
        Ok(sqs)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `AWS_ENDPOINT_URL` must be.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The URL of a queue.
    pub fn queue_url(&self, queue: &str) -> String {
        protocol::url(&self.endpoint(), queue)
    }

    /// The ARN of a queue; empty for an unknown one.
    pub fn queue_arn(&self, queue: &str) -> String {
        self.lock().queues.get(queue).map(|queue| queue.arn.clone()).unwrap_or_default()
    }

    /// The names of all queues.
    pub fn queue_names(&self) -> Vec<String> {
        self.lock().queues.names().map(str::to_owned).collect()
    }

    /// Puts a message on a queue, as somebody else would.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn send(&self, queue: &str, body: &str) -> anyhow::Result<Message> {
        let sent = self.lock().queues.send(queue, body, Map::new(), Duration::ZERO);
        sent.with_context(|| format!("there is no queue {queue}"))
    }

    /// Everything on a queue, visible or not, without receiving it.
    pub fn messages(&self, queue: &str) -> Vec<Message> {
        self.lock().queues.messages(queue)
    }

    /// Rewrites the bodies on a queue, as far as there is something to change: what they would say had they been sent at another time.
    pub fn edit(&self, queue: &str, change: impl Fn(&str) -> Option<String>) {
        self.lock().queues.edit(queue, change);
    }

    /// How many messages a queue holds.
    pub fn depth(&self, queue: &str) -> Depth {
        self.lock().queues.depth(queue)
    }

    /// Throws away everything on a queue and says how many messages that were.
    pub fn clear(&self, queue: &str) -> usize {
        self.lock().queues.clear(queue)
    }

    /// How many messages were sent in all, to any queue.
    pub fn sent(&self) -> u64 {
        self.lock().queues.sent
    }

    /// Receives everything visible, as Lambda's poller would.
    pub fn receive(&self, queue: &str, most: usize) -> Vec<Message> {
        self.lock().queues.receive(queue, most, None)
    }

    /// Takes a received message off the queue.
    pub fn delete(&self, queue: &str, receipt: &str) {
        self.lock().queues.delete(queue, receipt);
    }

    /// Gives a failed message back and says whether it went to the dead-letter queue. It is visible at once, unless its
    /// consumer has set its visibility: tests do not wait for visibility timeouts.
    pub fn give_back(&self, queue: &str, receipt: &str) -> bool {
        self.lock().queues.give_back(queue, receipt)
    }

    /// Lets time pass for delays and visibility timeouts.
    pub fn advance(&self, by: Duration) {
        self.lock().queues.advance(by);
    }

    /// Time until the next hidden message of any queue is visible; `None` when none is hidden.
    pub fn next_visible(&self) -> Option<Duration> {
        self.lock().queues.next_visible()
    }

    /// Answers 503 to everything, or stops doing so.
    pub fn down(&self, down: bool) {
        self.lock().mood = if down { Mood::Unavailable } else { Mood::Fine };
    }

    /// Ends every connection without an answer, or stops doing so.
    pub fn unreachable(&self, unreachable: bool) {
        self.lock().mood = if unreachable { Mood::Unreachable } else { Mood::Fine };
    }

    /// Takes requests and answers none of them, or stops doing so.
    pub fn silent(&self, silent: bool) {
        self.lock().mood = if silent { Mood::Silent } else { Mood::Fine };
    }

    /// Answers 503 to calls about one queue, or stops doing so.
    pub fn block(&self, queue: &str, blocked: bool) {
        let mut state = self.lock();
        match blocked {
            true => state.blocked.insert(queue.to_owned()),
            false => state.blocked.remove(queue),
        };
    }

    /// Refuses the next `count` entries of batches, while the calls themselves succeed.
    pub fn fail_entries(&self, count: usize) {
        self.lock().fail_entries = count;
    }

    /// From now on, who calls may do what their rights say: access key → rights. Others may do nothing.
    pub fn bind(&self, callers: BTreeMap<String, Arc<Rights>>) {
        self.lock().callers = Some(callers);
    }

    /// What was refused because a caller had no right to it.
    pub fn denied(&self) -> Vec<String> {
        self.lock().denied.clone()
    }

    /// Every schedule that has not deleted itself.
    pub fn schedules(&self) -> Vec<Schedule> {
        self.lock().schedules.all()
    }

    /// Fires the schedule of this name, whatever its time: its input goes to its target queue.
    ///
    /// # Errors
    /// When there is no such schedule or its target is none of the queues.
    pub fn fire(&self, name: &str) -> anyhow::Result<()> {
        let found = self.schedules().into_iter().find(|schedule| schedule.name == name);
        let schedule = found.with_context(|| format!("there is no schedule {name}"))?;
        self.hand_over(&schedule)
    }

    /// Fires every one-time schedule that is due at `now` and says how many that were.
    ///
    /// # Errors
    /// When the target of one is none of the queues.
    pub fn fire_due(&self, now: Timestamp) -> anyhow::Result<usize> {
        let due = self.lock().schedules.due(now);
        for schedule in &due {
            self.hand_over(schedule)?;
        }
        Ok(due.len())
    }

    fn hand_over(&self, schedule: &Schedule) -> anyhow::Result<()> {
        let mut state = self.lock();
        let queue = state.queues.by_arn(&schedule.target_arn);
        let queue = queue.with_context(|| format!("schedule {}: no queue {}", schedule.name, schedule.target_arn))?;
        let body = schedule.message(schedule.at.unwrap_or_else(Timestamp::now));
        state.queues.send(&queue, &body, Map::new(), Duration::ZERO);
        state.schedules.fired(schedule);
        Ok(())
    }
}

async fn serve(state: &Mutex<State>, parts: &Parts, body: &Bytes) -> Option<Answer> {
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let mood = lock().mood;
    match mood {
        Mood::Unreachable => return None,
        Mood::Silent => std::future::pending().await,
        Mood::Unavailable => return Some(refused(503, "ServiceUnavailable", "the test switched AWS off")),
        Mood::Fine => {}
    }
    let signed = parts.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(caller) = signed.and_then(access_key) else {
        return Some(refused(403, "MissingAuthenticationToken", "the request is not signed"));
    };
    let input = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap_or(Value::Null) };
    if let Some(name) = parts.uri.path().strip_prefix("/schedules/") {
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned();
        let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let group = query.into_iter().find(|(key, _)| key == "groupName").map(|(_, value)| value.into_owned());
        let needed = scheduler::needed(&parts.method, &name, group.as_deref(), &input);
        let mut state = lock();
        if let Some(denied) = state.deny(caller, &needed) {
            return Some(refused(403, "AccessDeniedException", &denied));
        }
        return Some(match state.schedules.call(&parts.method, &name, group, &input) {
            Ok(output) => answer(200, "application/json", output.to_string()),
            Err(refusal) => refused(refusal.status, refusal.code, &refusal.message),
        });
    }
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(operation) = target.strip_prefix("AmazonSQS.") else {
        return Some(refused(400, "UnknownOperationException", "the test kit stands in for SQS and Scheduler only"));
    };
    let queue = input["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next());
    if queue.is_some_and(|queue| lock().blocked.contains(queue)) {
        return Some(refused(503, "ServiceUnavailable", "the test switched this queue off"));
    }
    // A long poll looks again and again, without holding the lock.
    let wait = input["WaitTimeSeconds"].as_u64().unwrap_or(0);
    let until = std::time::Instant::now() + Duration::from_secs(wait);
    loop {
        let outcome = {
            let mut state = lock();
            let needed = protocol::needed(&state.queues, operation, &input);
            if let Some(denied) = state.deny(caller, &needed) {
                return Some(query_compatible(refused(403, "AccessDenied", &denied), "AccessDenied"));
            }
            let State { queues, fail_entries, base, .. } = &mut *state;
            protocol::call(queues, base, fail_entries, operation, &input)
        };
        return Some(match outcome {
            Ok(output) if output["Messages"] == json!([]) && std::time::Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            Ok(output) => answer(200, "application/x-amz-json-1.0", output.to_string()),
            Err(refusal) => query_compatible(refused(400, refusal.code, &refusal.message), refusal.code),
        });
    }
}

/// The access key that a request is signed with.
fn access_key(authorization: &str) -> Option<&str> {
    let credential = authorization.strip_prefix("AWS4-HMAC-SHA256 Credential=")?;
    credential.split_once('/').map(|(key, _)| key)
}

/// Adds the name an error had in SQS's older protocol, which the SDK tells errors apart by.
fn query_compatible(mut refused: Answer, code: &str) -> Answer {
    let old = match code {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue".to_owned(),
        "AccessDenied"
        | "InvalidMessageContents"
        | "ReceiptHandleIsInvalid"
        | "MissingParameter"
        | "InvalidParameterValue" => code.to_owned(),
        _ => format!("AWS.SimpleQueueService.{code}"),
    };
    if let Ok(value) = http::HeaderValue::from_str(&format!("{old};Sender")) {
        refused.headers_mut().insert("x-amzn-query-error", value);
    }
    refused
}

/// An error in the shape both protocols understand.
fn refused(status: u16, code: &str, message: &str) -> Answer {
    let body = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": message, "Message": message });
    let mut refused = answer(status, "application/x-amz-json-1.0", body.to_string());
    if let Ok(value) = http::HeaderValue::from_str(code) {
        refused.headers_mut().insert("x-amzn-errortype", value);
    }
    refused
}
