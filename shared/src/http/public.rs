//! Endpoints without a transaction around them: public ones (`health`, documents, the console), signing in, and receivers, which must accept while the
//! database is away and therefore look after credentials themselves.

use std::collections::BTreeMap;
use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use ::http::HeaderMap;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::auth::{Credentials, Verifier};
use super::reply::{RawReply, Reply};
use super::route::Paths;
use super::serve::{self, Incoming, KnownRate, MAX_BODY, Packing, Patience, Service};
use super::{body, sign_in};
use crate::app::App;
use crate::config::{JwtConfig, Stage};
use crate::contract::{Contract, Kind, Route};
use crate::domain::access::{Caller, Scope};
use crate::failure::Failure;
use crate::messages::queues;
use crate::telemetry::refuse_start;

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
    /// The path as it came, still encoded.
    pub raw_path: String,
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

    /// Who sent an access token, when one was sent that is believed; whether it was revoked is not looked at.
    ///
    /// # Errors
    /// When the keys cannot be fetched.
    pub async fn bearer(&self) -> Result<Option<Caller>, Failure> {
        let (Some(verifier), Some(authorization)) = (&self.verifier, self.header("authorization")) else {
            return Ok(None);
        };
        match verifier.credentials(Some(authorization), None, self.now).await {
            Ok(Credentials::Token(caller)) => Ok(Some(*caller)),
            Ok(Credentials::Key { .. }) | Err(Failure::Unauthenticated(_)) => Ok(None),
            Err(failure) => Err(failure),
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
    let start = Start::of(&["GET"], paths.list(), contract);
    start.with(handle, std::panic::Location::caller().file())
}

/// Public pages and files: `GET`, and `HEAD`, which the gateway routes apart. The plumbing leaves the body of an answer to `HEAD` out.
#[track_caller]
pub fn site<R, F, Fut>(paths: impl Paths, handle: F) -> ExitCode
where
    R: Reply,
    F: Fn(PublicCall) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Failure>> + Send + 'static,
{
    let contract = Contract { public: true, output: R::schema(), status: Some(R::STATUS), ..Contract::of(Kind::Http) };
    let start = Start { packing: Packing::Never, ..Start::of(&["GET", "HEAD"], paths.list(), contract) };
    start.with(handle, std::panic::Location::caller().file())
}

/// A public `POST` endpoint with a JSON body, for programs and for pages of ours: those of other sites are refused, because an
/// answer may set a cookie or act with one.
#[track_caller]
pub fn public_post<B, R, F, Fut>(paths: impl Paths, handle: F) -> ExitCode
where
    B: DeserializeOwned + JsonSchema + Send + 'static,
    R: Reply,
    F: Fn(PublicCall, B) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Failure>> + Send + 'static,
{
    let contract = Contract {
        public: true,
        input: super::schema::<B>(),
        output: R::schema(),
        status: Some(R::STATUS),
        ..Contract::of(Kind::Http)
    };
    // Secrets stand in these answers.
    let mut start = Start { packing: Packing::Never, ..Start::of(&["POST"], paths.list(), contract) };
    if !crate::contract::asked() {
        start.verifier = match JwtConfig::from_env() {
            Ok(config) => Some(Arc::new(Verifier::new(config))),
            Err(error) => {
                crate::telemetry::start();
                return refuse_start(&error);
            }
        };
    }
    let handle = Arc::new(handle);
    let checked = move |call: PublicCall| {
        let handle = Arc::clone(&handle);
        async move {
            sign_in::from_our_pages(&call.headers, call.app.console_url(), Stage::from_env())?;
            let mut faults = Vec::new();
            match body::json::<B>(&call.body, &mut faults) {
                Some(body) if faults.is_empty() => handle(call, body).await,
                _ => Err(Failure::Invalid(faults)),
            }
        }
    };
    start.with(checked, std::panic::Location::caller().file())
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
    let mut start = Start { max_body: MAX_RECEIVED, ..Start::of(&["POST"], paths.list(), contract) };
    if crate::contract::asked() {
        return start.with(handle, source);
    }
    // A receiver without its queue could lose events: it does not start.
    if let Err(error) = crate::config::queue_url(queues::EVENTS) {
        crate::telemetry::start();
        return refuse_start(&error);
    }
    start.verifier = match (scope, JwtConfig::from_env()) {
        (None, _) => None,
        (Some(_), Ok(config)) => Some(Arc::new(Verifier::new(config))),
        (Some(_), Err(error)) => return refuse_start(&error),
    };
    start.with(handle, source)
}

/// What all of them begin with.
struct Start {
    methods: &'static [&'static str],
    paths: Vec<&'static str>,
    contract: Contract,
    max_body: usize,
    packing: Packing,
    verifier: Option<Arc<Verifier>>,
}

impl Start {
    fn of(methods: &'static [&'static str], paths: Vec<&'static str>, contract: Contract) -> Self {
        Self { methods, paths, contract, max_body: MAX_BODY, packing: Packing::IfItPays, verifier: None }
    }

    fn with<R, F, Fut>(self, handle: F, source: &str) -> ExitCode
    where
        R: Reply,
        F: Fn(PublicCall) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        let handle = Arc::new(handle);
        self.boxed(
            Arc::new(move |call| {
                let handle = Arc::clone(&handle);
                Box::pin(async move { handle(call).await?.into_raw() })
            }),
            source,
        )
    }

    fn boxed(self, handle: Handle, source: &str) -> ExitCode {
        let Self { methods, paths, mut contract, max_body, packing, verifier } = self;
        if crate::contract::asked() {
            let route = |path: &&str, method: &&str| Route { method: (*method).to_owned(), path: (*path).to_owned() };
            contract.routes =
                paths.iter().flat_map(|path| methods.iter().map(move |method| route(path, method))).collect();
            return contract.print(source);
        }
        crate::telemetry::start();
        let app = match App::from_env() {
            Ok(app) => app,
            Err(error) => return refuse_start(&error),
        };
        app.somebody_waits();
        let service: Service = Arc::new(move |incoming: Incoming, now| {
            let patience = Patience::of(&app, &incoming);
            let work = handle(PublicCall {
                app: app.clone(),
                now,
                request_id: incoming.request_id,
                headers: incoming.headers,
                body: incoming.body,
                source_ip: incoming.source_ip,
                verifier: verifier.clone(),
                raw_path: incoming.path,
                path: incoming.values,
                rate: incoming.rate,
            });
            Box::pin(patience.keep(work))
        });
        serve::listen(paths, max_body, packing, service)
    }
}

type Handle = Arc<dyn Fn(PublicCall) -> BoxFuture<'static, Result<RawReply, Failure>> + Send + Sync>;
