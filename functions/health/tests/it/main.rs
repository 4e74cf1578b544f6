//! Health, readiness and the documents, tested as the deployed executables.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends in a panic that says where")]

mod docs;
mod health;
mod openapi;
mod ready;
