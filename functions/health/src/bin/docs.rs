//! The API's documentation as a page for people, in English and German. It renders `openapi.json`, which stands beside it.
//!
//! One answer without anything from elsewhere. Only this script and this style may run, by their hashes.

use std::process::ExitCode;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use shared::Failure;
use shared::http::{self, PublicCall, RawReply};

const FRAME: &str = include_str!("../page/docs.html");
const STYLE: &str = include_str!("../page/docs.css");
const SCRIPT: &str = include_str!("../page/docs.js");

static PAGE: LazyLock<String> = LazyLock::new(|| FRAME.replace("{{style}}", STYLE).replace("{{script}}", SCRIPT));

static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
});

pub fn main() -> ExitCode {
    http::public("/docs", handle)
}

async fn handle(_call: PublicCall) -> Result<RawReply, Failure> {
    Ok(RawReply {
        status: 200,
        headers: vec![
            ("content-type", "text/html; charset=utf-8".to_owned()),
            ("cache-control", "public, max-age=300".to_owned()),
            ("content-security-policy", POLICY.clone()),
            ("referrer-policy", "no-referrer".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
        ],
        body: PAGE.clone().into_bytes(),
    })
}

/// How a policy names an inline text.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}
