//! Serves the web console: its page for every address of it, and its files, compressed and kept by the browser for good.
//!
//! The files are embedded when this is compiled. Everything they show comes from the public API, with the caller's own token. Refuses
//! nothing, but files that are not there.

use std::process::ExitCode;

use shared::Failure;
use shared::config::Stage;
use shared::http::{self, PublicCall, RawReply};
use shared::secrets::random_token;
use site::{Request, SITE};

/// Without a slash at its end: the gateway has no routes with one.
const START: &str = "/console";

pub fn main() -> ExitCode {
    http::site(["/", START, "/console/{proxy+}"], handle)
}

async fn handle(call: PublicCall) -> Result<RawReply, Failure> {
    let Some(path) = call.raw_path.strip_prefix(START) else {
        return Ok(RawReply { status: 302, headers: vec![("location", START.to_owned())], body: Vec::new() });
    };
    let request = Request {
        path: path.trim_matches('/'),
        accept_encoding: call.header("accept-encoding"),
        if_none_match: call.header("if-none-match"),
        nonce: &random_token()?,
        secure: Stage::from_env() != Stage::Local,
    };
    site::answer(&SITE, request)
}
