//! The small HTTP/1.1 server behind every stand-in of the kit: loopback, keep-alive, no Nagle delay.
//!
//! A handler sees the whole request and answers with a whole response, or with `None`, which closes the connection
//! without an answer: that is how stand-ins play a partner that vanishes.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use bytes::Bytes;
use http::request::Parts;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A whole answer of a stand-in.
pub(crate) type Answer = http::Response<Full<Bytes>>;

/// The reason a connection was closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the stand-in closed the connection without an answer")]
struct Vanished;

/// A running server; dropping it closes the port and every connection.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    accepting: JoinHandle<Infallible>,
}

impl Server {
    /// Starts answering on `address` (port 0 picks a free one).
    ///
    /// Needs a running tokio runtime; fails if there is none or the port is taken.
    pub(crate) fn start<H, F>(address: SocketAddr, handler: H) -> anyhow::Result<Self>
    where
        H: Fn(Parts, Bytes) -> F + Send + Sync + 'static,
        F: Future<Output = Option<Answer>> + Send + 'static,
    {
        let listener = bind(address)?;
        let address = listener.local_addr()?;
        let handler = Arc::new(handler);
        let accepting = tokio::spawn(async move {
            // Owned by this task, so that aborting it aborts the connections too.
            let mut connections = JoinSet::new();
            loop {
                while connections.try_join_next().is_some() {}
                // A failed accept (out of descriptors) concerns one connection only; the next may succeed.
                if let Ok((stream, _)) = listener.accept().await {
                    connections.spawn(connection(stream, Arc::clone(&handler)));
                } else {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            }
        });
        Ok(Self { address, accepting })
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Makes a server where one was before.
type Make = Box<dyn Fn(SocketAddr) -> anyhow::Result<Server> + Send + Sync>;

/// A server that can be switched off, so that nobody listens, and on again at the same address.
pub(crate) struct Switch {
    address: SocketAddr,
    make: Make,
    server: Mutex<Option<Server>>,
}

impl std::fmt::Debug for Switch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Switch").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Switch {
    /// As [`Server::start`], switched on.
    pub(crate) fn start<H, F>(address: SocketAddr, handler: H) -> anyhow::Result<Self>
    where
        H: Fn(Parts, Bytes) -> F + Send + Sync + 'static,
        F: Future<Output = Option<Answer>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let make: Make = Box::new(move |address| {
            let handler = Arc::clone(&handler);
            Server::start(address, move |parts, body| handler(parts, body))
        });
        let server = make(address)?;
        Ok(Self { address: server.address(), make, server: Mutex::new(Some(server)) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn off(&self) {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(crate) fn on(&self) -> anyhow::Result<()> {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if server.is_none() {
            *server = Some((self.make)(self.address)?);
        }
        Ok(())
    }
}

/// Any free port on the loopback interface.
pub(crate) fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// A listening socket on the current tokio runtime, without awaiting.
pub(crate) fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    tokio::runtime::Handle::try_current().context("start stand-ins and functions inside a tokio runtime")?;
    let listener = std::net::TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    listener.set_nonblocking(true)?;
    Ok(TcpListener::from_std(listener)?)
}

async fn connection<H, F>(stream: TcpStream, handler: Arc<H>)
where
    H: Fn(Parts, Bytes) -> F + Send + Sync + 'static,
    F: Future<Output = Option<Answer>> + Send + 'static,
{
    // Without it, small answers wait 40 ms for the peer's delayed acknowledgement. Failing only costs speed.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: http::Request<Incoming>| {
        let handler = Arc::clone(&handler);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(|_| Vanished)?.to_bytes();
            handler(parts, body).await.ok_or(Vanished)
        }
    });
    // An error here is the peer leaving or `Vanished`: both are what the test wanted.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An answer with a body of the given media type.
pub(crate) fn answer(status: u16, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let mut answer = http::Response::new(Full::new(body.into()));
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = http::HeaderValue::from_str(content_type) {
        answer.headers_mut().insert(http::header::CONTENT_TYPE, value);
    }
    answer
}
