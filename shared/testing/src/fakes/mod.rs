//! Stand-ins for partners, strict after what is known of them. The tests use them, and so does the local stack, where a
//! page shows what arrived.

pub mod slack;
pub mod smtp;
pub mod strict;

use std::net::SocketAddr;

use anyhow::Context as _;

use slack::{Options, Slack};

/// Runs the stand-ins on `address` until the process ends: Slack's hooks and Web API, with a page of messages at `/`.
///
/// # Errors
/// When the address is taken.
pub async fn serve(address: SocketAddr) -> anyhow::Result<()> {
    // The local stack is for looking at: a seeded demo may send a handful of messages at once.
    let _slack = Slack::start(address, Options { burst: 20, ..Options::default() }).context("the Slack stand-in")?;
    std::future::pending().await
}
