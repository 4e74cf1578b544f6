//! The plumbing around every endpoint, compiled once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::auth::{Credentials, Verifier, note_rate};
use super::call::Parts;
use super::reply::RawReply;
use super::{Endpoint, packing as packer, problem, route};
use crate::app::App;
use crate::config::JwtConfig;
use crate::domain::access::{Caller, Rate};
use crate::failure::Failure;
use crate::flows::keys::use_key;
use crate::store::{Tx, idempotency};
use crate::telemetry::metrics::{Metric, REQUEST_DURATION};
use crate::telemetry::{self, refuse_start, step};
use ::http::{HeaderMap, Method};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Error, IntoResponse, Request, RequestExt as _, Response, service_fn};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Bodies of ordinary endpoints, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;

/// A request in our own terms.
pub(crate) struct Incoming {
    pub method: Method,
    pub path: String,
    pub values: BTreeMap<&'static str, String>,
    pub headers: HeaderMap,
    pub query: String,
    pub body: Vec<u8>,
    pub request_id: String,
    pub source_ip: Option<String>,
    pub rate: KnownRate,
    /// When Lambda ends this function by force.
    pub deadline: Instant,
}

/// What is left of the caller's minute, once an API key was looked up: it stands on the answer, also on a refusal.
pub(crate) type KnownRate = Arc<OnceLock<Rate>>;

impl Incoming {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// How long a request is worked on. Who is killed at the deadline answers nothing, and leaves no word in the log.
pub(crate) struct Patience {
    app: App,
    until: Instant,
    /// Whether it only reads.
    safe: bool,
}

/// For the answer itself, and the way back.
const RESERVE: Duration = Duration::from_millis(500);

impl Patience {
    pub fn of(app: &App, incoming: &Incoming) -> Self {
        let until = incoming.deadline.checked_sub(RESERVE).unwrap_or(incoming.deadline);
        Self { app: app.clone(), until, safe: incoming.method.is_safe() }
    }

    /// Works until it is done, or the time is over: then nobody can tell what of it was done.
    pub async fn keep<T>(self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        match tokio::time::timeout_at(self.until.into(), work).await {
            Ok(outcome) => outcome,
            Err(_) => {
                // A connection that answers nothing is not asked again.
                self.app.database().discard().await;
                let reason = "it took longer than the time of this function";
                Err(if self.safe { Failure::unavailable(reason) } else { Failure::Unsure(reason.into()) })
            }
        }
    }
}

/// Answers one request; failures are rendered outside.
pub(crate) type Service =
    Arc<dyn Fn(Incoming, Timestamp) -> BoxFuture<'static, Result<RawReply, Failure>> + Send + Sync>;

/// Runs an authenticated endpoint until the environment ends.
pub(crate) fn run(endpoint: Endpoint) -> ExitCode {
    telemetry::start();
    let (app, jwt) = match (App::from_env(), JwtConfig::from_env()) {
        (Ok(app), Ok(jwt)) => (app, jwt),
        (Err(error), _) | (_, Err(error)) => return refuse_start(&error),
    };
    app.somebody_waits();
    let verifier = Arc::new(Verifier::new(jwt));
    let paths = endpoint.paths.clone();
    let endpoint = Arc::new(endpoint);
    let service: Service = Arc::new(move |incoming, now| {
        let (app, verifier, endpoint) = (app.clone(), Arc::clone(&verifier), Arc::clone(&endpoint));
        Box::pin(async move {
            let patience = Patience::of(&app, &incoming);
            patience.keep(authenticated(app, &verifier, &endpoint, incoming, now)).await
        })
    });
    listen(paths, MAX_BODY, Packing::IfItPays, service)
}

/// Whether answers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    IfItPays,
    /// They hold secrets, or are packed already.
    Never,
}

/// Takes requests from Lambda and hands them to the service.
pub(crate) fn listen(paths: Vec<&'static str>, max_body: usize, packing: Packing, service: Service) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse_start(&error),
    };
    let paths = Arc::new(paths);
    let outcome = runtime.block_on(lambda_http::run(service_fn(move |request: Request| {
        let (paths, service) = (Arc::clone(&paths), Arc::clone(&service));
        async move {
            let (request_id, now) = (request.lambda_context().request_id, crate::app::now());
            let answered = answer(&paths, max_body, packing, &service, request, now);
            Ok::<_, Error>(Answer(telemetry::invocation(&request_id, now, answered).await))
        }
    })));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse_start(&error),
    }
}

/// An answer whose body is text or bytes as it stands. The library would look at the content type to find that out, with the tables of
/// every character set there is: a fortieth of an archive.
struct Answer(Response<Body>);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(std::future::ready(self.0))
    }
}

async fn answer(
    paths: &[&'static str],
    max_body: usize,
    packing: Packing,
    service: &Service,
    request: Request,
    now: Timestamp,
) -> Response<Body> {
    let started = Instant::now();
    telemetry::of_route(paths.first().copied().unwrap_or_default());
    let context = request.lambda_context();
    let left = telemetry::time_left(&context);
    let request_id = context.request_id;
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let source_ip = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
        _ => None,
    };
    let (head, body) = request.into_parts();
    let body = match body {
        // A body means nothing here (RFC 9110, 9.3), and some clients and proxies send one.
        _ if [Method::GET, Method::HEAD, Method::DELETE].contains(&method) => Vec::new(),
        Body::Text(text) => text.into_bytes(),
        Body::Binary(bytes) => bytes,
        _ => Vec::new(),
    };
    let accepted = head.headers.get("accept-encoding").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let values = paths.iter().find_map(|pattern| route::matched(pattern, &path));
    let rate = KnownRate::default();
    let outcome = match values {
        None => Err(Failure::not_found("path")),
        Some(_) if body.len() > max_body => Err(Failure::TooLarge { limit: max_body }),
        Some(values) => {
            let query = head.uri.query().unwrap_or_default().to_owned();
            let incoming = Incoming {
                method: method.clone(),
                path: path.clone(),
                values,
                headers: head.headers,
                query,
                body,
                request_id: request_id.clone(),
                source_ip,
                rate: Arc::clone(&rate),
                deadline: started + left,
            };
            service(incoming, now).await
        }
    };
    let mut reply = outcome.unwrap_or_else(|failure| {
        log_failure(&failure);
        problem::render(&failure, &path, &request_id)
    });
    if let Some(rate) = rate.get() {
        note_rate(*rate, &mut reply.headers);
    }
    if packing == Packing::IfItPays {
        packer::pack(&mut reply, accepted.as_deref());
    }
    let took = started.elapsed();
    tracing::info!(method = %method, status = reply.status, duration_ms = took.as_secs_f64() * 1e3, "answered");
    REQUEST_DURATION.took(took);
    Metric::of_status(reply.status).add(1.0);
    respond(reply, &request_id, method == Method::HEAD)
}

fn log_failure(failure: &Failure) {
    match failure {
        Failure::Internal(cause) => tracing::error!(reason = %cause, "failed by a fault of ours"),
        Failure::Unavailable { cause, .. } => tracing::warn!(reason = %cause, "a dependency is away"),
        Failure::Unsure(cause) => tracing::error!(reason = %cause, "perhaps done, perhaps not"),
        refusal => tracing::info!(code = refusal.code(), "refused"),
    }
}

fn respond(reply: RawReply, request_id: &str, head: bool) -> Response<Body> {
    let mut response = Response::builder().status(reply.status).header("x-request-id", request_id);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    // What we say it is, it is: no browser guesses.
    for (name, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")] {
        if !reply.headers.iter().any(|(said, _)| *said == name) {
            response = response.header(name, value);
        }
    }
    let body = if head || reply.body.is_empty() {
        Body::Empty
    } else {
        match String::from_utf8(reply.body) {
            Ok(text) => Body::Text(text),
            Err(error) => Body::Binary(error.into_bytes()),
        }
    };
    response.body(body).unwrap_or_else(|error| {
        tracing::error!(reason = %error, "an answer with an unusable header");
        Response::new(Body::Empty)
    })
}

async fn authenticated(
    app: App,
    verifier: &Verifier,
    endpoint: &Endpoint,
    incoming: Incoming,
    now: Timestamp,
) -> Result<RawReply, Failure> {
    let access = async {
        let (token, key) = (incoming.header("authorization"), incoming.header("x-api-key"));
        Ok(match verifier.credentials(token, key, now).await? {
            Credentials::Token(caller) => *caller,
            Credentials::Key { source, hash } => use_key(app.database(), &source, &hash, now).await?,
        })
    };
    let caller = step(tracing::error_span!("access"), access).await?;
    telemetry::of_tenant(caller.tenant);
    if let Some(rate) = caller.rate {
        let _first = incoming.rate.set(rate);
    }
    if let Some(scope) = endpoint.scope {
        caller.need(scope)?;
    }
    let tx = app.database().begin(caller.tenant, caller.shown()).await?;
    app.end(&tx, in_transaction(&app, &tx, endpoint, caller, incoming, now).await).await
}

async fn in_transaction(
    app: &App,
    tx: &Tx,
    endpoint: &Endpoint,
    caller: Caller,
    incoming: Incoming,
    now: Timestamp,
) -> Result<RawReply, Failure> {
    let key = match incoming.method == Method::POST {
        true => idempotency_key(&incoming.headers)?,
        false => None,
    };
    if let Some(key) = &key {
        let request = format!("{} {}?{}", incoming.method, incoming.path, incoming.query);
        let hash: [u8; 32] = Sha256::digest(without_passwords(&incoming.body)).into();
        if let Some(saved) = idempotency::claim(tx, key, &request, &hash, now).await? {
            return Ok(saved.into());
        }
    }
    let reply = (endpoint.handler)(Parts {
        app: app.clone(),
        tx: tx.clone(),
        caller,
        now,
        request_id: incoming.request_id,
        source_ip: incoming.source_ip,
        path: incoming.values,
        headers: incoming.headers,
        query: incoming.query,
        body: incoming.body,
    })
    .await?;
    if let Some(key) = &key {
        idempotency::save(tx, key, &(&reply).into()).await?;
    }
    Ok(reply)
}

/// What of a body tells it from others, for keeping its hash. A password is left out, wherever it stands: beside a fast hash of it the
/// slow one would protect nothing, because everything else in the body is known. So a request repeated with another password gets the
/// first answer.
fn without_passwords(body: &[u8]) -> Cow<'_, [u8]> {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return Cow::Borrowed(body) };
    match take_passwords(&mut value) {
        false => Cow::Borrowed(body),
        true => Cow::Owned(value.to_string().into_bytes()),
    }
}

/// Removes members that are passwords; true when there was one.
fn take_passwords(value: &mut Value) -> bool {
    const SECRET: [&str; 2] = ["password", "current_password"];
    match value {
        Value::Object(members) => {
            let before = members.len();
            members.retain(|name, _| !SECRET.contains(&name.as_str()));
            let here = members.len() < before;
            // Every member is looked at, whatever was found before.
            members.values_mut().map(take_passwords).filter(|found| *found).count() > 0 || here
        }
        Value::Array(items) => items.iter_mut().map(take_passwords).filter(|found| *found).count() > 0,
        _ => false,
    }
}

/// The request's `Idempotency-Key`; one that is not usable is refused, because its sender relies on it.
///
/// # Errors
/// `Invalid` when it is empty, longer than 200 characters, or not visible ASCII.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if (1..=200).contains(&key.len()) => Ok(Some(key.to_owned())),
        Ok(_) => Err(Failure::invalid("Idempotency-Key", "range", "The key has 1 to 200 characters.")),
        Err(_) => Err(Failure::invalid("Idempotency-Key", "format", "The key consists of visible ASCII characters.")),
    }
}

#[cfg(test)]
mod tests {
    use ::http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(value: &[u8], code: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", HeaderValue::from_bytes(value).unwrap());
        match (idempotency_key(&headers), code) {
            (Ok(key), None) => assert_eq!(key.unwrap().as_bytes(), value),
            (Err(Failure::Invalid(faults)), Some(code)) => assert_eq!(faults[0].code, code),
            (outcome, _) => panic!("{outcome:?}"),
        }
    }

    #[test]
    fn passwords_leave_no_trace_in_a_hash() {
        let left = |body: &str| String::from_utf8(without_passwords(body.as_bytes()).into_owned()).unwrap();
        assert_eq!(left(r#"{"b": 1,  "a":2}"#), r#"{"b": 1,  "a":2}"#);
        let one = left(r#"{"email":"a@b.example","password":"eins eins eins"}"#);
        assert_eq!(one, left(r#"{"email":"a@b.example","pass\u0077ord":"zwei zwei zwei"}"#));
        assert_eq!(one, r#"{"email":"a@b.example"}"#);
        assert_ne!(one, left(r#"{"email":"c@d.example","password":"eins eins eins"}"#));
        assert_eq!(left("[1]"), "[1]");
        assert_eq!(left(r#"{"a":[{"password":"drei","b":1}]}"#), r#"{"a":[{"b":1}]}"#);
        assert_eq!(left("{"), "{");
    }

    #[test]
    fn unusable_keys_are_refused() {
        check(b"order-7", None);
        check(&[b'a'; 200], None);
        check(b"", Some("range"));
        check(&[b'a'; 201], Some("range"));
        check("bestätigt".as_bytes(), Some("format"));
        assert_eq!(idempotency_key(&HeaderMap::new()).unwrap(), None);
    }
}
