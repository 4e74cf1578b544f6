//! The entry point of HTTP endpoints. An endpoint's `main` is its route:
//!
//! ```ignore
//! fn main() -> ExitCode {
//!     http::post("/api/v1/leads", Scope::LeadsWrite, handle)
//! }
//! async fn handle(call: Call<Body>) -> Result<Created<LeadView>, Failure> { … }
//! ```
//!
//! Around the handler stand, in this order: path and size, credentials and scope, one transaction that entered the caller's
//! tenant, `Idempotency-Key`, the typed body and query with every fault at once, and afterwards the commit, the hand-over of
//! promised messages, and one log line. A handler that fails undoes everything it wrote.

pub mod auth;
mod beside;
mod body;
mod bulk;
mod call;
mod export;
pub mod ingest;
mod packing;
mod parts_of;
mod problem;
mod public;
mod reply;
mod route;
mod serve;
pub mod sign_in;

pub(crate) use body::value;
pub use serve::idempotency_key;

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use ::http::Method;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

pub use auth::Anyone;
pub use beside::Beside;
pub use bulk::{ListQuery, versions};
pub use call::{Call, NoQuery};
pub use packing::Encoding;
pub use parts_of::{DealPart, DealPartsView, LeadPart, LeadPartsView, WithParts};
pub use public::{PublicCall, public, public_post, receive, site};
pub use reply::{Accepted, Created, Html, Json, Listed, NoContent, RawReply, Reply};

// What handlers name beside the entry point, so that their imports stay short.
pub use crate::domain::access::{Caller, Role, Scope};
pub use crate::views::paging::{Page, Paging};
pub use crate::views::patch::Patch;

use crate::contract::{Contract, Kind, Route};
use crate::failure::Failure;
use crate::views::filters::Field;
use call::Parts;
use route::Paths;

type Handler = Arc<dyn Fn(Parts) -> BoxFuture<'static, Result<RawReply, Failure>> + Send + Sync>;

/// What plumbing knows of an endpoint; nothing in it is generic.
pub(crate) struct Endpoint {
    method: Method,
    paths: Vec<&'static str>,
    /// None: whoever is signed in.
    scope: Option<Scope>,
    handler: Handler,
    contract: fn() -> Shapes,
    /// Of a list: the fields by which it is filtered.
    fields: &'static [Field],
    source: &'static str,
}

/// The JSON Schemas of an endpoint.
pub(crate) struct Shapes {
    pub input: Option<serde_json::Value>,
    pub query: Option<serde_json::Value>,
    pub output: Option<serde_json::Value>,
    pub other_media: Option<&'static str>,
    pub status: u16,
}

macro_rules! verb {
    ($(#[$doc:meta])* $name:ident, $method:ident, $paged:literal) => {
        $(#[$doc])*
        #[track_caller]
        pub fn $name<B, Q, R, F, Fut>(paths: impl Paths, scope: impl Into<Option<Scope>>, handle: F) -> ExitCode
        where
            B: DeserializeOwned + JsonSchema + Send + 'static,
            Q: DeserializeOwned + JsonSchema + Send + 'static,
            R: Reply,
            F: Fn(Call<B, Q>) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<R, Failure>> + Send + 'static,
        {
            let source = std::panic::Location::caller().file();
            run(endpoint(Method::$method, paths.list(), scope.into(), Listing { paged: $paged, fields: &[] }, handle, source))
        }
    };
}

/// What of a query string is read before the query itself.
#[derive(Clone, Copy)]
pub(crate) struct Listing {
    paged: bool,
    fields: &'static [Field],
}

/// A list that is filtered by fields, with `filter[<field>][<operator>]` (see [`crate::views::filters`]).
#[track_caller]
pub fn filtered<B, Q, R, F, Fut>(
    paths: impl Paths,
    scope: impl Into<Option<Scope>>,
    fields: &'static [Field],
    handle: F,
) -> ExitCode
where
    B: DeserializeOwned + JsonSchema + Send + 'static,
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    R: Reply,
    F: Fn(Call<B, Q>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Failure>> + Send + 'static,
{
    let source = std::panic::Location::caller().file();
    run(endpoint(Method::GET, paths.list(), scope.into(), Listing { paged: true, fields }, handle, source))
}

verb!(
    /// An endpoint that reads one thing.
    get, GET, false
);
verb!(
    /// An endpoint that reads a list, a part at a time: it takes `page`, `limit`, `sort` and `cursor`. All others refuse them, as
    /// they refuse whatever else they would ignore.
    list, GET, true
);
verb!(
    /// An endpoint that creates or acts.
    post, POST, false
);
verb!(
    /// An endpoint that changes a record by JSON merge-patch.
    patch, PATCH, false
);
verb!(
    /// An endpoint that removes a record.
    delete, DELETE, false
);

fn endpoint<B, Q, R, F, Fut>(
    method: Method,
    paths: Vec<&'static str>,
    scope: Option<Scope>,
    listing: Listing,
    handle: F,
    source: &'static str,
) -> Endpoint
where
    B: DeserializeOwned + JsonSchema + Send + 'static,
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    R: Reply,
    F: Fn(Call<B, Q>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Failure>> + Send + 'static,
{
    let handle = Arc::new(handle);
    let handler: Handler = Arc::new(move |parts: Parts| {
        let handle = Arc::clone(&handle);
        Box::pin(async move {
            let call = Call::from_parts(parts, listing)?;
            handle(call).await?.into_raw()
        })
    });
    let contract = || Shapes {
        input: schema::<B>(),
        query: schema::<Q>(),
        output: R::schema(),
        other_media: R::other_media(),
        status: R::STATUS,
    };
    Endpoint { method, paths, scope, handler, contract, fields: listing.fields, source }
}

/// The schema of a type, or nothing for `()` and [`NoQuery`]. Release builds do not describe themselves, and so carry none.
pub(crate) fn schema<T: JsonSchema>() -> Option<serde_json::Value> {
    if !cfg!(debug_assertions) {
        return None;
    }
    let name = T::schema_name();
    if name == "null" || name == "NoQuery" {
        return None;
    }
    Some(schemars::SchemaGenerator::default().into_root_schema_for::<T>().to_value())
}

fn run(endpoint: Endpoint) -> ExitCode {
    if crate::contract::asked() {
        let shapes = (endpoint.contract)();
        return Contract {
            kind: Kind::Http,
            routes: endpoint
                .paths
                .iter()
                .map(|path| Route { method: endpoint.method.to_string(), path: (*path).to_owned() })
                .collect(),
            scope: endpoint.scope.map(Scope::as_str),
            queue: None,
            public: false,
            input: shapes.input,
            query: shapes.query,
            filters: endpoint.fields.iter().flat_map(Field::parameters).collect(),
            output: shapes.output,
            other_media: shapes.other_media,
            status: Some(shapes.status),
        }
        .print(endpoint.source);
    }
    serve::run(endpoint)
}
