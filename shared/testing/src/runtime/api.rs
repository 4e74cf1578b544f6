//! The Runtime API a function polls (version 2018-06-01): next event, answer, error, initialisation error.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::{PAYLOAD_LIMIT, epoch_ms, now};
use crate::server::{Answer, answer};

const PREFIX: &str = "/2018-06-01/runtime/";

/// One event on its way to the function.
#[derive(Debug)]
pub(super) struct Invocation {
    id: String,
    event: Bytes,
    deadline_ms: u128,
    reply: oneshot::Sender<Outcome>,
}

impl Invocation {
    pub(super) fn new(event: Bytes, timeout: Duration, reply: oneshot::Sender<Outcome>) -> Self {
        Self { id: Uuid::new_v4().to_string(), event, deadline_ms: epoch_ms(timeout), reply }
    }
}

/// What the function said about an invocation.
#[derive(Debug)]
pub(super) enum Outcome {
    Answered(Bytes),
    Failed { error_type: String, message: String },
}

/// The body a function sends with an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Diagnostic {
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error_message: String,
}

/// The server's state for one function.
#[derive(Debug)]
pub(super) struct Api {
    started: Mutex<Instant>,
    queue: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    /// The invocation the function works on now.
    current: Mutex<Option<(String, oneshot::Sender<Outcome>)>>,
    ready: watch::Sender<Option<Duration>>,
    arn: String,
}

impl Api {
    pub(super) fn new(
        queue: mpsc::UnboundedReceiver<Invocation>,
        ready: watch::Sender<Option<Duration>>,
        arn: String,
    ) -> Self {
        let queue = tokio::sync::Mutex::new(queue);
        Self { started: Mutex::new(now()), queue, current: Mutex::new(None), ready, arn }
    }

    /// Called right before the process is started: its initialisation is measured from here.
    pub(super) fn starting(&self) {
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = now();
    }

    pub(super) async fn handle(&self, parts: Parts, body: Bytes) -> Answer {
        let path = parts.uri.path();
        let Some(rest) = path.strip_prefix(PREFIX) else {
            return refused(404, "InvalidPath", &format!("the Runtime API has no {path}"));
        };
        match (&parts.method, rest.split('/').collect::<Vec<_>>().as_slice()) {
            (&Method::GET, ["invocation", "next"]) => self.next().await,
            (&Method::POST, ["invocation", id, "response"]) => self.finish(id, response(body)),
            (&Method::POST, ["invocation", id, "error"]) => self.finish(id, failure(&body)),
            (&Method::POST, ["init", "error"]) => {
                // The process ends after this; its output, which the kit shows, has the reason.
                accepted()
            }
            _ => refused(404, "InvalidPath", &format!("the Runtime API has no {} {path}", parts.method)),
        }
    }

    async fn next(&self) -> Answer {
        if self.ready.borrow().is_none() {
            let started = *self.started.lock().unwrap_or_else(PoisonError::into_inner);
            self.ready.send_replace(Some(started.elapsed()));
        }
        let invocation = self.queue.lock().await.recv().await;
        let Some(Invocation { id, event, deadline_ms, reply }) = invocation else {
            return refused(500, "Stopped", "the test kit has stopped this function");
        };
        let mut next = answer(200, "application/json", event);
        let headers = [
            ("lambda-runtime-aws-request-id", id.clone()),
            ("lambda-runtime-deadline-ms", deadline_ms.to_string()),
            ("lambda-runtime-invoked-function-arn", self.arn.clone()),
            ("lambda-runtime-trace-id", format!("Root=1-{:08x}-{};Sampled=0", deadline_ms / 1000, &trace_tail(&id))),
        ];
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                next.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some((id, reply));
        next
    }

    fn finish(&self, id: &str, outcome: Outcome) -> Answer {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match current.take() {
            Some((expected, reply)) if expected == id => {
                // Nobody waits any more when the caller gave up: the function cannot know and is told the same.
                let _ = reply.send(outcome);
                accepted()
            }
            other => {
                *current = other;
                refused(400, "InvalidRequestID", "this invocation is not in progress")
            }
        }
    }
}

/// 24 hexadecimal digits for a trace id.
fn trace_tail(id: &str) -> String {
    id.chars().filter(char::is_ascii_hexdigit).take(24).collect()
}

fn response(body: Bytes) -> Outcome {
    if body.len() > PAYLOAD_LIMIT {
        return Outcome::Failed {
            error_type: "Function.ResponseSizeTooLarge".to_owned(),
            message: format!("the answer has {} bytes; Lambda takes {PAYLOAD_LIMIT}", body.len()),
        };
    }
    Outcome::Answered(body)
}

fn failure(body: &Bytes) -> Outcome {
    match serde_json::from_slice::<Diagnostic>(body) {
        Ok(diagnostic) => Outcome::Failed { error_type: diagnostic.error_type, message: diagnostic.error_message },
        Err(_) => {
            Outcome::Failed { error_type: "Unreadable".to_owned(), message: String::from_utf8_lossy(body).into_owned() }
        }
    }
}

fn accepted() -> Answer {
    answer(202, "application/json", r#"{"status":"OK"}"#)
}

fn refused(status: u16, error_type: &str, message: &str) -> Answer {
    let body = serde_json::json!({ "errorType": error_type, "errorMessage": message });
    answer(status, "application/json", body.to_string())
}
