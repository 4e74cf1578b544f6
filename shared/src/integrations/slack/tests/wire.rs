use std::time::Duration;

use serde_json::json;

use super::super::wire::{post_message_body, read_post_message, read_webhook, webhook_body};
use crate::integrations::partner::{CallOutcome, FaultDomain};

fn refused(code: &str, fault: FaultDomain) -> CallOutcome {
    CallOutcome::refused(code, fault)
}

fn unknown(outcome: &CallOutcome) -> bool {
    matches!(outcome, CallOutcome::Unknown(_))
}

#[test]
fn a_webhook_says_ok_and_nothing_else() {
    assert_eq!(read_webhook(200, None, "ok"), CallOutcome::Done(json!({"via": "webhook"})));
    assert!(unknown(&read_webhook(200, None, "<html>Welcome to the hotel</html>")));
    assert!(unknown(&read_webhook(200, None, "")));
    assert_eq!(read_webhook(200, None, "invalid_payload"), refused("invalid_payload", FaultDomain::Content));
}

#[test]
fn a_webhooks_errors_are_permanent_below_500() {
    let table = [
        (400, "invalid_payload", FaultDomain::Content),
        (400, "no_text", FaultDomain::Content),
        (400, "too_many_attachments", FaultDomain::Content),
        (400, "user_not_found", FaultDomain::Content),
        (403, "invalid_token", FaultDomain::Connection),
        (403, "action_prohibited", FaultDomain::Connection),
        (403, "posting_to_general_channel_denied", FaultDomain::Target),
        (400, "posting_to_general_channel_denied", FaultDomain::Target),
        (404, "channel_not_found", FaultDomain::Connection),
        (404, "no_service", FaultDomain::Connection),
        (404, "no_service_id", FaultDomain::Connection),
        (404, "no_active_hooks", FaultDomain::Connection),
        (404, "no_team", FaultDomain::Connection),
        (403, "team_disabled", FaultDomain::Connection),
        (410, "channel_is_archived", FaultDomain::Connection),
    ];
    for (status, code, fault) in table {
        assert_eq!(read_webhook(status, None, code), refused(code, fault), "{status} {code}");
    }
    assert_eq!(read_webhook(404, None, "<html>gone</html>"), refused("http_404", FaultDomain::Connection));
    assert_eq!(read_webhook(302, None, ""), refused("http_302", FaultDomain::Connection));
    assert_eq!(read_webhook(418, None, "teapot!"), refused("http_418", FaultDomain::Content));
}

#[test]
fn after_a_server_error_nobody_knows() {
    assert_eq!(read_webhook(500, None, "rollup_error"), CallOutcome::Unknown("rollup_error".to_owned()));
    assert!(unknown(&read_webhook(503, None, "<html></html>")));
    assert!(unknown(&read_post_message(502, None, "")));
    assert!(unknown(&read_post_message(200, None, r#"{"ok":false,"error":"internal_error"}"#)));
    assert!(unknown(&read_post_message(200, None, r#"{"ok":false,"error":"fatal_error"}"#)));
    assert!(unknown(&read_post_message(200, None, "<html></html>")));
}

#[test]
fn a_pause_is_as_long_as_slack_says() {
    let seconds = |outcome: CallOutcome| match outcome {
        CallOutcome::Limited(pause) => pause,
        other => panic!("{other:?}"),
    };
    assert_eq!(seconds(read_webhook(429, Some("7"), "rate_limited")), Duration::from_secs(7));
    assert_eq!(seconds(read_post_message(429, Some(" 7 "), "")), Duration::from_secs(7));
    assert_eq!(seconds(read_post_message(429, None, "")), Duration::from_secs(30));
    assert_eq!(seconds(read_webhook(429, Some("soon"), "")), Duration::from_secs(30));
    assert_eq!(seconds(read_webhook(429, Some("0"), "")), Duration::from_secs(1));
    assert_eq!(seconds(read_webhook(429, Some("999999999"), "")), Duration::from_secs(3600));
    assert_eq!(
        seconds(read_post_message(200, Some("4"), r#"{"ok":false,"error":"ratelimited"}"#)),
        Duration::from_secs(4)
    );
}

#[test]
fn the_web_apis_errors_come_with_200() {
    let read = |code: &str| read_post_message(200, None, &json!({"ok": false, "error": code}).to_string());
    for code in [
        "not_authed",
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "missing_scope",
        "not_allowed_token_type",
        "team_access_not_granted",
    ] {
        assert_eq!(read(code), refused(code, FaultDomain::Connection));
    }
    for code in [
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "restricted_action",
        "restricted_action_read_only_channel",
        "no_permission",
        "ekm_access_denied",
    ] {
        assert_eq!(read(code), refused(code, FaultDomain::Target));
    }
    for code in ["no_text", "invalid_blocks", "msg_blocks_too_long", "cannot_reply_to_message", "something_new"] {
        assert_eq!(read(code), refused(code, FaultDomain::Content));
    }
    for code in ["service_unavailable", "request_timeout", "team_added_to_org", "message_limit_exceeded"] {
        assert_eq!(read(code), CallOutcome::not_now(code));
    }
    assert_eq!(
        read_post_message(200, None, r#"{"ok":true,"channel":"C1","ts":"1.000100","message":{"text":"private"}}"#),
        CallOutcome::Done(json!({"via": "api", "channel": "C1", "ts": "1.000100"})),
        "the message itself is not kept twice"
    );
}

#[test]
fn what_is_no_code_does_not_get_into_the_ledger() {
    let answer = json!({"ok": false, "error": "Erika <erika@example.org> cannot be reached"}).to_string();
    assert_eq!(read_post_message(200, None, &answer), refused("unnamed_error", FaultDomain::Content));
}

#[test]
fn a_webhook_is_not_told_a_channel() {
    let payload = json!({"channel": "#a", "text": "t", "blocks": [], "username": "x", "thread_ts": null});
    let expected = json!({"text": "t", "blocks": [], "unfurl_links": false, "unfurl_media": false});
    assert_eq!(webhook_body(&payload), expected);
    let body = post_message_body(&payload);
    let unfurls = (&body["unfurl_links"], &body["unfurl_media"]);
    assert_eq!((&body["channel"], unfurls), (&json!("#a"), (&json!(false), &json!(false))));
    assert!(body.get("username").is_none());
}
