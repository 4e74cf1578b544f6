//! A small HTTP/1.1 client for servers on this machine: no TLS, one request per connection, time-limited.

use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Longest time one exchange may take; a function's own limit is 30 seconds at the gateway.
const LIMIT: Duration = Duration::from_secs(60);

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The headers as they came.
    #[allow(dead_code, reason = "only the end-to-end tests look at them, which share this file")]
    pub headers: hyper::HeaderMap,
    /// The body as it came.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none; the message has the body's beginning.
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("expected JSON, got {}: {}", self.status, self.text()))
    }

    /// The beginning of the body, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(2000).collect()
    }

    /// This answer, if its status tells of success.
    ///
    /// # Errors
    /// Names what was attempted, with status and body.
    pub fn ok(self, attempt: &str) -> anyhow::Result<Self> {
        if !(200..300).contains(&self.status) {
            bail!("{attempt} was answered with {}: {}", self.status, self.text());
        }
        Ok(self)
    }
}

/// Sends one request to an address like `http://127.0.0.1:4000/path`.
///
/// # Errors
/// When nobody answers there, or not within a minute.
pub async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> anyhow::Result<Answer> {
    let exchange = exchange(method, url, headers, body.into());
    let answer =
        tokio::time::timeout(LIMIT, exchange).await.with_context(|| format!("{url} did not answer in time"))?;
    answer.with_context(|| format!("{method} {url} failed"))
}

/// As [`send`], with a JSON body.
///
/// # Errors
/// As [`send`].
pub async fn send_json(method: &str, url: &str, headers: &[(&str, &str)], body: &Value) -> anyhow::Result<Answer> {
    let mut with_type = vec![("content-type", "application/json")];
    with_type.extend_from_slice(headers);
    send(method, url, &with_type, body.to_string()).await
}

async fn exchange(method: &str, url: &str, headers: &[(&str, &str)], body: Bytes) -> anyhow::Result<Answer> {
    let uri: Uri = url.parse().context("this is no address")?;
    let authority = uri.authority().context("the address has no host")?.clone();
    let stream = TcpStream::connect((authority.host(), authority.port_u16().unwrap_or(80))).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the exchange; what goes wrong on it shows in the answer.
    tokio::spawn(connection);
    let target = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder().method(method).uri(target).header("host", authority.as_str());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = sender.send_request(request.body(Full::new(body))?).await?;
    let status = answer.status().as_u16();
    let (parts, body) = answer.into_parts();
    Ok(Answer { status, headers: parts.headers, body: body.collect().await?.to_bytes() })
}
