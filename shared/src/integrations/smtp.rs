//! Sends a mail over SMTP and says what became of it. Knows nothing of what the mail is about.
//!
//! The connection is driven step by step, each with its own time limit, because the library's covers only the first. What goes wrong before
//! the text was sent was certainly not sent; silence afterwards leaves it open whether it was.

use std::time::Duration;

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;

use super::partner::{CallOutcome, FaultDomain};
use crate::config::{SmtpConfig, SmtpSecurity};

const CONNECT: Duration = Duration::from_secs(10);
const COMMAND: Duration = Duration::from_secs(15);
/// After the last line, a server may look through the mail first.
const ACCEPT: Duration = Duration::from_secs(60);

/// A mail to one person, as plain text.
#[derive(Debug, Clone)]
pub struct Letter {
    pub to_name: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    /// The left half of its `Message-ID`: the same whoever sends it again.
    pub id: String,
}

/// Sends one mail.
pub async fn send(config: &SmtpConfig, letter: &Letter) -> CallOutcome {
    let message = match written(config, letter) {
        Ok(message) => message,
        Err(reason) => {
            return CallOutcome::Refused {
                code: "unusable_address".into(),
                words: Some(reason),
                fault: FaultDomain::Target,
            };
        }
    };
    let mut connection = match opened(config).await {
        Ok(connection) => connection,
        Err(outcome) => return outcome,
    };
    let outcome = handed_over(&mut connection, message).await;
    // Politeness: what is decided stays decided.
    let _ = tokio::time::timeout(COMMAND, connection.quit()).await;
    outcome
}

struct Written {
    envelope: lettre::address::Envelope,
    bytes: Vec<u8>,
}

fn written(config: &SmtpConfig, letter: &Letter) -> Result<Written, String> {
    let address = |text: &str| text.parse::<lettre::Address>().map_err(|error| error.to_string());
    let from: Mailbox = config.from.parse().map_err(|error| format!("the sender's address: {error}"))?;
    let id = format!("<{}@{}>", letter.id, from.email.domain());
    let message = MessageBuilder::new()
        .from(from)
        .to(Mailbox::new(Some(letter.to_name.clone()), address(&letter.to)?))
        .subject(letter.subject.clone())
        .message_id(Some(id))
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .header(ContentType::TEXT_PLAIN)
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(letter.text.clone())
        .map_err(|error| error.to_string())?;
    Ok(Written { envelope: message.envelope().clone(), bytes: message.formatted() })
}

/// A connection over which a mail can be handed over, or why there is none.
async fn opened(config: &SmtpConfig) -> Result<AsyncSmtpConnection, CallOutcome> {
    let hello = ClientId::Domain("lotse".to_owned());
    let tls =
        || TlsParameters::new(config.host.clone()).map_err(|_| CallOutcome::refused("tls", FaultDomain::Connection));
    let implicit = match config.security {
        SmtpSecurity::Tls => Some(tls()?),
        SmtpSecurity::StartTls | SmtpSecurity::None => None,
    };
    let server = (config.host.as_str(), config.port);
    let connecting = AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &hello, implicit, None);
    let mut connection = before(CONNECT, connecting).await?;
    if config.security == SmtpSecurity::StartTls {
        before(CONNECT, connection.starttls(tls()?, &hello)).await?;
    }
    if let Some((user, password)) = &config.login {
        let credentials = Credentials::new(user.clone(), password.clone());
        before(COMMAND, connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials)).await?;
    }
    Ok(connection)
}

async fn handed_over(connection: &mut AsyncSmtpConnection, message: Written) -> CallOutcome {
    let Written { envelope, bytes } = message;
    let began = async {
        before(COMMAND, connection.command(Mail::new(envelope.from().cloned(), vec![]))).await?;
        for recipient in envelope.to() {
            before(COMMAND, connection.command(Rcpt::new(recipient.clone(), vec![]))).await?;
        }
        before(COMMAND, connection.command(Data)).await
    };
    if let Err(outcome) = began.await {
        return outcome;
    }
    match tokio::time::timeout(ACCEPT, connection.message(&bytes)).await {
        Ok(Ok(answer)) if answer.is_positive() => {
            let said: Vec<&str> = answer.message().collect();
            CallOutcome::Done(serde_json::json!({ "answer": said.join(" ") }))
        }
        // It said no: nothing is in doubt.
        Ok(Err(error)) if error.status().is_some() => refused(&error),
        Ok(_) => CallOutcome::Unknown("the connection broke before the answer".to_owned()),
        Err(_) => CallOutcome::Unknown("no answer in time".to_owned()),
    }
}

/// A step before the text: whatever goes wrong in it, nothing was sent.
async fn before<T>(limit: Duration, step: impl Future<Output = Result<T, Error>>) -> Result<T, CallOutcome> {
    match tokio::time::timeout(limit, step).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(refused(&error)),
        Err(_) => Err(CallOutcome::not_now("no_answer")),
    }
}

/// What a refusal says. 4xx is for now, 5xx for good; a server that cannot be reached may be back.
fn refused(error: &Error) -> CallOutcome {
    let Some(status) = error.status() else { return CallOutcome::not_now("unreachable") };
    let code = status.to_string();
    if error.is_transient() {
        return CallOutcome::not_now(code);
    }
    // What is wrong with who sends: nobody's address is at fault.
    let fault = match code.as_str() {
        "530" | "534" | "535" | "538" => FaultDomain::Connection,
        "550" | "551" | "553" => FaultDomain::Target,
        _ => FaultDomain::Content,
    };
    CallOutcome::Refused { code, words: Some(error.to_string()), fault }
}
