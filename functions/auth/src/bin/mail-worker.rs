//! Sends the mails about accounts: invitations and links for a new password.
//!
//! Safe to repeat: a mail is claimed before it is sent, and a second delivery of a message finds it claimed or sent. What was perhaps sent is
//! never sent again; what was surely not sent comes again, with a new token, for an hour.

use std::process::ExitCode;
use std::sync::OnceLock;

use shared::config::SmtpConfig;
use shared::flows::account_mails::work;
use shared::messages::{AccountMail, queues};
use shared::queue::{self, Delivery};
use shared::{App, Failure};

static CONFIG: OnceLock<SmtpConfig> = OnceLock::new();

pub fn main() -> ExitCode {
    queue::consume(queues::MAILS, handle)
}

async fn handle(app: App, delivery: Delivery<AccountMail>) -> Result<(), Failure> {
    let config = match CONFIG.get() {
        Some(config) => config,
        None => {
            let read = SmtpConfig::from_env().map_err(Failure::internal)?;
            CONFIG.get_or_init(|| read)
        }
    };
    work(&app, config, &delivery.message).await
}
