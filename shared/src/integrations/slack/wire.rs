//! Slack's JSON, its error codes, and what each means for a message: pure.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::integrations::partner::{CallOutcome, FaultDomain};

/// When Slack says 429 without saying for how long.
const PAUSE: Duration = Duration::from_secs(30);

/// A longer pause than this is asked for again.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The body for an incoming webhook, which knows its channel itself.
pub fn webhook_body(payload: &Value) -> Value {
    parts(payload)
}

/// The body for `chat.postMessage`.
pub fn post_message_body(payload: &Value) -> Value {
    let mut body = parts(payload);
    body["channel"] = payload["channel"].clone();
    body
}

/// Nothing is unfurled: our own links lead into the console, of which there is no preview, and Slack must call no address that a
/// stranger typed into a form.
fn parts(payload: &Value) -> Value {
    let mut body = json!({"text": payload["text"], "unfurl_links": false, "unfurl_media": false});
    for name in ["blocks", "thread_ts"] {
        if let Some(part) = payload.get(name).filter(|part| !part.is_null()) {
            body[name] = part.clone();
        }
    }
    body
}

/// How an incoming webhook's answer is read: plain text, `ok` when it is posted.
pub fn read_webhook(status: u16, retry_after: Option<&str>, body: &str) -> CallOutcome {
    let body = body.trim();
    match status {
        200 if body == "ok" => CallOutcome::Done(json!({"via": "webhook"})),
        // A code is Slack speaking; anything else is somebody in between, who may have passed the message on.
        200 => code(body).map_or_else(
            || CallOutcome::Unknown("200 without `ok`".to_owned()),
            |code| refused(webhook_fault(&code, status), code),
        ),
        429 => CallOutcome::Limited(pause(retry_after)),
        500.. => CallOutcome::Unknown(code(body).unwrap_or_else(|| format!("http_{status}"))),
        _ => {
            let code = code(body).unwrap_or_else(|| format!("http_{status}"));
            refused(webhook_fault(&code, status), code)
        }
    }
}

fn webhook_fault(code: &str, status: u16) -> FaultDomain {
    match code {
        "invalid_payload" | "no_text" | "too_many_attachments" | "user_not_found" => FaultDomain::Content,
        _ if code.starts_with("invalid_blocks") => FaultDomain::Content,
        // The hook is bound to its workspace and channel: whatever is wrong with them, it must be made again.
        "invalid_token" | "action_prohibited" | "no_service" | "no_service_id" | "no_active_hooks" | "no_team" => {
            FaultDomain::Connection
        }
        _ if code.starts_with("channel_") || code.starts_with("team_") => FaultDomain::Connection,
        "posting_to_general_channel_denied" => FaultDomain::Target,
        _ if matches!(status, 401 | 403 | 404 | 410) || (300..400).contains(&status) => FaultDomain::Connection,
        _ => FaultDomain::Content,
    }
}

#[derive(Deserialize)]
struct Answer {
    ok: bool,
    error: Option<String>,
    channel: Option<String>,
    ts: Option<String>,
}

/// How the answer of `chat.postMessage` is read: errors, too, come with 200.
pub fn read_post_message(status: u16, retry_after: Option<&str>, body: &str) -> CallOutcome {
    match status {
        429 => return CallOutcome::Limited(pause(retry_after)),
        500.. => return CallOutcome::Unknown(format!("http_{status}")),
        200 => {}
        401 | 403 => {
            return refused(FaultDomain::Connection, format!("http_{status}"));
        }
        _ => {
            return refused(FaultDomain::Content, format!("http_{status}"));
        }
    }
    let Ok(answer) = serde_json::from_str::<Answer>(body) else {
        return CallOutcome::Unknown("200 without Slack's JSON".to_owned());
    };
    if answer.ok {
        return CallOutcome::Done(json!({"via": "api", "channel": answer.channel, "ts": answer.ts}));
    }
    let code = answer.error.as_deref().and_then(code).unwrap_or_else(|| "unnamed_error".to_owned());
    match code.as_str() {
        "ratelimited" | "rate_limited" => CallOutcome::Limited(pause(retry_after)),
        "service_unavailable" | "request_timeout" | "team_added_to_org" | "message_limit_exceeded" => {
            CallOutcome::not_now(code)
        }
        // Slack says of these that the call may have had part of its effect.
        "internal_error" | "fatal_error" => CallOutcome::Unknown(code),
        _ => refused(api_fault(&code), code),
    }
}

/// Slack says a code and nothing else.
fn refused(fault: FaultDomain, code: String) -> CallOutcome {
    CallOutcome::Refused { code, words: None, fault }
}

fn api_fault(code: &str) -> FaultDomain {
    match code {
        "not_authed"
        | "invalid_auth"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "missing_scope"
        | "not_allowed_token_type"
        | "team_access_not_granted" => FaultDomain::Connection,
        "channel_not_found" | "not_in_channel" | "is_archived" | "no_permission" | "ekm_access_denied" => {
            FaultDomain::Target
        }
        _ if code.starts_with("restricted_action") => FaultDomain::Target,
        _ => FaultDomain::Content,
    }
}

/// Slack's codes are words of lower-case letters, digits and underscores; nothing else gets into the ledger.
fn code(text: &str) -> Option<String> {
    let fits = !text.is_empty()
        && text.len() <= 80
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    fits.then(|| text.to_owned())
}

/// Whole seconds, at least one.
fn pause(retry_after: Option<&str>) -> Duration {
    let seconds = retry_after.and_then(|text| text.trim().parse().ok());
    seconds.map_or(PAUSE, |seconds: u64| Duration::from_secs(seconds.max(1)).min(LONGEST_PAUSE))
}
