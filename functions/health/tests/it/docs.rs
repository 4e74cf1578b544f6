use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use testkit::TestApp;

/// What stands between two marks.
fn between<'a>(text: &'a str, open: &str, close: &str) -> &'a str {
    text.split_once(open).unwrap().1.split_once(close).unwrap().0
}

#[tokio::test]
async fn serves_one_page_that_loads_nothing_from_elsewhere() {
    let app = TestApp::new().await;
    app.database_down();
    let answer = app.get("/docs").send().await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = answer.header("content-security-policy").unwrap();
    let page = String::from_utf8(answer.body.to_vec()).unwrap();
    for part in ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for (directive, text) in
        [("script-src", between(&page, "<script>", "</script>")), ("style-src", between(&page, "<style>", "</style>"))]
    {
        let hash = STANDARD.encode(Sha256::digest(text));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "the {directive} of {policy} is not {hash}");
    }
    for outside in ["http://", "https://", "src=", "@import", " url(", ":url(", "style=\"", "onclick"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for words in ["fetch('openapi.json')", "Endpunkt", "endpoint"] {
        assert!(page.contains(words), "{words}");
    }
}
