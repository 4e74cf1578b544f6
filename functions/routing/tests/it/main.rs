//! Routing, and with it the whole way from events to deals, on the real binaries.

mod kills;
mod laws;
mod owners;
mod routing_config;
#[path = "../../../deals/tests/it/support.rs"]
mod support;
mod world;
