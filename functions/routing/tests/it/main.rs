//! Routing, and with it the whole way from events to deals, on the real binaries.

mod kills;
mod laws;
mod owners;
mod world;
