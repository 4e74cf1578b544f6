//! Partners' webhooks, tested as the deployed executables.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends in a panic that says where")]

mod webhooks_lemlist;
mod webhooks_website;
