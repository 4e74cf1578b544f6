//! What every partner is to the effects ledger. A partner implements [`Partner`] and [`Link`] in its folder; who claims, waits,
//! settles and looks up is `flows::effects`, the same for all of them.
//!
//! A future is boxed here, at the boundary, so that the worker is compiled once and not once a partner.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::domain::ids::EffectId;
pub use crate::store::effects_work::Budget;

/// A partner as a whole.
pub trait Partner: Send + Sync {
    /// Its name among the tenant's integrations, the first word of its kinds (`<name>.<verb>`), and its queue.
    fn name(&self) -> &'static str;

    /// What people call it.
    fn title(&self) -> &'static str;

    /// The variable that names a stand-in for the partner's hosts.
    fn base_url_variable(&self) -> &'static str;

    /// One tenant's way into the partner.
    ///
    /// # Errors
    /// When the credentials cannot be the partner's: a sentence for the person who can mend them, without anything of them.
    fn connect(&self, access: Access<'_>) -> Result<Box<dyn Link>, String>;
}

/// What a tenant stored to get in, opened, and what to call with.
pub struct Access<'a> {
    pub settings: &'a Value,
    /// A JSON object.
    pub secret: &'a str,
    pub http: &'a reqwest::Client,
    /// A stand-in for the partner's hosts; none means the partner itself.
    pub base_url: Option<String>,
}

/// One tenant's way into a partner. Every future ends by itself within a minute.
pub trait Link: Send + Sync {
    /// Every budget that a call is taken from, the narrowest first.
    fn budgets(&self, call: &Call) -> Vec<Budget>;

    /// The budget that stands still when the partner asks for a pause.
    fn pause_key(&self) -> String;

    /// Whether each target has a budget of its own, so that calls wait only for those to the same target.
    fn waits_per_target(&self) -> bool {
        false
    }

    /// Whether the partner can be asked if this was done. Then nothing is ever done twice, and no person has to look.
    fn can_look_up(&self, _call: &Call) -> bool {
        false
    }

    /// Whether the object may be there although nothing was tried yet: somebody may have made it by hand.
    fn looks_first(&self, _call: &Call) -> bool {
        false
    }

    /// Does it.
    fn perform<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, CallOutcome>;

    /// Whether it was done. Only reads.
    fn look_up<'a>(&'a self, _call: &'a Call) -> BoxFuture<'a, Sight> {
        Box::pin(std::future::ready(Sight::CannotAsk))
    }
}

/// What is to be done at a partner, complete.
#[derive(Debug, Clone)]
pub struct Call {
    /// The same at every attempt: what is made at the partner carries it where the partner has room for it, and is found by it.
    pub id: EffectId,
    /// `<partner>.<verb>`.
    pub kind: String,
    /// Where: a channel, a record.
    pub target: String,
    pub payload: Value,
    /// What the partner answered to the effect this one needs.
    pub needed: Option<Value>,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum CallOutcome {
    /// It is done; what is kept of the partner's answer (its id, a deep link).
    Done(Value),
    /// The partner will never take it as it is.
    Refused {
        code: String,
        /// The partner's own sentence, when it has one.
        words: Option<String>,
        fault: FaultDomain,
    },
    /// The partner wants nothing from this key for so long. It was not done.
    Limited(Duration),
    /// It was certainly not done, and may be later: not before `at_least`, when the partner named a time.
    NotNow { code: String, at_least: Option<Duration> },
    /// It may have been done, and nobody said so.
    Unknown(String),
}

impl CallOutcome {
    /// Refused with nothing but a code.
    pub fn refused(code: impl Into<String>, fault: FaultDomain) -> Self {
        Self::Refused { code: code.into(), words: None, fault }
    }

    /// Not now, and the partner says no time.
    pub fn not_now(code: impl Into<String>) -> Self {
        Self::NotNow { code: code.into(), at_least: None }
    }
}

/// What is at fault when a partner refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultDomain {
    /// The key: somebody must connect the partner again. Everything for it waits until then.
    Connection,
    /// The place: it is gone, or not ours to write to.
    Target,
    /// What was to be said.
    Content,
}

impl FaultDomain {
    /// As the ledger spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Target => "target",
            Self::Content => "content",
        }
    }
}

/// What a look at the partner shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Sight {
    /// It was done; what is kept of it.
    Found(Value),
    /// There is none, as far as the partner knows by now.
    Absent,
    /// There is no way to tell.
    CannotAsk,
    /// The question itself was not answered: `Limited`, `NotNow`, or `Refused` for the key.
    Unanswered(CallOutcome),
}
