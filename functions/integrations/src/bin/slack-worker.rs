//! Posts the Slack messages of the effects ledger, by incoming webhook or bot token.
//!
//! Safe to repeat: only an effect that is still pending is sent, and a second delivery of a message finds it claimed or done.
//! What Slack may have taken without saying so (no answer, a 5xx) is never sent twice: it waits as `unknown` for a person.
//! One message a second and channel; what finds no free second goes back to the queue with a delay.

use std::process::ExitCode;

use shared::integrations::slack::Slack;
use shared::queue;

pub fn main() -> ExitCode {
    queue::do_effects(&Slack)
}
