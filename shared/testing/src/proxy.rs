//! A TCP proxy that can be cut or held: between the functions and Postgres, so that a test can take the database away, or have it
//! answer nothing.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::server;

/// What the proxy does with connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Passes everything on.
    Up,
    /// Cuts every connection, as a server that was stopped.
    Down,
    /// Takes connections and bytes and passes nothing on, as a server that hangs, or a network that swallows packets.
    Held,
}

/// A running proxy; dropping it cuts every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts on a free loopback port, in front of `target`. Needs a running tokio runtime.
    pub fn start(target: (String, u16)) -> anyhow::Result<Self> {
        let listener = server::bind(server::loopback())?;
        let address = listener.local_addr()?;
        let (state, watched) = watch::channel(State::Up);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                while connections.try_join_next().is_some() {}
                // Closing a connection at once is what a stopped server looks like through a load balancer.
                if let Ok((client, _)) = listener.accept().await
                    && *watched.borrow() != State::Down
                {
                    connections.spawn(relay(client, target.clone(), watched.clone()));
                }
            }
        });
        Ok(Self { address, state, accepting })
    }

    /// Where to connect instead of the target.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection and takes no new ones.
    pub fn down(&self) {
        self.state.send_replace(State::Down);
    }

    /// Keeps every connection, takes new ones, and passes nothing on until [`Proxy::up`] or [`Proxy::down`].
    pub fn hold(&self) {
        self.state.send_replace(State::Held);
    }

    /// Takes connections again, and passes on what was held.
    pub fn up(&self) {
        self.state.send_replace(State::Up);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn relay(mut client: TcpStream, target: (String, u16), mut state: watch::Receiver<State>) {
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    // Failing only costs speed.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (client_state, server_state) = (state.clone(), state.clone());
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    tokio::select! {
        // Either side ending the connection ends both; that is no error.
        () = pump(&mut from_client, &mut to_server, client_state) => {}
        () = pump(&mut from_server, &mut to_client, server_state) => {}
        _ = state.wait_for(|state| *state == State::Down) => {}
    }
}

/// Passes bytes on in one direction until that ends.
async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut state: watch::Receiver<State>,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut bytes).await else { return };
        if state.wait_for(|state| *state != State::Held).await.is_err() || to.write_all(&bytes[..count]).await.is_err()
        {
            return;
        }
    }
}
