//! Partner clients, one folder each: `wire` is their JSON, `translate` is pure, `client` does the I/O.

pub mod lemlist;
pub mod partner;
pub mod slack;
pub mod smtp;

use std::time::Duration;

use serde_json::{Map, Value};

use crate::domain::ids::TenantId;
use crate::failure::Failure;

/// A client for partners' APIs: bounded in time, and it follows no redirect, which could lead inside our own network.
///
/// # Errors
/// When TLS cannot be set up on this system.
pub fn client() -> Result<reqwest::Client, Failure> {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(15))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("Lotse/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(Failure::internal)
}

/// What a partner's sealed credentials are bound to: a copy in another tenant's row does not open.
pub fn secret_context(tenant: TenantId, name: &str) -> String {
    format!("{tenant}/integration/{name}")
}

/// Parts credentials from settings. Credentials are sealed as one JSON object; settings may be shown.
pub fn split_secrets(settings: Value) -> (Value, Option<Map<String, Value>>) {
    const SECRET: [&str; 4] = ["webhook_url", "bot_token", "api_key", "secret"];
    let Value::Object(mut settings) = settings else { return (settings, None) };
    let secret: Map<String, Value> = SECRET.iter().filter_map(|name| settings.remove_entry(*name)).collect();
    (Value::Object(settings), (!secret.is_empty()).then_some(secret))
}

/// A delivery whose shape or type is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// A stable word.
    pub reason: &'static str,
    /// A sentence for people.
    pub detail: String,
}

impl Unknown {
    /// With a stable word and a sentence for people.
    pub fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}
