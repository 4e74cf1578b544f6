//! Every minute: hands over what was committed but not put on its queue, wakes effects whose message was lost, begins those whose moment
//! has come, and sends dead letters again that were given up while something was away.
//!
//! A crash between sending and deleting sends a message twice, which every consumer allows for. A queue that does not answer
//! leaves its rows for the next run.

use std::process::ExitCode;

use jiff::Timestamp;
use serde::Serialize;
use shared::flows::effects::sweep;
use shared::flows::relay;
use shared::schedule;
use shared::telemetry::metrics::{EFFECTS_WOKEN, GIVEN_UP_SENT_AGAIN, OUTBOX_RELAYED};
use shared::{App, Failure};

pub fn main() -> ExitCode {
    schedule::job("outbox-relay", handle)
}

#[derive(Serialize)]
struct Done {
    /// Messages that are on their queue now.
    messages: usize,
    /// Effects whose message is on its way again.
    effects: usize,
    /// Dead letters that are on their queue again.
    sent_again: usize,
}

async fn handle(app: App, moment: Timestamp) -> Result<Done, Failure> {
    let messages = relay::hand_over(&app, moment).await?;
    let effects = sweep::wake(&app, moment).await?;
    let sent_again = relay::send_given_up(&app, moment).await?;
    OUTBOX_RELAYED.count_of(messages);
    EFFECTS_WOKEN.count_of(effects);
    GIVEN_UP_SENT_AGAIN.count_of(sent_again);
    Ok(Done { messages, effects, sent_again })
}
