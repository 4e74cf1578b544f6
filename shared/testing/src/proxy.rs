//! A TCP proxy that can be cut: between the functions and Postgres, so that a test can take the database away.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::server;

/// A running proxy; dropping it cuts every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    up: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts on a free loopback port, in front of `target`. Needs a running tokio runtime.
    pub fn start(target: (String, u16)) -> anyhow::Result<Self> {
        let listener = server::bind(server::loopback())?;
        let address = listener.local_addr()?;
        let (up, state) = watch::channel(true);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                while connections.try_join_next().is_some() {}
                // Closing a connection at once is what a stopped server looks like through a load balancer.
                if let Ok((client, _)) = listener.accept().await
                    && *state.borrow()
                {
                    connections.spawn(relay(client, target.clone(), state.clone()));
                }
            }
        });
        Ok(Self { address, up, accepting })
    }

    /// Where to connect instead of the target.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection and takes no new ones.
    pub fn down(&self) {
        self.up.send_replace(false);
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

async fn relay(mut client: TcpStream, target: (String, u16), mut state: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    // Failing only costs speed.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    tokio::select! {
        // Either side ending the connection ends both; that is no error.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = state.wait_for(|up| !up) => {}
    }
}
