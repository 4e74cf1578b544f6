//! Routing, and with it the whole way from events to deals, on the real binaries.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends in a panic that says where")]
#![allow(clippy::disallowed_methods, reason = "tests stand outside, where the clock is")]

mod conflicts;
mod kills;
mod laws;
mod outages;
mod owners;
mod routing_config;
mod routing_evaluate;
mod world;

use testkit::sales as support;
