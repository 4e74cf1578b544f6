//! Slack: incoming webhooks and bot tokens.
//!
//! A message is an effect of the kind [`KIND`]; its payload is what the builders in [`translate`] give:
//! `{"channel", "text", "blocks"}`. An incoming webhook belongs to one channel, so `channel` only counts with a bot token.

pub mod client;
pub mod credentials;
pub mod translate;
pub mod wire;

#[cfg(test)]
mod tests;

use futures_util::future::BoxFuture;

use super::partner::{Access, Budget, Call, CallOutcome, Link, Partner};
use crate::messages::queues;
use credentials::Credentials;

pub use translate::{
    Language, LeadFacts, Person, TaskFacts, due_text, hot_lead_alert, is_member_id, lead_routed, no_owner,
    routing_conflict, target, task_due,
};

/// The kind of effect that is a Slack message.
pub const KIND: &str = "slack.post_message";

/// The partner's name among the tenant's integrations, and its queue.
pub const NAME: &str = queues::SLACK;

/// What to enter where something else than a member id was given.
pub const NO_MEMBER_ID: &str = "Use the person's member id in Slack, such as U012AB3CD. In Slack: the person's profile, three dots, copy member ID.";

/// Where leads that people should look at are shown.
pub const LEAD_ROUTING: &str = "#lead-routing";

/// Where tasks go whose owner has no Slack id.
pub const TASKS: &str = "#tasks";

/// Slack. It cannot be asked whether a message was posted: what it may have taken without saying so waits for a person.
pub struct Slack;

impl Partner for Slack {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Slack"
    }

    fn base_url_variable(&self) -> &'static str {
        "SLACK_BASE_URL"
    }

    fn connect(&self, access: Access<'_>) -> Result<Box<dyn Link>, String> {
        let credentials = Credentials::parse(access.secret).map_err(|problem| problem.to_string())?;
        Ok(Box::new(Workspace { http: access.http.clone(), base_url: access.base_url, credentials }))
    }
}

struct Workspace {
    http: reqwest::Client,
    base_url: Option<String>,
    credentials: Credentials,
}

impl Link for Workspace {
    fn budgets(&self, call: &Call) -> Vec<Budget> {
        self.credentials.budgets(&call.target)
    }

    fn pause_key(&self) -> String {
        self.credentials.pause_key().to_owned()
    }

    fn waits_per_target(&self) -> bool {
        self.credentials.waits_per_channel()
    }

    fn perform<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, CallOutcome> {
        Box::pin(client::post(&self.http, self.base_url.as_deref(), &self.credentials, &call.payload))
    }
}
