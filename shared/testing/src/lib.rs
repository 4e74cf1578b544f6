//! Lotse's test kit: runs the functions' own executables as AWS would, from outside, with everything around them.
//!
//! It reads `template.yaml` to know which function answers a route or consumes a queue and which variables it is given,
//! so that what is missing there fails a test and not a deployment. It does not depend on the crate the functions share.
//!
//! A test of a function is a file `functions/<area>/tests/it/<function>.rs`:
//!
//! ```ignore
//! use serde_json::{Value, json};
//! use testkit::TestApp;
//!
//! #[tokio::test]
//! async fn an_event_becomes_a_lead() {
//!     let app = TestApp::new().await;                    // a database, stand-ins, and the tenant `test`
//!     let key = app.tenant().api_key("portal");
//!     let event = json!({"event_type": "demo_requested", "source": "portal", "lead_identifier": {"email": "e@x.example"}});
//!     app.post("/api/v1/events/ingest", &event).api_key(&key).send().await.expect(202);
//!     let delivered = app.deliver("events").await;       // one queue, once; `drain` delivers from all until empty
//!     assert_eq!((delivered.messages, delivered.failures), (1, 0), "{delivered:?}");
//!     app.drain().await;                                 // else the end of the test complains about what is left
//!     let leads = app.get("/api/v1/leads").bearer(&app.token("sales")).send().await.expect(200).json::<Value>();
//!     assert_eq!(leads["data"][0]["email"], "e@x.example");
//! }
//! ```
//!
//! These are tests of the package `functions/all`, whose one program holds every function, so that cargo builds it for them:
//! `cargo nextest run --package all-functions --test leads <filter>`. A Postgres for tests must run (see [`database`]). When a test fails, the last output of the functions it used is shown.
//!
//! | module | what |
//! |---|---|
//! | [`app`] | one whole product per test: requests, deliveries, jobs, tenants |
//! | [`runtime`] | one function's process behind a Lambda Runtime API; for kill tests and benchmarks too |
//! | [`template`] | `template.yaml`: functions, queues, variables |
//! | [`sqs`] | stand-in for SQS and EventBridge Scheduler |
//! | [`acceptance`] | what every partner's worker has to withstand |
//! | [`fakes`] | stand-ins for partners; `cargo dev up` runs them too |
//! | [`database`], [`proxy`] | a database per test, and how to take it away |
//! | [`contracts`] | what every function says of itself, asked once a build |
//! | [`keys`] | access tokens and webhook signatures |
//! | [`statements`] | the store's statements as functions send them |
//! | [`sales`] | records put straight into the database, refusals every endpoint owes a stranger, plans of statements |

#![expect(clippy::disallowed_methods, reason = "those are rules for functions; the kit is what surrounds them")]

#[expect(clippy::panic, reason = "its callers are tests, as those of `app`")]
pub mod acceptance;
#[expect(clippy::panic, reason = "its callers are tests: what goes wrong must fail them, with a message")]
pub mod app;
pub mod contracts;
pub mod database;
pub mod fakes;
pub mod keys;
pub mod proxy;
pub mod runtime;
pub mod sales;
mod server;
pub mod sqs;
#[expect(clippy::panic, reason = "its callers are tests, as those of `app`")]
pub mod statements;
pub mod template;
mod workspace;

pub use app::{Delivered, Response, Tenant, TestApp};
pub use http::Method;
pub use workspace::{ALL_FUNCTIONS, binary};
