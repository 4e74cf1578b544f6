//! A partner as awkward as they come, that can be asked: objects with versions, found by the reference their maker gave them, but only
//! a while after they were made; a bucket that counts every request; time-outs after the write.
//!
//! | request | answer |
//! |---|---|
//! | `POST /objects` `{reference, target, content}` | 201 `{id, version}` |
//! | `PUT /objects/{id}` `{reference, version, content}` | 200 `{id, version}`; 409 when the version is not the current one |
//! | `GET /objects?reference=…` | 200 `{objects: [{id, version}]}`: what was made or changed under the reference, as far as it is indexed |
//!
//! Everything with `Authorization: Bearer <key>`, else 401; beyond the bucket 429 with `Retry-After`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderValue, Method};
use serde_json::{Value, json};

use crate::server::{self, Answer, Switch, answer};

/// What the next write meets instead of a normal answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 423: it was certainly not done.
    Busy,
    /// 423 with `Retry-After` in seconds.
    BusyFor(u64),
    /// 429 with `Retry-After` in seconds.
    Limited(u64),
    /// 504: it may have been done.
    Broken { kept: bool },
    /// Takes the request and never answers.
    Silent { kept: bool },
    /// Closes the connection without an answer.
    Vanished { kept: bool },
}

/// A write that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub reference: String,
    pub target: String,
}

#[derive(Debug)]
struct Object {
    version: u64,
    /// Who made and who changed it, and from when on each is found.
    references: Vec<(String, Instant)>,
}

#[derive(Debug)]
struct State {
    key: String,
    objects: Vec<Object>,
    writes: Vec<Write>,
    troubles: VecDeque<Trouble>,
    lags: VecDeque<Duration>,
    /// How much later it is here than outside.
    ahead: Duration,
    bucket: (f64, f64),
    level: (f64, Instant),
    requests: u64,
    limited: u64,
    refused: u64,
}

impl State {
    fn now(&self) -> Instant {
        Instant::now() + self.ahead
    }

    /// Takes one request from the bucket, or says after how many seconds there is one.
    fn take(&mut self) -> Result<(), u64> {
        let ((size, per_second), now) = (self.bucket, self.now());
        let (level, since) = self.level;
        let level = (level + now.saturating_duration_since(since).as_secs_f64() * per_second).min(size);
        let enough = level >= 1.0;
        self.level = (if enough { level - 1.0 } else { level }, now);
        if enough { Ok(()) } else { Err((((1.0 - level) / per_second).ceil() as u64).max(1)) }
    }
}

/// A running stand-in; dropping it closes the port.
#[derive(Debug)]
pub struct Strict {
    state: Arc<Mutex<State>>,
    server: Switch,
}

impl Strict {
    /// Starts on any free loopback port, with a key that it takes. Needs a running tokio runtime.
    pub fn start(key: &str) -> anyhow::Result<Self> {
        let state = Arc::new(Mutex::new(State {
            key: key.to_owned(),
            objects: Vec::new(),
            writes: Vec::new(),
            troubles: VecDeque::new(),
            lags: VecDeque::new(),
            ahead: Duration::ZERO,
            bucket: (f64::MAX, 1.0),
            level: (f64::MAX, Instant::now()),
            requests: 0,
            limited: 0,
            refused: 0,
        }));
        let handler = Arc::clone(&state);
        let server = Switch::start(server::loopback(), move |parts, body| {
            let state = Arc::clone(&handler);
            async move {
                let reply = serve(&mut state.lock().unwrap_or_else(PoisonError::into_inner), &parts, &body);
                match reply {
                    Reply::Answer(answer) => Some(answer),
                    Reply::Vanish => None,
                    Reply::Silence => std::future::pending().await,
                }
            }
        })?;
        Ok(Self { state, server })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// From now on it takes requests at this rate: so many at once, and so many a second.
    pub fn set_bucket(&self, size: f64, per_second: f64) {
        let mut state = self.lock();
        state.bucket = (size, per_second);
        state.level = (size, state.now());
    }

    /// From now on it takes this key only.
    pub fn set_key(&self, key: &str) {
        key.clone_into(&mut self.lock().key);
    }

    /// Scripts the next write; several are met one after the other.
    pub fn trouble_next(&self, trouble: Trouble) {
        self.lock().troubles.push_back(trouble);
    }

    /// Takes back what was scripted and not met.
    pub fn calm(&self) {
        let mut state = self.lock();
        state.troubles.clear();
        state.lags.clear();
    }

    /// How many of the scripted ones were not met yet.
    pub fn unmet(&self) -> usize {
        self.lock().troubles.len()
    }

    /// The next write is found only after this time.
    pub fn index_next_after(&self, lag: Duration) {
        self.lock().lags.push_back(lag);
    }

    /// Lets time pass here.
    pub fn advance(&self, by: Duration) {
        self.lock().ahead += by;
    }

    /// What was carried out, in order.
    pub fn writes(&self) -> Vec<Write> {
        self.lock().writes.clone()
    }

    /// Requests that came, of any kind.
    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// How many of them were too many.
    pub fn limited(&self) -> u64 {
        self.lock().limited
    }

    /// How many of them came with a wrong key.
    pub fn refused(&self) -> u64 {
        self.lock().refused
    }

    /// Nobody listens any more.
    pub fn go_away(&self) {
        self.server.off();
    }

    /// It listens again, where it was.
    ///
    /// # Errors
    /// When somebody else took the port.
    pub fn come_back(&self) -> anyhow::Result<()> {
        self.server.on()
    }
}

enum Reply {
    Answer(Answer),
    Silence,
    Vanish,
}

fn serve(state: &mut State, parts: &Parts, body: &Bytes) -> Reply {
    state.requests += 1;
    if let Err(seconds) = state.take() {
        state.limited += 1;
        return not_before(429, "limited", seconds);
    }
    let expected = format!("Bearer {}", state.key);
    if parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) != Some(expected.as_str()) {
        state.refused += 1;
        return says(401, &json!({"error": "invalid_key", "message": "This key is not known."}));
    }
    if parts.method == Method::GET {
        let query = parts.uri.query().unwrap_or_default();
        return find(state, query.strip_prefix("reference=").unwrap_or_default());
    }
    let kept = match state.troubles.pop_front() {
        Some(Trouble::Busy) => return says(423, &json!({"error": "busy"})),
        Some(Trouble::BusyFor(seconds)) => return not_before(423, "busy", seconds),
        Some(Trouble::Limited(seconds)) => return not_before(429, "limited", seconds),
        Some(Trouble::Broken { kept }) => (kept, Some(answer(504, "text/html", "<html>Gateway Time-out</html>"))),
        Some(Trouble::Silent { kept }) => {
            if kept {
                let _unsaid = write(state, parts, body);
            }
            return Reply::Silence;
        }
        Some(Trouble::Vanished { kept }) => {
            if kept {
                let _unsaid = write(state, parts, body);
            }
            return Reply::Vanish;
        }
        None => (true, None),
    };
    match kept {
        (false, Some(broken)) => Reply::Answer(broken),
        (_, broken) => {
            let written = write(state, parts, body);
            broken.map_or(written, Reply::Answer)
        }
    }
}

fn find(state: &State, reference: &str) -> Reply {
    let now = state.now();
    let known = |object: &Object| object.references.iter().any(|(one, from)| one == reference && *from <= now);
    let found = state.objects.iter().enumerate().filter(|(_, object)| known(object));
    let objects: Vec<_> = found.map(|(id, object)| json!({"id": id, "version": object.version})).collect();
    says(200, &json!({"objects": objects}))
}

fn write(state: &mut State, parts: &Parts, body: &Bytes) -> Reply {
    let Ok(input) = serde_json::from_slice::<Value>(body) else {
        return says(400, &json!({"error": "no_json"}));
    };
    let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
    let reference = text("reference");
    if reference.is_empty() {
        return says(422, &json!({"error": "no_reference", "message": "A reference is needed."}));
    }
    let from = state.now() + state.lags.pop_front().unwrap_or_default();
    let id = if parts.method == Method::POST {
        state.objects.push(Object { version: 0, references: Vec::new() });
        state.objects.len() - 1
    } else {
        let id = parts.uri.path().strip_prefix("/objects/").and_then(|id| id.parse().ok()).unwrap_or(usize::MAX);
        match state.objects.get(id) {
            None => return says(404, &json!({"error": "no_object"})),
            Some(object) if input["version"] != object.version => {
                return says(409, &json!({"error": "version_conflict", "message": "Somebody changed it meanwhile."}));
            }
            Some(_) => id,
        }
    };
    let target = text("target");
    state.writes.push(Write { reference: reference.clone(), target });
    let Some(object) = state.objects.get_mut(id) else { return Reply::Vanish };
    object.version += 1;
    object.references.push((reference, from));
    let version = object.version;
    says(if version == 1 { 201 } else { 200 }, &json!({"id": id, "version": version}))
}

fn not_before(status: u16, code: &str, seconds: u64) -> Reply {
    let mut answer = answer(status, "application/json", json!({"error": code}).to_string());
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    Reply::Answer(answer)
}

fn says(status: u16, body: &Value) -> Reply {
    Reply::Answer(answer(status, "application/json", body.to_string()))
}
