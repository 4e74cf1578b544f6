//! Signing in and out, tested as the deployed executables.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends in a panic that says where")]

mod auth_login;
mod auth_login_brake;
mod auth_logout;
mod auth_mails;
mod auth_me;
mod auth_refresh;
mod support;
