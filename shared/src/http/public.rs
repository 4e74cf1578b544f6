//! Endpoints without a transaction around them: public ones (`health`, documents), and receivers, which must accept while the
//! database is away and therefore look after credentials themselves.

use std::collections::BTreeMap;
use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use ::http::HeaderMap;
use jiff::Timestamp;
use schemars::JsonSchema;

use super::auth::{Caller, Verifier};
use super::reply::Reply;
use super::route::Paths;
use super::serve::{self, Incoming, KnownRate, Service};
use crate::app::App;
use crate::config::JwtConfig;
use crate::contract::{Contract, Kind, Route};
use crate::failure::Failure;
use crate::http::Scope;

/// Six megabytes is Lambda's own limit; base64 takes a third of it.
const MAX_RECEIVED: usize = 4 * 1024 * 1024;

/// A request as it came.
pub struct PublicCall {
    pub app: App,
    pub now: Timestamp,
    pub request_id: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub source_ip: Option<String>,
    pub verifier: Option<Arc<Verifier>>,
    path: BTreeMap<&'static str, String>,
    rate: KnownRate,
}

impl PublicCall {
    /// Whose request this is, for the log, and what is left of an API key's minute, for the answer.
    pub fn note_caller(&self, caller: &Caller) {
        crate::telemetry::of_tenant(caller.tenant);
        if let Some(rate) = caller.rate {
            let _first = self.rate.set(rate);
        }
    }

    /// A header's value, when it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A value of the path.
    pub fn path(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// A public `GET` endpoint.
#[track_caller]
pub fn public<R, F, Fut>(paths: impl Paths, handle: F) -> ExitCode
where
    R: Reply,
    F: Fn(PublicCall) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Failure>> + Send + 'static,
{
    let contract = Contract { public: true, output: R::schema(), status: Some(R::STATUS), ..Contract::of(Kind::Http) };
    start("GET", paths.list(), contract, None, handle, std::panic::Location::caller().file())
}

/// A `POST` receiver. `scope` is what its callers need, which the handler checks itself as far as the database allows; without
/// one, a token in the path or a signature is the credential. `B` is the documented shape of the body.
#[track_caller]
pub fn receive<B, R, F, Fut>(paths: impl Paths, scope: Option<Scope>, handle: F) -> ExitCode
where
    B: JsonSchema,
    R: Reply,
    F: Fn(PublicCall) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Failure>> + Send + 'static,
{
    let contract = Contract {
        public: scope.is_none(),
        scope: scope.map(Scope::as_str),
        input: super::schema::<B>(),
        output: R::schema(),
        status: Some(R::STATUS),
        ..Contract::of(Kind::Http)
    };
    let source = std::panic::Location::caller().file();
    if crate::contract::asked() {
        return start("POST", paths.list(), contract, None, handle, source);
    }
    // A receiver without its queue could lose events: it does not start.
    if let Err(error) = crate::config::queue_url("events") {
        crate::telemetry::start();
        return serve::refuse_start(&error);
    }
    let verifier = match (scope, JwtConfig::from_env()) {
        (None, _) => None,
        (Some(_), Ok(config)) => Some(Arc::new(Verifier::new(config))),
        (Some(_), Err(error)) => return serve::refuse_start(&error),
    };
    start("POST", paths.list(), contract, verifier, handle, source)
}

fn start<R, F, Fut>(
    method: &str,
    paths: Vec<&'static str>,
    mut contract: Contract,
    verifier: Option<Arc<Verifier>>,
    handle: F,
    source: &str,
) -> ExitCode
where
    R: Reply,
    F: Fn(PublicCall) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Failure>> + Send + 'static,
{
    if crate::contract::asked() {
        contract.routes =
            paths.iter().map(|path| Route { method: method.to_owned(), path: (*path).to_owned() }).collect();
        return contract.print(source);
    }
    crate::telemetry::start();
    let app = match App::from_env() {
        Ok(app) => app,
        Err(error) => return serve::refuse_start(&error),
    };
    let handle = Arc::new(handle);
    let service: Service = Arc::new(move |incoming: Incoming, now| {
        let call = PublicCall {
            app: app.clone(),
            now,
            request_id: incoming.request_id,
            headers: incoming.headers,
            body: incoming.body,
            source_ip: incoming.source_ip,
            verifier: verifier.clone(),
            path: incoming.values,
            rate: incoming.rate,
        };
        let handle = Arc::clone(&handle);
        Box::pin(async move { handle(call).await?.into_raw() })
    });
    serve::listen(paths, MAX_RECEIVED, service)
}
