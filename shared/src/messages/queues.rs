//! The one table of queues. Whatever has to know every queue (the relay, the inbox and its replay, health) goes through it, and
//! `cargo dev check` compares it with `template.yaml`; the address of a queue is [`crate::config::queue_url`] of its name.
//!
//! A queue to come is a constant and a row here, and its resource and consumer in the template.

/// What receivers took in: events, webhooks, recalculations.
pub const EVENTS: &str = "events";
/// Leads that may be ready to be routed.
pub const ROUTING: &str = "routing";
/// Effects to be done at Slack.
pub const SLACK: &str = "slack";
/// Tasks that fall due.
pub const REMINDERS: &str = "reminders";
/// Links that set a password, to be sent by mail.
pub const MAILS: &str = "mails";
/// Jobs that could not be started, or failed each time: there is no such queue, only dead letters.
pub const JOBS: &str = "jobs";

/// Where the messages of all of them go that were given up. Each says which queue it failed on.
pub const DEAD_LETTERS: &str = "dead-letters";

/// One queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// As in the template, without the installation's prefix.
    pub name: &'static str,
    /// What a dead letter of it keeps: a sentence for the person who finds one.
    pub keeps: &'static str,
    pub replay: Replay,
}

/// How a dead letter is made good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// It goes back onto its queue letter for letter. Every consumer is safe to repeat.
    Again,
    /// Not at all; the sentence says why not.
    Needless(&'static str),
}

/// Every queue of this release.
pub const QUEUES: &[Queue] = &[
    Queue { name: EVENTS, keeps: "Events or a webhook, as they were received.", replay: Replay::Again },
    Queue { name: ROUTING, keeps: "Leads that somebody has to decide about.", replay: Replay::Again },
    Queue { name: SLACK, keeps: "A message to be posted in Slack.", replay: Replay::Again },
    Queue { name: REMINDERS, keeps: "A task to be reminded of.", replay: Replay::Again },
    Queue { name: MAILS, keeps: "A mail about an account: an invitation, or a forgotten password.", replay: Replay::Again },
    Queue {
        name: JOBS,
        keeps: "A job that could not be started, or failed each time.",
        replay: Replay::Needless("The job's next run makes up for it."),
    },
];

impl Queue {
    /// Whether there is a queue of this name, with a consumer: the others are only what dead letters say they come from.
    pub const fn has_consumer(&self) -> bool {
        matches!(self.replay, Replay::Again)
    }
}

/// Queues that messages are sent to.
pub fn consumed() -> impl Iterator<Item = &'static Queue> {
    QUEUES.iter().filter(|queue| queue.has_consumer())
}

/// The queue of a name.
pub fn find(name: &str) -> Option<&'static Queue> {
    QUEUES.iter().find(|queue| queue.name == name)
}
