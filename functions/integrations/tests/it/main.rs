//! The workers that act at partners, tested as their executables against the test kit's stand-ins.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends in a panic that says where")]
#![allow(clippy::disallowed_methods, reason = "tests stand outside, where the clock is")]

mod acceptance;
mod ledger;
mod slack_worker;
