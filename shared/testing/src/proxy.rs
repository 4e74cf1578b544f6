//! A TCP proxy that can be cut or held: between the functions and Postgres, so that a test can take the database away, have it answer
//! nothing, or strike at one statement: before Postgres gets it, or after it was carried out and before anybody hears of it. It also counts what the functions
//! send, so that a test can tell how far one has come, however fast the machine is.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
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

/// When a strike falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Postgres never gets the statement.
    Before,
    /// Postgres has answered, and nobody hears it.
    After,
}

/// What a strike does to the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// It ends, and the function lives on.
    Cut,
    /// It stands still until [`Proxy::spare`], so that the function can be killed at exactly this point.
    Freeze,
}

#[derive(Debug, Default)]
struct Plan {
    /// Statements still to let through, and then what.
    next: Option<(u32, Moment, Blow)>,
}

#[derive(Debug, Clone)]
struct Strikes {
    plan: Arc<Mutex<Plan>>,
    struck: watch::Sender<bool>,
    /// Pieces that were sent in all.
    sent: watch::Sender<u64>,
}

impl Strikes {
    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what a function sent. Answers with the strike that falls on it.
    fn count(&self) -> Option<(Moment, Blow)> {
        self.sent.send_modify(|sent| *sent += 1);
        let mut plan = self.lock();
        let (left, moment, blow) = plan.next?;
        if left > 1 {
            plan.next = Some((left - 1, moment, blow));
            return None;
        }
        plan.next = None;
        Some((moment, blow))
    }

    /// Ends when the connection is to end.
    async fn fall(&self, blow: Blow) {
        self.struck.send_replace(true);
        if blow == Blow::Freeze {
            let _ = self.struck.subscribe().wait_for(|struck| !struck).await;
        }
    }
}

/// A running proxy; dropping it cuts every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    strikes: Strikes,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts on a free loopback port, in front of `target`. Needs a running tokio runtime.
    pub fn start(target: (String, u16)) -> anyhow::Result<Self> {
        let listener = server::bind(server::loopback())?;
        let address = listener.local_addr()?;
        let (state, watched) = watch::channel(State::Up);
        let strikes = Strikes { plan: Arc::default(), struck: watch::Sender::new(false), sent: watch::Sender::new(0) };
        let striking = strikes.clone();
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                while connections.try_join_next().is_some() {}
                // Closing a connection at once is what a stopped server looks like through a load balancer.
                if let Ok((client, _)) = listener.accept().await
                    && *watched.borrow() != State::Down
                {
                    connections.spawn(relay(client, target.clone(), watched.clone(), striking.clone()));
                }
            }
        });
        Ok(Self { address, state, strikes, accepting })
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
        let mut sent = self.strikes.sent.subscribe();
        let wanted = *sent.borrow() + pieces;
        // Fails only when the proxy is gone, and with it what would be waited for.
        let _ = sent.wait_for(|sent| *sent >= wanted).await;
    }

    /// Takes connections again, and passes on what was held.
    pub fn up(&self) {
        self.state.send_replace(State::Up);
    }

    /// Strikes once, at the `nth` thing that functions send from now on (opening a connection is several; statements that are sent
    /// together are one).
    pub fn strike(&self, nth: u32, moment: Moment, blow: Blow) {
        self.strikes.struck.send_replace(false);
        self.strikes.lock().next = Some((nth.max(1), moment, blow));
    }

    /// Waits until the strike has fallen.
    pub async fn struck(&self) {
        let _ = self.strikes.struck.subscribe().wait_for(|struck| *struck).await;
    }

    /// Takes a strike back that has not fallen, and ends what stands still. True when it had fallen.
    pub fn spare(&self) -> bool {
        self.strikes.lock().next = None;
        self.strikes.struck.send_replace(false)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn relay(client: TcpStream, target: (String, u16), mut state: watch::Receiver<State>, strikes: Strikes) {
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    // Failing only costs speed.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    // A strike that waits for Postgres' answer.
    let after: Mutex<Option<Blow>> = Mutex::new(None);
    let (mut forth, mut home) = (state.clone(), state.clone());
    let there = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            if forth.wait_for(|state| *state != State::Held).await.is_err() {
                return;
            }
            match strikes.count() {
                Some((Moment::Before, blow)) => return strikes.fall(blow).await,
                Some((Moment::After, blow)) => *after.lock().unwrap_or_else(PoisonError::into_inner) = Some(blow),
                None => {}
            }
            if to_server.write_all(buffer.get(..length).unwrap_or_default()).await.is_err() {
                return;
            }
        }
    };
    let back = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            if home.wait_for(|state| *state != State::Held).await.is_err() {
                return;
            }
            let blow = after.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(blow) = blow {
                return strikes.fall(blow).await;
            }
            if to_client.write_all(buffer.get(..length).unwrap_or_default()).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        // Either side ending the connection ends both; that is no error.
        () = there => {}
        () = back => {}
        _ = state.wait_for(|state| *state == State::Down) => {}
    }
}
