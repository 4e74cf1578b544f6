//! The OpenAPI 3.1 document of this release, assembled from what every function says of itself.
//!
//! `cargo dev generate` writes the file; it is part of the executable.

use std::process::ExitCode;

use shared::Failure;
use shared::http::{self, PublicCall, RawReply};

static DOCUMENT: &[u8] = include_bytes!("../../openapi.json");

pub fn main() -> ExitCode {
    http::public("/openapi.json", handle)
}

async fn handle(_call: PublicCall) -> Result<RawReply, Failure> {
    Ok(RawReply {
        status: 200,
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("cache-control", "public, max-age=300".to_owned()),
            // Anybody may read it, from anywhere: it is how clients are made.
            ("access-control-allow-origin", "*".to_owned()),
        ],
        body: DOCUMENT.to_vec(),
    })
}
