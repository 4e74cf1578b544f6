//! What Slack answers to each request.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Message, SlackFault, State, blocks, page};
use crate::server::{Answer, answer};

/// What happens to a connection.
pub(super) enum Reply {
    Answer(Answer),
    Silence,
    Vanish,
}

/// One request.
pub(super) fn serve(state: &mut State, parts: &Parts, body: &Bytes) -> Reply {
    let path = parts.uri.path();
    let page = match (&parts.method, path) {
        (&Method::GET, "/") => answer(200, "text/html; charset=utf-8", page::render(&state.messages)),
        (&Method::GET, "/messages.json") => json_answer(200, &json!(state.messages)),
        (&Method::POST, "/api/auth.test") => auth_test(state, parts),
        (&Method::POST, "/api/chat.postMessage") => return post_message(state, parts, body),
        (&Method::POST, _) if path.starts_with("/services/") => return webhook(state, parts, body),
        _ => answer(
            404,
            "text/html",
            "Not found: the Slack stand-in has /services/…, /api/chat.postMessage, /api/auth.test, /",
        ),
    };
    Reply::Answer(page)
}

fn auth_test(state: &State, parts: &Parts) -> Answer {
    match token(state, parts) {
        Ok(()) => json_answer(
            200,
            &json!({
                "ok": true, "url": "https://lotse-test.slack.com/", "team": "Lotse Test", "user": "lotse",
                "team_id": "T00000000", "user_id": "U00000000", "bot_id": "B00000000",
            }),
        ),
        Err(error) => api_error(error),
    }
}

fn post_message(state: &mut State, parts: &Parts, body: &Bytes) -> Reply {
    state.requests += 1;
    let fault = state.faults.pop_front();
    if let Err(error) = token(state, parts) {
        return Reply::Answer(api_error(error));
    }
    if !is_json(parts) {
        return Reply::Answer(api_error("invalid_post_type"));
    }
    let Ok(payload) = serde_json::from_slice::<Value>(body) else {
        return Reply::Answer(api_error("invalid_json"));
    };
    let channel = payload["channel"].as_str().unwrap_or_default().to_owned();
    if !is_channel(&channel) {
        return Reply::Answer(api_error("channel_not_found"));
    }
    if let Err(problem) = blocks::check(&payload) {
        let body = json!({ "ok": false, "error": problem.code, "response_metadata": { "messages": [problem.detail] } });
        return Reply::Answer(json_answer(200, &body));
    }
    if fault.is_none()
        && let Err(seconds) = state.buckets.take(&channel)
    {
        return Reply::Answer(limited(seconds, "application/json", r#"{"ok":false,"error":"ratelimited"}"#));
    }
    let ts = |state: &mut State, confirmed| keep(state, &payload, channel.clone(), "api", confirmed);
    match fault {
        None => {
            let ts = ts(state, true);
            let message = json!({
                "type": "message", "subtype": "bot_message", "bot_id": "B00000000", "text": payload["text"], "ts": ts,
            });
            Reply::Answer(json_answer(200, &json!({ "ok": true, "channel": channel, "ts": ts, "message": message })))
        }
        Some(SlackFault::ApiError(error)) => Reply::Answer(api_error(&error)),
        Some(SlackFault::RateLimited(seconds)) => {
            Reply::Answer(limited(seconds, "application/json", r#"{"ok":false,"error":"ratelimited"}"#))
        }
        Some(fault) => broken(fault, |confirmed| drop(ts(state, confirmed))),
    }
}

fn webhook(state: &mut State, parts: &Parts, body: &Bytes) -> Reply {
    state.requests += 1;
    let fault = state.faults.pop_front();
    let hook = parts.uri.path().to_owned();
    let plain = |status, code: &str| Reply::Answer(answer(status, "text/html", code.to_owned()));
    let segments: Vec<_> = hook.trim_start_matches("/services/").split('/').collect();
    let [team, service, secret] = segments.as_slice() else {
        return plain(404, "no_service");
    };
    if !team.starts_with('T') || !service.starts_with('B') || secret.is_empty() {
        return plain(403, "invalid_token");
    }
    if state.disabled.contains(&hook) {
        return plain(404, "no_service");
    }
    let Some(payload) = is_json(parts).then(|| serde_json::from_slice::<Value>(body).ok()).flatten() else {
        return plain(400, "invalid_payload");
    };
    if let Err(problem) = blocks::check(&payload) {
        return plain(400, problem.code);
    }
    if fault.is_none()
        && let Err(seconds) = state.buckets.take(&hook)
    {
        return Reply::Answer(limited(seconds, "text/html", "rate_limited"));
    }
    let channel = state.channels.get(&hook).cloned().unwrap_or_else(|| format!("hook {service}"));
    match fault {
        None => {
            keep(state, &payload, channel, "webhook", true);
            plain(200, "ok")
        }
        Some(SlackFault::Refused(status, code)) => plain(status, &code),
        Some(SlackFault::RateLimited(seconds)) => Reply::Answer(limited(seconds, "text/html", "rate_limited")),
        Some(fault) => broken(fault, |confirmed| drop(keep(state, &payload, channel, "webhook", confirmed))),
    }
}

/// The faults webhooks and Web API share. An error of the other kind would be a mistake in the test: it shows as 500.
fn broken(fault: SlackFault, keep: impl FnOnce(bool)) -> Reply {
    let page = "<!DOCTYPE html><html><body><h1>Server Error</h1></body></html>";
    let (kept, reply) = match fault {
        SlackFault::Broken { kept } => (kept, Reply::Answer(answer(500, "text/html", page))),
        SlackFault::Silent { kept } => (kept, Reply::Silence),
        SlackFault::Vanished { kept } => (kept, Reply::Vanish),
        SlackFault::Refused(status, code) => (false, Reply::Answer(answer(status, "text/html", code))),
        SlackFault::ApiError(_) | SlackFault::RateLimited(_) => {
            (false, Reply::Answer(answer(500, "text/html", "this fault does not fit this kind of request")))
        }
    };
    if kept {
        keep(false);
    }
    reply
}

/// Keeps a message and gives its `ts`, which only ever increases.
fn keep(state: &mut State, payload: &Value, channel: String, via: &'static str, confirmed: bool) -> String {
    let received_at = Timestamp::now();
    let (second, count) = state.last_ts;
    let now = received_at.as_second();
    state.last_ts = if now > second { (now, 100) } else { (second, count + 100) };
    let ts = format!("{}.{:06}", state.last_ts.0, state.last_ts.1);
    state.messages.push(Message {
        number: state.messages.last().map_or(0, |message| message.number) + 1,
        channel,
        via,
        text: payload["text"].as_str().unwrap_or_default().to_owned(),
        blocks: payload.get("blocks").cloned().unwrap_or_else(|| json!([])),
        thread_ts: payload["thread_ts"].as_str().map(str::to_owned),
        ts: ts.clone(),
        received_at,
        confirmed,
    });
    ts
}

fn token(state: &State, parts: &Parts) -> Result<(), &'static str> {
    let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix("Bearer ")).ok_or("not_authed")?;
    let known = state.options.tokens.as_ref().is_none_or(|tokens| tokens.contains(token));
    if token.starts_with("xoxb-") && known { Ok(()) } else { Err("invalid_auth") }
}

/// An id (`C…`, `G…`, `D…`, `U…`) or `#name`.
fn is_channel(channel: &str) -> bool {
    if let Some(name) = channel.strip_prefix('#') {
        return !name.is_empty() && !name.contains(char::is_whitespace);
    }
    let mut chars = channel.chars();
    matches!(chars.next(), Some('C' | 'G' | 'D' | 'U'))
        && channel.len() > 2
        && chars.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

fn is_json(parts: &Parts) -> bool {
    let value = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.split(';').next().is_some_and(|kind| kind.trim() == "application/json"))
}

fn limited(seconds: u64, content_type: &str, body: &'static str) -> Answer {
    let mut limited = answer(429, content_type, body);
    limited.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    limited
}

fn api_error(error: &str) -> Answer {
    json_answer(200, &json!({ "ok": false, "error": error }))
}

fn json_answer(status: u16, body: &Value) -> Answer {
    answer(status, "application/json; charset=utf-8", body.to_string())
}
