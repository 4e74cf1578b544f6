//! The stand-in spoken to over TCP.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::rate::Buckets;
use super::{Options, Slack, SlackFault, blocks};

const HOOK: &str = "/services/T00000000/B00000001/secret";

struct Got {
    status: u16,
    head: String,
    body: String,
}

/// One request on a connection of its own; `None` when the connection ends, or 300 ms pass, without an answer.
async fn send(slack: &Slack, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Got> {
    let mut stream = TcpStream::connect(slack.server.address()).await.unwrap();
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nhost: slack\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_millis(300), stream.read_to_string(&mut answer)).await;
    read.ok()?.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Got { status, head: head.to_owned(), body: body.to_owned() })
}

async fn hook(slack: &Slack, message: &Value) -> Got {
    send(slack, "POST", HOOK, &[("content-type", "application/json")], &message.to_string()).await.unwrap()
}

async fn api(slack: &Slack, token: &str, message: &Value) -> Value {
    let authorization = format!("Bearer {token}");
    let headers = [("content-type", "application/json; charset=utf-8"), ("authorization", authorization.as_str())];
    let got = send(slack, "POST", "/api/chat.postMessage", &headers, &message.to_string()).await.unwrap();
    assert_eq!(got.status, 200);
    serde_json::from_str(&got.body).unwrap()
}

#[tokio::test]
async fn a_hook_answers_ok_as_html() {
    let slack = Slack::local(Options::default()).unwrap();
    slack.set_channel(HOOK, "#sales");
    let got = hook(&slack, &json!({"text": "Neu: Jörg"})).await;
    assert_eq!((got.status, got.body.as_str()), (200, "ok"));
    assert!(got.head.contains("text/html"), "{}", got.head);
    let messages = slack.messages();
    assert_eq!((messages[0].channel.as_str(), messages[0].text.as_str()), ("#sales", "Neu: Jörg"));
    assert!(messages[0].confirmed);
}

#[tokio::test]
async fn a_hook_refuses_in_plain_text() {
    let slack = Slack::local(Options::default()).unwrap();
    let json = [("content-type", "application/json")];
    for (path, headers, body, expected) in [
        (HOOK, &json[..], "{", (400, "invalid_payload")),
        (HOOK, &[][..], r#"{"text":"x"}"#, (400, "invalid_payload")),
        (HOOK, &json[..], r#"{"blocks":[{"type":"divider"}]}"#, (400, "no_text")),
        (HOOK, &json[..], r#"{"text":"x","blocks":[{"type":"section"}]}"#, (400, "invalid_blocks")),
        ("/services/T0/B0", &json[..], r#"{"text":"x"}"#, (404, "no_service")),
        ("/services/x/y/z", &json[..], r#"{"text":"x"}"#, (403, "invalid_token")),
    ] {
        let got = send(&slack, "POST", path, headers, body).await.unwrap();
        assert_eq!((got.status, got.body.as_str()), expected, "{path} {body}");
    }
    slack.disable_hook(HOOK);
    assert_eq!(hook(&slack, &json!({"text": "x"})).await.body, "no_service");
    assert!(slack.messages().is_empty());
}

#[tokio::test]
async fn the_web_api_says_no_with_status_200() {
    let slack = Slack::local(Options { tokens: Some(["xoxb-known".to_owned()].into()), ..Options::default() }).unwrap();
    let message = json!({"channel": "C123ABC456", "text": "x"});
    assert_eq!(api(&slack, "xoxb-known", &message).await["ok"], true);
    assert_eq!(api(&slack, "xoxb-other", &message).await["error"], "invalid_auth");
    assert_eq!(api(&slack, "xoxb-known", &json!({"channel": "c1", "text": "x"})).await["error"], "channel_not_found");
    assert_eq!(api(&slack, "xoxb-known", &json!({"channel": "C123"})).await["error"], "no_text");
    slack.fail_next(SlackFault::ApiError("is_archived".to_owned()));
    assert_eq!(api(&slack, "xoxb-known", &message).await, json!({"ok": false, "error": "is_archived"}));
    let unsigned = send(&slack, "POST", "/api/auth.test", &[], "").await.unwrap();
    assert!(unsigned.body.contains("not_authed"), "{}", unsigned.body);
    assert_eq!(slack.messages().len(), 1);
}

#[tokio::test]
async fn ts_only_ever_increases() {
    let slack = Slack::local(Options { burst: 10, ..Options::default() }).unwrap();
    let mut last = String::new();
    for _ in 0..10 {
        let ts =
            api(&slack, "xoxb-x", &json!({"channel": "C123", "text": "x"})).await["ts"].as_str().unwrap().to_owned();
        assert_eq!(ts.split_once('.').map(|(_, fraction)| fraction.len()), Some(6), "{ts}");
        assert!(ts > last, "{ts} after {last}");
        last = ts;
    }
}

#[tokio::test]
async fn more_than_a_burst_meets_the_limit_of_that_hook_only() {
    let slack = Slack::local(Options { burst: 2, ..Options::default() }).unwrap();
    let message = json!({"text": "x"});
    assert_eq!(hook(&slack, &message).await.status, 200);
    assert_eq!(hook(&slack, &message).await.status, 200);
    let limited = hook(&slack, &message).await;
    assert_eq!(limited.status, 429);
    assert!(limited.head.contains("retry-after: 1"), "{}", limited.head);
    assert_eq!(api(&slack, "xoxb-x", &json!({"channel": "C123", "text": "x"})).await["ok"], true);
    assert_eq!(slack.messages().len(), 3);
    assert_eq!(slack.requests(), 4);
}

#[test]
fn buckets_fill_at_one_a_second() {
    let start = Instant::now();
    let mut buckets = Buckets::new(2);
    let mut at = |ms: u64| buckets.take_at("hook", start + Duration::from_millis(ms));
    assert_eq!([at(0), at(0), at(0), at(500), at(1000), at(1100)], [Ok(()), Ok(()), Err(1), Err(1), Ok(()), Err(1)]);
    assert_eq!([at(60_000), at(60_000), at(60_000)], [Ok(()), Ok(()), Err(1)], "never more than the burst");
}

#[tokio::test]
async fn scripted_faults_come_once_and_may_keep_the_message() {
    let slack = Slack::local(Options { burst: 10, ..Options::default() }).unwrap();
    let message = json!({"text": "x"});
    let post = || send(&slack, "POST", HOOK, &[("content-type", "application/json")], r#"{"text":"x"}"#);
    slack.fail_next(SlackFault::Refused(410, "channel_is_archived".to_owned()));
    slack.fail_next(SlackFault::RateLimited(30));
    slack.fail_next(SlackFault::Broken { kept: true });
    slack.fail_next(SlackFault::Silent { kept: true });
    slack.fail_next(SlackFault::Vanished { kept: false });
    let refused = hook(&slack, &message).await;
    assert_eq!((refused.status, refused.body.as_str()), (410, "channel_is_archived"));
    let limited = hook(&slack, &message).await;
    assert!(limited.status == 429 && limited.head.contains("retry-after: 30"), "{}", limited.head);
    assert_eq!(hook(&slack, &message).await.status, 500);
    assert!(post().await.is_none(), "no answer within the time");
    assert!(post().await.is_none(), "the connection ends");
    assert_eq!(hook(&slack, &message).await.body, "ok");
    let confirmed: Vec<_> = slack.messages().iter().map(|message| message.confirmed).collect();
    assert_eq!(confirmed, [false, false, true]);
}

#[tokio::test]
async fn the_page_shows_what_arrived_newest_first_and_nothing_as_markup() {
    let slack = Slack::local(Options::default()).unwrap();
    hook(&slack, &json!({"text": "first"})).await;
    let blocks = json!([
        {"type": "header", "text": {"type": "plain_text", "text": "<b>Heiß</b>"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*<https://crm.example/1|Erika &amp; Co>* <script>"}},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}, "url": "javascript:x"}]},
    ]);
    assert_eq!(hook(&slack, &json!({"text": "second", "blocks": blocks})).await.status, 200);
    let page = send(&slack, "GET", "/", &[], "").await.unwrap().body;
    assert!(page.find("second").unwrap() < page.find("first").unwrap());
    assert!(page.contains("<a href=\"https://crm.example/1\">Erika &amp; Co</a>"), "{page}");
    assert!(page.contains("&lt;b&gt;Heiß&lt;/b&gt;"), "{page}");
    assert!(!page.contains("<script>") && !page.contains("javascript:"), "{page}");
    let list = send(&slack, "GET", "/messages.json", &[], "").await.unwrap().body;
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!((list.as_array().unwrap().len(), &list[1]["text"]), (2, &json!("second")));
}

#[test]
fn block_kit_limits_are_exact() {
    let check = |block: Value, valid: bool| {
        let verdict = blocks::check(&json!({"text": "x", "blocks": [block.clone()]}));
        assert_eq!(verdict.is_ok(), valid, "{verdict:?}");
    };
    let plain = |length: usize| json!({"type": "plain_text", "text": "ü".repeat(length)});
    let mrkdwn = |length: usize| json!({"type": "mrkdwn", "text": "ü".repeat(length)});
    check(json!({"type": "header", "text": plain(150)}), true);
    check(json!({"type": "header", "text": plain(151)}), false);
    check(json!({"type": "header", "text": mrkdwn(5)}), false);
    check(json!({"type": "section", "text": mrkdwn(3000)}), true);
    check(json!({"type": "section", "text": mrkdwn(3001)}), false);
    check(json!({"type": "section", "text": mrkdwn(0)}), false);
    check(json!({"type": "section", "fields": vec![mrkdwn(2000); 10]}), true);
    check(json!({"type": "section", "fields": vec![mrkdwn(5); 11]}), false);
    check(json!({"type": "section", "fields": [mrkdwn(2001)]}), false);
    check(json!({"type": "context", "elements": vec![mrkdwn(5); 11]}), false);
    check(json!({"type": "actions", "elements": [{"type": "button", "text": plain(75), "action_id": "a"}]}), true);
    check(json!({"type": "actions", "elements": [{"type": "button", "text": plain(76)}]}), false);
    check(
        json!({"type": "actions", "elements": [{"type": "button", "text": plain(5), "url": "x".repeat(3001)}]}),
        false,
    );
    check(json!({"type": "divider"}), true);
    check(json!({"type": "carousel"}), false);
    let many = |count: usize| json!({"text": "x", "blocks": vec![json!({"type": "divider"}); count]});
    assert!(blocks::check(&many(50)).is_ok() && blocks::check(&many(51)).is_err());
    let doubled =
        json!({"text": "x", "blocks": [{"type": "divider", "block_id": "a"}, {"type": "divider", "block_id": "a"}]});
    assert!(blocks::check(&doubled).is_err());
}
