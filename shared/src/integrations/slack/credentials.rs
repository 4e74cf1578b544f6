//! A tenant's way into Slack: one incoming webhook, or a bot token.
//!
//! The stored address of a webhook is checked each time it is used: only Slack's own hosts are ever called, so that nobody can
//! make Lotse call into our network by entering another address.

use serde::Deserialize;
use url::Url;

use crate::integrations::partner::Budget;

/// Hosts of incoming webhooks: Slack, and Slack for governments.
const HOOK_HOSTS: [&str; 2] = ["hooks.slack.com", "hooks.slack-gov.com"];

/// One message a second and channel is what Slack takes, however it is posted, and a few at once after a pause: calls a second, and
/// calls at once.
const CHANNEL: (f64, f64) = (1.0, 3.0);

/// Several hundred messages a minute and workspace; this stays below.
const WORKSPACE: (f64, f64) = (5.0, 5.0);

/// The budget of everything a bot token posts.
const WORKSPACE_KEY: &str = "slack:api";

/// How to post. Has no `Debug`: either form is a secret as a whole.
pub enum Credentials {
    /// The path of a webhook on one of Slack's hosts, with the host's origin.
    Webhook { origin: String, path: String },
    /// A bot token.
    Bot(String),
}

/// Why credentials cannot be used. Holds nothing of them.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("Slack is connected without a webhook address or a bot token; connect it again")]
    Missing,
    #[error("the stored webhook address is not one of Slack's (https://hooks.slack.com/services/…); enter it again")]
    ForeignWebhook,
    #[error("the stored bot token does not look like one (xoxb-…); enter it again")]
    BadToken,
    #[error("the stored credentials cannot be read; connect Slack again")]
    Unreadable,
}

#[derive(Deserialize)]
struct Stored {
    webhook_url: Option<String>,
    bot_token: Option<String>,
}

impl Credentials {
    /// From the opened secret: a JSON object with `webhook_url` or `bot_token`; the token is preferred, since it reaches every
    /// channel.
    ///
    /// # Errors
    /// When there is neither, or what is there could not be Slack's.
    pub fn parse(secret: &str) -> Result<Self, Unusable> {
        let stored: Stored = serde_json::from_str(secret).map_err(|_| Unusable::Unreadable)?;
        match (stored.bot_token, stored.webhook_url) {
            (Some(token), _) => bot(token),
            (None, Some(url)) => webhook(&url),
            (None, None) => Err(Unusable::Missing),
        }
    }

    /// What these credentials may spend on a message to `channel`, every budget of it.
    pub fn budgets(&self, channel: &str) -> Vec<Budget> {
        let budget = |key: String, (per_second, burst)| Budget { key, per_second, burst };
        match self {
            // A webhook has one channel, whatever the message says.
            Self::Webhook { .. } => vec![budget(self.pause_key().to_owned(), CHANNEL)],
            Self::Bot(_) => {
                vec![budget(format!("slack:channel:{channel}"), CHANNEL), budget(WORKSPACE_KEY.to_owned(), WORKSPACE)]
            }
        }
    }

    /// The budget that stands still when Slack says 429: the webhook, or the method for the whole workspace.
    pub const fn pause_key(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "slack:webhook",
            Self::Bot(_) => WORKSPACE_KEY,
        }
    }

    /// The one channel of a message, when messages wait per channel.
    pub const fn waits_per_channel(&self) -> bool {
        matches!(self, Self::Bot(_))
    }
}

fn bot(token: String) -> Result<Credentials, Unusable> {
    let fits = token.starts_with("xoxb-") && token.bytes().all(|b| b.is_ascii_graphic());
    if fits { Ok(Credentials::Bot(token)) } else { Err(Unusable::BadToken) }
}

/// Https, exactly one of Slack's hosts on its usual port, nothing but a path below `/services/`.
fn webhook(text: &str) -> Result<Credentials, Unusable> {
    let url = Url::parse(text).map_err(|_| Unusable::ForeignWebhook)?;
    let host = url.host_str().filter(|host| HOOK_HOSTS.contains(host)).ok_or(Unusable::ForeignWebhook)?;
    let fits = url.scheme() == "https"
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.path().strip_prefix("/services/").is_some_and(|rest| !rest.is_empty());
    if !fits {
        return Err(Unusable::ForeignWebhook);
    }
    Ok(Credentials::Webhook { origin: format!("https://{host}"), path: url.path().to_owned() })
}
