//! Serves a built web application: files compressed beforehand, its page for every address that is no file, and headers that let
//! the browser run nothing but its own scripts.

#[cfg(test)]
mod packing;
#[cfg(test)]
mod tests;

use std::io::Read as _;

use shared::Failure;
use shared::http::{Encoding, RawReply};

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The application.
pub struct Site {
    /// `index.html`. [`NONCE`] in it stands for a number that every answer has anew.
    pub page: &'static str,
    pub tag: &'static str,
    pub files: &'static [File],
}

/// A file of it.
pub struct File {
    /// Below `/console/`.
    pub path: &'static str,
    /// Media type.
    pub kind: &'static str,
    /// Names the content.
    pub tag: &'static str,
    pub body: Body,
}

/// A file's content.
pub enum Body {
    /// Compressed already by its own format.
    AsIs(&'static [u8]),
    Packed {
        brotli: &'static [u8],
        gzip: &'static [u8],
    },
}

/// What of a request matters.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Below `/console`, without slashes at its ends.
    pub path: &'a str,
    pub accept_encoding: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
    /// Not used before, and not to be guessed.
    pub nonce: &'a str,
    /// Reached by TLS: browsers shall never try without.
    pub secure: bool,
}

/// Stands in the page where the nonce goes: `index.html` has it in a `<meta property="csp-nonce">`, for the styles that its scripts add.
/// Tags of the page itself carry none: scripts and styles of the site's own files need none, and others do not run.
pub const NONCE: &str = "__CSP_NONCE__";

/// Vite names these by their content, so they never change.
const HASHED: &str = "assets/";

/// What there is of every text; the last one is the smallest.
const PACKED: [Encoding; 2] = [Encoding::Gzip, Encoding::Brotli];

const A_YEAR: &str = "public, max-age=31536000, immutable";

/// Other files keep their names when they change; the browser asks again after an hour, and is told by their tag.
const AN_HOUR: &str = "public, max-age=3600";

/// Answers a request.
///
/// # Errors
/// `NotFound` for a path that names a file which is not there.
pub fn answer(site: &Site, request: Request<'_>) -> Result<RawReply, Failure> {
    if let Some(file) = site.files.iter().find(|file| file.path == request.path) {
        return serve(file, request);
    }
    let last = request.path.rsplit('/').next().unwrap_or_default();
    if last.contains('.') && last != "index.html" {
        // A page in place of a script would only hide that the script is gone.
        return Err(Failure::not_found("file"));
    }
    Ok(page(site, request))
}

/// The page is asked for again every time, so that a release shows at once. It is too small for compressing it to pay.
///
/// The application's style library adds `<style>` elements as it runs. The policy allows those with the nonce of this answer, which
/// the page carries and nobody else can know; scripts come from files only, and need none. An unchanged page (304) goes without a
/// policy: the browser then keeps the one it has, which fits the nonce in its copy of the page.
fn page(site: &Site, request: Request<'_>) -> RawReply {
    let mut headers = common(request);
    headers.push(("cache-control", "no-cache".to_owned()));
    headers.push(("etag", format!("W/\"{}\"", site.tag)));
    if matches(request.if_none_match, site.tag) {
        return RawReply { status: 304, headers, body: Vec::new() };
    }
    headers.push(("content-type", "text/html; charset=utf-8".to_owned()));
    headers.push(("content-security-policy", policy(request.nonce)));
    RawReply { status: 200, headers, body: site.page.replace(NONCE, request.nonce).into_bytes() }
}

fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    )
}

fn serve(file: &File, request: Request<'_>) -> Result<RawReply, Failure> {
    let mut headers = common(request);
    let caching = if file.path.starts_with(HASHED) { A_YEAR } else { AN_HOUR };
    headers.push(("cache-control", caching.to_owned()));
    headers.push(("etag", format!("W/\"{}\"", file.tag)));
    if matches!(file.body, Body::Packed { .. }) {
        headers.push(("vary", "accept-encoding".to_owned()));
    }
    if matches(request.if_none_match, file.tag) {
        return Ok(RawReply { status: 304, headers, body: Vec::new() });
    }
    headers.push(("content-type", file.kind.to_owned()));
    // A picture that is opened as a page may hold scripts as well; this one runs none.
    headers.push(("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox".to_owned()));
    let body = match (&file.body, Encoding::best(request.accept_encoding, &PACKED)) {
        (Body::AsIs(content), _) => content.to_vec(),
        (Body::Packed { brotli, .. }, Encoding::Brotli) => {
            headers.push(("content-encoding", "br".to_owned()));
            brotli.to_vec()
        }
        (Body::Packed { gzip, .. }, Encoding::Gzip) => {
            headers.push(("content-encoding", "gzip".to_owned()));
            gzip.to_vec()
        }
        (Body::Packed { gzip, .. }, Encoding::Identity) => {
            // Rare enough not to embed a third copy of everything.
            let mut content = Vec::new();
            flate2::read::GzDecoder::new(*gzip).read_to_end(&mut content).map_err(Failure::internal)?;
            content
        }
    };
    Ok(RawReply { status: 200, headers, body })
}

/// On every answer.
fn common(request: Request<'_>) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("x-content-type-options", "nosniff".to_owned()),
        ("referrer-policy", "same-origin".to_owned()),
        ("cross-origin-opener-policy", "same-origin".to_owned()),
        ("cross-origin-resource-policy", "same-origin".to_owned()),
        (
            "permissions-policy",
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()".to_owned(),
        ),
    ];
    if request.secure {
        headers.push(("strict-transport-security", "max-age=31536000".to_owned()));
    }
    headers
}

/// Whether the browser has this content. Tags are compared weakly: the nonce and the encoding make no other content.
fn matches(if_none_match: Option<&str>, tag: &str) -> bool {
    let mut known = if_none_match.unwrap_or_default().split(',').map(str::trim);
    known.any(|known| known == "*" || known.trim_start_matches("W/").trim_matches('"') == tag)
}
