//! A TCP proxy that can be cut or held: between the functions and Postgres, so that a test can take the database away, or have it
//! answer nothing. It also counts what the functions send, so that a test can tell how far one has come, however fast the machine is.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
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
    sent: Arc<watch::Sender<u64>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts on a free loopback port, in front of `target`. Needs a running tokio runtime.
    pub fn start(target: (String, u16)) -> anyhow::Result<Self> {
        let listener = server::bind(server::loopback())?;
        let address = listener.local_addr()?;
        let (state, watched) = watch::channel(State::Up);
        let sent = Arc::new(watch::Sender::new(0));
        let counted = Arc::clone(&sent);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                while connections.try_join_next().is_some() {}
                // Closing a connection at once is what a stopped server looks like through a load balancer.
                if let Ok((client, _)) = listener.accept().await
                    && *watched.borrow() != State::Down
                {
                    connections.spawn(relay(client, target.clone(), watched.clone(), Arc::clone(&counted)));
                }
            }
        });
        Ok(Self { address, state, sent, accepting })
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

    /// Waits until the functions have sent so many more pieces to Postgres: a statement is one or a few.
    pub async fn sent(&self, pieces: u64) {
        let mut sent = self.sent.subscribe();
        let wanted = *sent.borrow() + pieces;
        // Fails only when the proxy is gone, and with it what would be waited for.
        let _ = sent.wait_for(|sent| *sent >= wanted).await;
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

async fn relay(
    client: TcpStream,
    target: (String, u16),
    mut state: watch::Receiver<State>,
    sent: Arc<watch::Sender<u64>>,
) {
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    // Failing only costs speed.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (forth, back) = (state.clone(), state.clone());
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        // Either side ending the connection ends both; that is no error.
        () = pass_on(from_client, to_server, forth, Some(&sent)) => {}
        () = pass_on(from_server, to_client, back, None) => {}
        _ = state.wait_for(|state| *state == State::Down) => {}
    }
}

/// Passes on what one side sends, unless it is held, and counts the pieces in which it comes.
async fn pass_on(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
    counted: Option<&watch::Sender<u64>>,
) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let passes = state.wait_for(|state| *state != State::Held).await.is_ok();
        if !passes || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
        if let Some(counted) = counted {
            counted.send_modify(|sent| *sent += 1);
        }
    }
}
