//! The partners there are.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Subject, Trouble, Write};
use crate::fakes::slack::{Slack, SlackFault};
use crate::fakes::strict::Strict;

/// Slack by a bot token. It cannot be asked.
pub struct OnSlack<'a> {
    pub slack: &'a Slack,
    pub token: &'a str,
}

impl Subject for OnSlack<'_> {
    fn kind(&self) -> &'static str {
        "slack.post_message"
    }

    fn payload(&self, reference: &str, target: &str) -> Value {
        json!({"channel": target, "text": reference})
    }

    fn follower(&self) -> Option<&'static str> {
        None
    }

    fn can_be_asked(&self) -> bool {
        false
    }

    fn trouble_next(&self, trouble: Trouble) {
        self.slack.fail_next(match trouble {
            Trouble::Busy | Trouble::BusyFor(_) => SlackFault::ApiError("service_unavailable".to_owned()),
            Trouble::Limited(seconds) => SlackFault::RateLimited(seconds),
            Trouble::Broken { kept } => SlackFault::Broken { kept },
            Trouble::Silent { kept } => SlackFault::Silent { kept },
            Trouble::Vanished { kept } => SlackFault::Vanished { kept },
        });
    }

    fn index_next_after(&self, _lag: Duration) {}

    fn calm(&self) {
        self.slack.calm();
    }

    fn requests(&self) -> u64 {
        self.slack.requests()
    }

    fn writes(&self) -> Vec<Write> {
        let messages = self.slack.messages().into_iter();
        messages.map(|message| Write { reference: message.text, target: message.channel }).collect()
    }

    fn advance(&self, _by: Duration) {
        // What was sent before is long ago for its limits, too.
        self.slack.set_burst(1_000_000);
    }

    fn go_away(&self) {
        self.slack.go_away();
    }

    fn come_back(&self) {
        self.slack.come_back().unwrap_or_else(|error| panic!("{error:#}"));
    }

    fn break_key(&self) {
        self.slack.set_tokens(&["xoxb-another"]);
    }

    fn mend_key(&self) {
        self.slack.set_tokens(&[self.token]);
    }
}

/// The strict partner. It can be asked.
pub struct OnStrict<'a> {
    pub strict: &'a Strict,
    pub key: &'a str,
}

impl Subject for OnStrict<'_> {
    fn kind(&self) -> &'static str {
        "slack.create_object"
    }

    fn payload(&self, reference: &str, target: &str) -> Value {
        json!({"content": reference, "target": target})
    }

    fn follower(&self) -> Option<&'static str> {
        Some("slack.update_object")
    }

    fn can_be_asked(&self) -> bool {
        true
    }

    fn trouble_next(&self, trouble: Trouble) {
        self.strict.trouble_next(trouble);
    }

    fn index_next_after(&self, lag: Duration) {
        self.strict.index_next_after(lag);
    }

    fn calm(&self) {
        self.strict.calm();
    }

    fn requests(&self) -> u64 {
        self.strict.requests()
    }

    fn writes(&self) -> Vec<Write> {
        self.strict.writes()
    }

    fn advance(&self, by: Duration) {
        self.strict.advance(by);
    }

    fn go_away(&self) {
        self.strict.go_away();
    }

    fn come_back(&self) {
        self.strict.come_back().unwrap_or_else(|error| panic!("{error:#}"));
    }

    fn break_key(&self) {
        self.strict.set_key("another");
    }

    fn mend_key(&self) {
        self.strict.set_key(self.key);
    }
}
