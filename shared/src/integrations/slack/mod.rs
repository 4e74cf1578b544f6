//! Slack: incoming webhooks and bot tokens.
//!
//! A message is an effect of the kind [`KIND`] on the queue [`QUEUE`]; its payload is what the builders in [`translate`] give:
//! `{"channel", "text", "blocks"}`. An incoming webhook belongs to one channel, so `channel` only counts with a bot token.

pub mod client;
pub mod credentials;
pub mod translate;
pub mod wire;

#[cfg(test)]
mod tests;

pub use translate::{
    Language, LeadFacts, Person, TaskFacts, due_text, hot_lead_alert, lead_routed, no_owner, routing_conflict, target,
    task_due,
};

/// The kind of effect that is a Slack message.
pub const KIND: &str = "slack_message";

/// The queue of Slack's worker.
pub const QUEUE: &str = "slack";

/// The partner's name among the tenant's integrations.
pub const NAME: &str = "slack";

/// Where leads that people should look at are shown.
pub const LEAD_ROUTING: &str = "#lead-routing";

/// Where tasks go whose owner has no Slack id.
pub const TASKS: &str = "#tasks";
