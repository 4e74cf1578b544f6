//! Slack: incoming webhooks and the two Web API methods Lotse uses.
//!
//! Strict where Slack is vague: `text` is needed beside `blocks`, limits of Block Kit are enforced, and one message per
//! second and hook (or channel) is all it takes, after a short burst. Faults can be scripted request by request.

mod blocks;
mod page;
mod rate;
mod requests;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::server::{self, Switch};
use rate::Buckets;
use requests::{Reply, serve};

/// How strict and how patient the stand-in is.
#[derive(Debug, Clone)]
pub struct Options {
    /// Messages a hook or channel takes at once before the limit of one per second applies.
    pub burst: u32,
    /// Bot tokens that are known; `None` takes every token that begins with `xoxb-`.
    pub tokens: Option<BTreeSet<String>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { burst: 3, tokens: None }
    }
}

/// What the next request meets instead of a normal answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlackFault {
    /// A webhook's error: status and plain-text code, such as 404 `no_service`.
    Refused(u16, String),
    /// The Web API's error: 200 with `ok: false`.
    ApiError(String),
    /// 429 with `Retry-After` in seconds.
    RateLimited(u64),
    /// 500 with a page of HTML: the message may or may not be there.
    Broken {
        /// Whether the message arrived all the same.
        kept: bool,
    },
    /// Takes the request and never answers.
    Silent {
        /// Whether the message arrived all the same.
        kept: bool,
    },
    /// Closes the connection without an answer.
    Vanished {
        /// Whether the message arrived all the same.
        kept: bool,
    },
}

/// A message that arrived.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// Counts from 1.
    pub number: u64,
    /// The channel: as given to the Web API, or the one its hook belongs to.
    pub channel: String,
    /// `webhook` or `api`.
    pub via: &'static str,
    /// The notification text.
    pub text: String,
    /// Block Kit blocks; an empty list if there were none.
    pub blocks: Value,
    /// The thread it answers in.
    pub thread_ts: Option<String>,
    /// Slack's id of the message in its channel.
    pub ts: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Whether the sender was told that it arrived.
    pub confirmed: bool,
}

#[derive(Debug)]
struct State {
    options: Options,
    channels: BTreeMap<String, String>,
    disabled: BTreeSet<String>,
    buckets: Buckets,
    faults: VecDeque<SlackFault>,
    messages: Vec<Message>,
    requests: u64,
    last_ts: (i64, u32),
}

/// A running stand-in; dropping it closes the port.
#[derive(Debug)]
pub struct Slack {
    state: Arc<Mutex<State>>,
    server: Switch,
}

impl Slack {
    /// Starts on `address` (port 0 picks a free one). Needs a running tokio runtime.
    pub fn start(address: SocketAddr, options: Options) -> anyhow::Result<Self> {
        let state = Arc::new(Mutex::new(State {
            buckets: Buckets::new(options.burst),
            options,
            channels: BTreeMap::new(),
            disabled: BTreeSet::new(),
            faults: VecDeque::new(),
            messages: Vec::new(),
            requests: 0,
            last_ts: (0, 0),
        }));
        let handler = Arc::clone(&state);
        let server = Switch::start(address, move |parts, body| {
            let state = Arc::clone(&handler);
            async move {
                match serve(&mut state.lock().unwrap_or_else(PoisonError::into_inner), &parts, &body) {
                    Reply::Answer(answer) => return Some(answer),
                    Reply::Vanish => return None,
                    Reply::Silence => {}
                }
                std::future::pending().await
            }
        })?;
        Ok(Self { state, server })
    }

    /// Starts on any free loopback port.
    pub fn local(options: Options) -> anyhow::Result<Self> {
        Self::start(server::loopback(), options)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `SLACK_BASE_URL` must be.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Everything that arrived, oldest first, confirmed or not.
    pub fn messages(&self) -> Vec<Message> {
        self.lock().messages.clone()
    }

    /// How many requests to send a message came, refused ones included.
    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// Forgets the messages.
    pub fn clear(&self) {
        self.lock().messages.clear();
    }

    /// Scripts the next request; several faults are met one after the other.
    pub fn fail_next(&self, fault: SlackFault) {
        self.lock().faults.push_back(fault);
    }

    /// Names the channel a hook (`/services/T…/B…/…`) posts to.
    pub fn set_channel(&self, hook: &str, channel: &str) {
        self.lock().channels.insert(hook.to_owned(), channel.to_owned());
    }

    /// Removes a hook: from now on it answers 404 `no_service`.
    pub fn disable_hook(&self, hook: &str) {
        self.lock().disabled.insert(hook.to_owned());
    }

    /// Puts a removed hook back.
    pub fn enable_hook(&self, hook: &str) {
        self.lock().disabled.remove(hook);
    }

    /// From now on only these bot tokens are known.
    pub fn set_tokens(&self, tokens: &[&str]) {
        self.lock().options.tokens = Some(tokens.iter().map(|token| (*token).to_owned()).collect());
    }

    /// Takes back scripted faults that were not met.
    pub fn calm(&self) {
        self.lock().faults.clear();
    }

    /// Nobody listens any more.
    pub fn go_away(&self) {
        self.server.off();
    }

    /// It listens again, where it was.
    ///
    /// # Errors
    /// When somebody else took the port.
    pub fn come_back(&self) -> anyhow::Result<()> {
        self.server.on()
    }

    /// Sets how many messages a hook or channel takes at once; buckets start full again.
    pub fn set_burst(&self, burst: u32) {
        self.lock().buckets = Buckets::new(burst);
    }
}
