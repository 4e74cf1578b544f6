//! A TCP proxy that can be cut: between the functions and Postgres, so that a test can take the database away. It also counts what
//! the functions send, so that a test can tell how far one has come, however fast the machine is.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::server;

/// A running proxy; dropping it cuts every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    up: watch::Sender<bool>,
    sent: Arc<watch::Sender<u64>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts on a free loopback port, in front of `target`. Needs a running tokio runtime.
    pub fn start(target: (String, u16)) -> anyhow::Result<Self> {
        let listener = server::bind(server::loopback())?;
        let address = listener.local_addr()?;
        let (up, state) = watch::channel(true);
        let sent = Arc::new(watch::Sender::new(0));
        let counted = Arc::clone(&sent);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                while connections.try_join_next().is_some() {}
                // Closing a connection at once is what a stopped server looks like through a load balancer.
                if let Ok((client, _)) = listener.accept().await
                    && *state.borrow()
                {
                    connections.spawn(relay(client, target.clone(), state.clone(), Arc::clone(&counted)));
                }
            }
        });
        Ok(Self { address, up, sent, accepting })
    }

    /// Where to connect instead of the target.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection and takes no new ones.
    pub fn down(&self) {
        self.up.send_replace(false);
    }

    /// Waits until the functions have sent so many more pieces to Postgres: a statement is one or a few.
    pub async fn sent(&self, pieces: u64) {
        let mut sent = self.sent.subscribe();
        let wanted = *sent.borrow() + pieces;
        // Fails only when the proxy is gone, and with it what would be waited for.
        let _ = sent.wait_for(|sent| *sent >= wanted).await;
    }

    /// Takes connections again.
    pub fn up(&self) {
        self.up.send_replace(true);
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
    mut state: watch::Receiver<bool>,
    sent: Arc<watch::Sender<u64>>,
) {
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    // Failing only costs speed.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, mut to_client), (mut from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        // Either side ending the connection ends both; that is no error.
        () = pass_on(from_client, to_server, &sent) => {}
        _ = copy(&mut from_server, &mut to_client) => {}
        _ = state.wait_for(|up| !up) => {}
    }
}

/// Passes on what a function sends, and counts the pieces in which it comes.
async fn pass_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, sent: &watch::Sender<u64>) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
        sent.send_modify(|sent| *sent += 1);
    }
}
