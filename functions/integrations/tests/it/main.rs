//! The workers that act at partners, tested as their executables against the test kit's stand-ins.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends in a panic that says where")]

mod acceptance;
mod ledger;
mod slack_worker;
