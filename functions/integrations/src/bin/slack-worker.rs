//! Posts the Slack messages of the effects ledger, by incoming webhook or bot token.
//!
//! Safe to repeat: only an effect that is still pending is sent, and a second delivery of a message finds it claimed or done.
//! What Slack may have taken without saying so (no answer, a 5xx) is never sent twice: it waits as `unknown` for a person.
//! One message a second and channel; what finds no free second goes back to the queue with a delay.

use std::process::ExitCode;

use shared::flows::slack_effects;
use shared::integrations::slack::{QUEUE, client};
use shared::messages::EffectDue;
use shared::queue::{self, Delivery};
use shared::{App, Failure};

pub fn main() -> ExitCode {
    queue::consume(QUEUE, handle)
}

async fn handle(app: App, delivery: Delivery<EffectDue>) -> Result<(), Failure> {
    let due = delivery.message;
    let http = app.http()?;
    let Some(claimed) = slack_effects::claim(&app, &due).await? else {
        return Ok(());
    };
    let outcome =
        client::post(http, app.slack().base_url.as_deref(), &claimed.credentials, &claimed.effect.payload).await;
    slack_effects::settle(&app, &due, &claimed, &outcome).await
}
