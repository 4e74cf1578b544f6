use super::*;

const BROTLI: &[u8] = b"packed with brotli";
const SCRIPT: &str = "export const answer = 42;";
/// `SCRIPT`, as gzip packs it.
const GZIP: &[u8] = include_bytes!("tests/script.gz");

static SITE: Site = Site {
    page: "<!doctype html><meta property=\"csp-nonce\" nonce=\"__CSP_NONCE__\"><style nonce=\"__CSP_NONCE__\"></style>",
    tag: "page-1",
    files: &[
        File {
            path: "assets/app-Ab12Cd34.js",
            kind: "text/javascript; charset=utf-8",
            tag: "script-1",
            body: Body::Packed { brotli: BROTLI, gzip: GZIP },
        },
        File { path: "logo.png", kind: "image/png", tag: "logo-1", body: Body::AsIs(b"PNG") },
    ],
};

fn request(path: &str) -> Request<'_> {
    Request { path, accept_encoding: Some("gzip, deflate, br"), if_none_match: None, nonce: "n0nce", secure: true }
}

fn header<'a>(reply: &'a RawReply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
}

#[track_caller]
fn check_encoding(accept: Option<&str>, expected: Encoding) {
    assert_eq!(Encoding::best(accept, &PACKED), expected, "{accept:?}");
}

#[test]
fn the_caller_chooses_the_encoding() {
    use Encoding::{Brotli, Gzip, Identity};
    check_encoding(None, Identity);
    check_encoding(Some(""), Identity);
    check_encoding(Some("gzip, deflate, br, zstd"), Brotli);
    check_encoding(Some("gzip, deflate"), Gzip);
    check_encoding(Some("deflate"), Identity);
    check_encoding(Some("br;q=0.5, gzip;q=0.8"), Gzip);
    check_encoding(Some("BR;Q=0.8, gzip;q=0.8"), Brotli);
    check_encoding(Some("br;q=0, gzip"), Gzip);
    check_encoding(Some("br;q=0, gzip;q=0.0"), Identity);
    check_encoding(Some("*"), Brotli);
    check_encoding(Some("*;q=0.5, gzip"), Gzip);
    check_encoding(Some("br;q=0, *"), Gzip);
    check_encoding(Some("identity"), Identity);
    check_encoding(Some("identity;q=1, br;q=0.5"), Identity);
    check_encoding(Some("identity;q=0, gzip;q=0.1"), Gzip);
    check_encoding(Some("br;q=nonsense"), Identity);
}

#[test]
fn hashed_files_are_kept_for_good_in_every_encoding() {
    for (accept, encoding, body) in
        [(Some("br"), Some("br"), BROTLI), (Some("gzip"), Some("gzip"), GZIP), (None, None, SCRIPT.as_bytes())]
    {
        let reply = answer(&SITE, Request { accept_encoding: accept, ..request("assets/app-Ab12Cd34.js") }).unwrap();
        assert_eq!((reply.status, header(&reply, "content-encoding")), (200, encoding));
        assert_eq!(reply.body, body);
        assert_eq!(header(&reply, "content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(header(&reply, "cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(header(&reply, "vary"), Some("accept-encoding"));
    }
}

#[test]
fn other_files_are_asked_for_again() {
    let reply = answer(&SITE, request("logo.png")).unwrap();
    assert_eq!((header(&reply, "content-encoding"), header(&reply, "vary")), (None, None));
    assert_eq!(header(&reply, "cache-control"), Some("public, max-age=3600"));
    let again = answer(&SITE, Request { if_none_match: header(&reply, "etag"), ..request("logo.png") }).unwrap();
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[test]
fn every_address_that_is_no_file_is_the_page() {
    for path in ["", "index.html", "leads", "leads/0190a000-0000-7000-8000-000000000001/scores"] {
        let reply = answer(&SITE, request(path)).unwrap();
        assert_eq!(reply.status, 200, "{path}");
        let text = String::from_utf8(reply.body).unwrap();
        assert_eq!(text.matches("nonce=\"n0nce\"").count(), 2, "{text}");
        assert!(!text.contains(NONCE), "{text}");
    }
    for path in ["assets/app-gone0000.js", "favicon.ico", "leads/x.html", "assets/../logo.png"] {
        assert!(matches!(answer(&SITE, request(path)), Err(Failure::NotFound(_))), "{path}");
    }
}

#[test]
fn the_page_runs_its_own_scripts_only() {
    let reply = answer(&SITE, request("")).unwrap();
    let policy = header(&reply, "content-security-policy").unwrap();
    for directive in [
        "default-src 'none'",
        "script-src 'self';",
        "style-src 'self' 'nonce-n0nce'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(directive), "{directive}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(header(&reply, "x-content-type-options"), Some("nosniff"));
    assert!(header(&reply, "permissions-policy").is_some() && header(&reply, "referrer-policy").is_some());
    assert_eq!(header(&reply, "strict-transport-security"), Some("max-age=31536000"));
    let local = answer(&SITE, Request { secure: false, ..request("") }).unwrap();
    assert_eq!(header(&local, "strict-transport-security"), None, "a laptop has no TLS");
}

#[test]
fn an_unchanged_page_keeps_the_policy_the_browser_has() {
    let first = answer(&SITE, request("")).unwrap();
    assert_eq!(header(&first, "cache-control"), Some("no-cache"));
    let known = header(&first, "etag").unwrap();
    for tags in [known.to_owned(), format!("\"other\", {known}"), "*".to_owned()] {
        let again =
            answer(&SITE, Request { if_none_match: Some(&tags), nonce: "another", ..request("leads") }).unwrap();
        assert_eq!((again.status, again.body.len()), (304, 0), "{tags}");
        assert_eq!(header(&again, "content-security-policy"), None, "its nonce would not fit the kept page");
    }
    let changed = answer(&SITE, Request { if_none_match: Some("W/\"page-0\""), ..request("") }).unwrap();
    assert_eq!(changed.status, 200);
}
