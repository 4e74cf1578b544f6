use std::io::Read as _;

use testkit::{Method, Response, TestApp};

const PAGE: &str = "/console";

async fn get(app: &TestApp, path: &str) -> Response {
    app.get(path).header("accept-encoding", "gzip, deflate, br").send().await
}

fn text(response: &Response) -> String {
    String::from_utf8(response.body.to_vec()).unwrap()
}

/// What stands between `before` and `after`, each time.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

#[tokio::test]
async fn the_root_leads_to_the_console() {
    let app = TestApp::bare().await;
    let answer = get(&app, "/").await.expect(302);
    assert_eq!(answer.header("location"), Some(PAGE));
    app.request(Method::HEAD, "/").send().await.expect(302);
}

#[tokio::test]
async fn every_address_is_the_page_with_a_nonce_of_its_own() {
    let app = TestApp::bare().await;
    let mut seen = std::collections::BTreeSet::new();
    for path in [PAGE, "/console/leads", "/console/leads/0190a000-0000-7000-8000-000000000001", "/console/index.html"] {
        let answer = get(&app, path).await.expect(200);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        let policy = answer.header("content-security-policy").unwrap();
        let nonces = between(policy, "'nonce-", "'");
        let [nonce] = nonces.as_slice() else { panic!("{policy}") };
        let page = text(&answer);
        assert!(page.contains("<html") && !page.contains("__CSP_NONCE__"), "{page}");
        assert!(between(&page, "nonce=\"", "\"").iter().all(|used| used == nonce), "{page}");
        assert!(seen.insert((*nonce).to_owned()), "a nonce came twice");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("strict-transport-security"), None, "not on the local stage");
        assert!(!page.contains("<script>"), "no script in the page itself: {page}");
    }
}

#[tokio::test]
async fn an_unchanged_page_is_not_sent_again() {
    let app = TestApp::bare().await;
    let first = get(&app, PAGE).await.expect(200);
    let known = first.header("etag").unwrap();
    let again = app.get(PAGE).header("if-none-match", known).send().await.expect(304);
    assert!(again.body.is_empty() && again.header("content-security-policy").is_none());
    app.get(PAGE).header("if-none-match", "W/\"other\"").send().await.expect(200);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let app = TestApp::bare().await;
    for path in [PAGE, "/console/leads"] {
        let head = app.request(Method::HEAD, path).send().await.expect(200);
        assert!(head.body.is_empty());
        assert_eq!(head.header("etag"), get(&app, path).await.header("etag"));
    }
    app.request(Method::HEAD, "/console/assets/gone-00000000.js").send().await.expect(404);
}

#[tokio::test]
async fn what_the_page_names_is_there_in_every_encoding() {
    let app = TestApp::bare().await;
    let page = text(&get(&app, PAGE).await.expect(200));
    let named = [between(&page, "src=\"/console/", "\""), between(&page, "href=\"/console/", "\"")].concat();
    for file in named {
        let path = format!("/console/{file}");
        let plain = app.get(&path).send().await.expect(200);
        assert_eq!(plain.header("content-encoding"), None);
        assert!(!plain.body.is_empty(), "{path}");
        let kept =
            if file.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
        assert_eq!(plain.header("cache-control"), Some(kept), "{path}");
        let gzip = app.get(&path).header("accept-encoding", "gzip").send().await.expect(200);
        if gzip.header("content-encoding") == Some("gzip") {
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(&gzip.body[..]).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, plain.body, "{path}");
            let brotli = app.get(&path).header("accept-encoding", "gzip;q=0.9, br").send().await.expect(200);
            assert_eq!(brotli.header("content-encoding"), Some("br"));
            let mut unpacked = Vec::new();
            brotli::BrotliDecompress(&mut &brotli.body[..], &mut unpacked).unwrap();
            assert_eq!(unpacked, plain.body, "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_no_file_is_not_found() {
    let app = TestApp::bare().await;
    for path in
        ["/console/assets/gone-00000000.js", "/console/robots.txt", "/console/%2e%2e/Cargo.toml", "/console/app.js.map"]
    {
        get(&app, path).await.expect(404).problem();
    }
}

#[tokio::test]
async fn needs_no_database() {
    let app = TestApp::bare().await;
    app.database_down();
    get(&app, PAGE).await.expect(200);
}
