//! The stable local address of the API: a reverse proxy to whatever id the AWS stand-in gave the API this time.
//!
//! It adds nothing but CORS headers, so that a console under development may call from another port (without cookies: signing in
//! goes through Vite's proxy). It runs as a daemon
//! (`dev gateway`, hidden) and re-reads the API's id from the state file when that changes.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::header::{HeaderName, HeaderValue, ORIGIN};
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::state::State;

/// Requests on their way at once; the others wait for their turn. Each needs an environment of its function, with a connection to
/// Postgres: AWS has RDS Proxy in between, here nobody shares them.
const AT_ONCE: usize = 24;

/// Where the API is, as of the state file's last change.
struct Target {
    dev: PathBuf,
    aws: SocketAddr,
    known: Mutex<Option<(SystemTime, String)>>,
}

/// Serves until the process is ended.
///
/// # Errors
/// When the port is taken.
pub async fn serve(dev: &Path, port: u16, aws: u16) -> anyhow::Result<()> {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.with_context(|| format!("port {port} is taken"))?;
    let aws = SocketAddr::from((Ipv4Addr::LOCALHOST, aws));
    let target = Arc::new(Target { dev: dev.to_owned(), aws, known: Mutex::new(None) });
    loop {
        let (stream, _) = listener.accept().await.context("the gateway can accept no more connections")?;
        // Small answers must not wait for more; on failure the connection is only slower.
        let _ = stream.set_nodelay(true);
        let (target, turns) = (Arc::clone(&target), Arc::clone(&turns));
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let (target, turns) = (Arc::clone(&target), Arc::clone(&turns));
                async move {
                    // Never closed; and a request without its turn is answered all the same.
                    let _turn = turns.acquire().await;
                    Ok::<_, Infallible>(answer(&target, request).await)
                }
            });
            // A client that goes away in the middle is its own affair.
            let _ = server::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

async fn answer(target: &Target, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let origin = request.headers().get(ORIGIN).cloned();
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key("access-control-request-method");
    let mut response = if preflight {
        plain(StatusCode::NO_CONTENT, "")
    } else {
        match forward(target, request).await {
            Ok(response) => response,
            Err(error) => plain(
                StatusCode::BAD_GATEWAY,
                &format!("the local stack does not answer: {error:#}; see `cargo dev status`\n"),
            ),
        }
    };
    if let Some(origin) = origin {
        allow(response.headers_mut(), origin);
    }
    response
}

fn allow(headers: &mut hyper::HeaderMap, origin: HeaderValue) {
    headers.insert("access-control-allow-origin", origin);
    for (name, value) in [
        ("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE"),
        (
            "access-control-allow-headers",
            "authorization, content-type, x-api-key, idempotency-key, if-match, x-signature, x-timestamp",
        ),
        ("access-control-expose-headers", "location, etag, retry-after, x-request-id"),
        ("vary", "origin"),
    ] {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

async fn forward(target: &Target, request: Request<Incoming>) -> anyhow::Result<Response<Full<Bytes>>> {
    let (mut parts, body) = request.into_parts();
    let path = routed(parts.uri.path());
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let uri = format!("/_aws/execute-api/{}/$default{path}{query}", target.api_id()?);
    parts.uri = uri.parse().context("not a valid path")?;
    let body = body.collect().await.context("the request broke off")?.to_bytes();

    let stream = TcpStream::connect(target.aws).await.context("the AWS stand-in is not running")?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let answer = sender.send_request(Request::from_parts(parts, Full::new(body))).await?;
    let (mut parts, body) = answer.into_parts();
    // The body is sent anew, in one piece.
    parts.headers.remove("transfer-encoding");
    parts.headers.remove("connection");
    let body = body.collect().await.context("the answer broke off")?.to_bytes();
    Ok(Response::from_parts(parts, Full::new(body)))
}

/// AWS takes a path with a slash at its end for the one without, and has no routes with one.
fn routed(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    }
}

impl Target {
    fn api_id(&self) -> anyhow::Result<String> {
        let changed = std::fs::metadata(self.dev.join("state.json")).and_then(|file| file.modified()).ok();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(changed), Some((seen, id))) = (changed, known.as_ref())
            && *seen == changed
        {
            return Ok(id.clone());
        }
        let id = State::load(&self.dev)?.api_id.context("nothing is deployed: run `cargo dev up`")?;
        *known = changed.map(|changed| (changed, id.clone()));
        Ok(id)
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::routed;

    #[test]
    fn a_slash_at_the_end_makes_no_other_path() {
        assert_eq!(["/", "/console/", "/console/leads", "//"].map(routed), ["/", "/console", "/console/leads", "/"]);
    }
}
