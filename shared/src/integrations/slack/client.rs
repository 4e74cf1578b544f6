//! Posts one message and says what became of it. Knows nothing of the ledger.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use super::credentials::Credentials;
use super::wire::{post_message_body, read_post_message, read_webhook, webhook_body};
use crate::integrations::partner::{CallOutcome, FaultDomain};

/// Slack answers within a second. Waiting much longer would take the time of the other messages of the batch.
const PATIENCE: Duration = Duration::from_secs(8);

/// What is read of an answer: Slack's own are far shorter.
const MOST_OF_AN_ANSWER: usize = 64 * 1024;

/// The origin of the Web API.
const API: &str = "https://slack.com";

/// Posts a payload as the builders make it. `base_url` stands in for Slack's hosts; none means Slack itself.
pub async fn post(
    http: &reqwest::Client,
    base_url: Option<&str>,
    credentials: &Credentials,
    payload: &Value,
) -> CallOutcome {
    match credentials {
        Credentials::Webhook { origin, path } => {
            let url = format!("{}{path}", base_url.unwrap_or(origin));
            let request =
                http.post(url).header(CONTENT_TYPE, "application/json").body(webhook_body(payload).to_string());
            send(request, read_webhook).await
        }
        Credentials::Bot(token) => {
            let url = format!("{}/api/chat.postMessage", base_url.unwrap_or(API));
            let request = http
                .post(url)
                .header(AUTHORIZATION, format!("Bearer {token}"))
                .header(CONTENT_TYPE, "application/json; charset=utf-8")
                .body(post_message_body(payload).to_string());
            send(request, read_post_message).await
        }
    }
}

async fn send(request: RequestBuilder, read: fn(u16, Option<&str>, &str) -> CallOutcome) -> CallOutcome {
    // No connection is kept: an environment sleeps between batches, and a message written to a connection that Slack closed
    // meanwhile would look as if it had perhaps arrived.
    let answer = match request.header(CONNECTION, "close").timeout(PATIENCE).send().await {
        Ok(answer) => answer,
        Err(error) => return not_answered(&error),
    };
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = match body(answer).await {
        Ok(body) => body,
        // The status alone says what the message's fate is, unless it was success.
        Err(_) if status != 200 => String::new(),
        Err(error) => return not_answered(&error),
    };
    read(status, retry_after.as_deref(), &body)
}

async fn body(mut answer: Response) -> Result<String, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_OF_AN_ANSWER {
            bytes.truncate(MOST_OF_AN_ANSWER);
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Before a connection stands nothing was sent; after that, nobody knows. The error's own text is not kept, because it holds
/// the webhook's address.
fn not_answered(error: &reqwest::Error) -> CallOutcome {
    if error.is_builder() {
        return CallOutcome::refused("unusable_credentials", FaultDomain::Connection);
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, _) => CallOutcome::not_now("unreachable"),
        (false, true) => CallOutcome::Unknown("no answer in time".to_owned()),
        (false, false) => CallOutcome::Unknown("the connection broke before the answer".to_owned()),
    }
}
