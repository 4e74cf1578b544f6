//! Invitations and forgotten passwords: the mails, and what their tokens do.
//!
//! Whether somebody is known is found out by the worker, when the one who asked has their answer: neither that answer nor its time tells.
//! A mail is claimed before it is sent. What was perhaps sent is never sent again, because whoever waits for it can ask once more; what was
//! surely not sent is tried again, with a new token.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::app::App;
use crate::config::SmtpConfig;
use crate::domain::ids::MemberId;
use crate::domain::passwords as rules;
use crate::failure::Failure;
use crate::integrations::partner::CallOutcome;
use crate::integrations::smtp::{self, Letter};
use crate::messages::AccountMail;
use crate::passwords;
use crate::secrets::{random_token, token_hash};
use crate::store::account_mails::{self, Account, Claimed, Purpose};
use crate::store::audit::{self, Actor, AuditEntry};
use crate::store::sign_in::{self, Ending};

/// How long a token is good.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_hours(1);

/// Nobody has accounts in more tenants that one mail is sent to.
const MOST: usize = 3;

/// Sends the mails of a request that are still to be sent.
///
/// # Errors
/// When the database does not answer, or a mail was surely not sent and may be later. The message comes again then.
pub async fn work(app: &App, config: &SmtpConfig, mail: &AccountMail) -> Result<(), Failure> {
    let now = app.now();
    // Older than its token would be: whoever asked has asked again by now.
    if now.duration_since(mail.asked_at) > GOOD_FOR {
        tracing::warn!(request = %mail.request_id, "too late for a mail");
        return Ok(());
    }
    let expires_at = now.checked_add(GOOD_FOR).map_err(Failure::internal)?;
    let tokens: Vec<String> = (0..MOST).map(|_| random_token()).collect::<Result<_, _>>()?;
    let hashes: Vec<Vec<u8>> = tokens.iter().map(|token| token_hash(token).to_vec()).collect();
    let ids: Vec<Uuid> = tokens.iter().map(|_| app.new_id()).collect();
    let claimed = account_mails::claim(app.database(), mail, &ids, &hashes, now, expires_at).await?;
    let mut later = None;
    for one in &claimed {
        let token = hashes.iter().zip(&tokens).find(|(hash, _)| **hash == one.token_hash).map(|(_, token)| token);
        let Some(token) = token else { return Err(Failure::internal("a mail with another's token")) };
        let letter = letter(app, Purpose::of(mail), one, token)?;
        let (status, reason) = match smtp::send(config, &letter).await {
            CallOutcome::Done(_) => ("sent", None),
            CallOutcome::Unknown(reason) => ("unknown", Some(reason)),
            CallOutcome::Refused { code, words, .. } => ("failed", Some(words.unwrap_or(code))),
            CallOutcome::NotNow { code, .. } => ("pending", Some(code)),
            CallOutcome::Limited(_) => ("pending", Some("limited".to_owned())),
        };
        if status != "sent" {
            tracing::warn!(mail = %one.id, status, reason, "a mail about an account was not sent");
        }
        account_mails::settle(app.database(), one.id, status, reason.as_deref()).await?;
        if status == "pending" {
            later = reason.or(later);
        }
    }
    match later {
        Some(reason) => Err(Failure::unavailable(format!("the mail relay takes nothing now: {reason}"))),
        None => Ok(()),
    }
}

/// The mail, in the tenant's language.
fn letter(app: &App, purpose: Purpose, mail: &Claimed, token: &str) -> Result<Letter, Failure> {
    let page = match purpose {
        Purpose::Invite => "accept-invite",
        Purpose::Reset => "reset-password",
    };
    // Behind the hash, where no server and no log sees it.
    let link = app.console_link(&format!("/{page}#{token}"));
    let link = link.ok_or_else(|| Failure::internal("mails need the console's address"))?;
    let Claimed { name, tenant_name: tenant, .. } = mail;
    let (subject, text) = match (purpose, mail.language.as_str()) {
        (Purpose::Invite, "en") => (
            format!("Your access to Lotse for {tenant}"),
            format!(
                "Hello {name},\n\nyou have been invited to Lotse, the CRM of {tenant}. Choose a password here, and you are in:\n\n{link}\n\n\
                 The link works once, within an hour. If it has expired, ask whoever invited you for a new one.\n"
            ),
        ),
        (Purpose::Invite, _) => (
            format!("Ihr Zugang zu Lotse für {tenant}"),
            format!(
                "Hallo {name},\n\nSie sind zu Lotse eingeladen, dem CRM von {tenant}. Wählen Sie hier Ihr Passwort, dann kann es losgehen:\n\n\
                 {link}\n\nDer Link gilt eine Stunde und nur einmal. Ist er abgelaufen, bitten Sie um eine neue Einladung.\n"
            ),
        ),
        (Purpose::Reset, "en") => (
            format!("A new password for Lotse ({tenant})"),
            format!(
                "Hello {name},\n\nsomebody, most likely you, asked for a new password for Lotse ({tenant}). Choose it here:\n\n{link}\n\n\
                 The link works once, within an hour. If it was not you, there is nothing to do: your password stays as it is.\n"
            ),
        ),
        (Purpose::Reset, _) => (
            format!("Neues Passwort für Lotse ({tenant})"),
            format!(
                "Hallo {name},\n\njemand, vermutlich Sie selbst, hat ein neues Passwort für Lotse ({tenant}) angefordert. Hier können Sie es \
                 wählen:\n\n{link}\n\nDer Link gilt eine Stunde und nur einmal. Waren Sie das nicht, müssen Sie nichts tun: Ihr Passwort \
                 bleibt, wie es ist.\n"
            ),
        ),
    };
    Ok(Letter { to_name: name.clone(), to: mail.email.clone(), subject, text, id: format!("account-{}", mail.id) })
}

/// Why a token is refused, whatever is wrong with it.
fn used_up() -> Failure {
    Failure::invalid(
        "/token",
        "unknown_value",
        "This link was used already, or is older than an hour. Ask for a new one.",
    )
}

/// Sets a password by a token, once: the account is signed out everywhere, and its other links are used up.
///
/// # Errors
/// `Invalid` for a token that is not good, and for a password that is too easy.
pub async fn set_password(
    app: &App,
    token: &str,
    purpose: Purpose,
    password: &str,
    now: Timestamp,
    request_id: &str,
) -> Result<Account, Failure> {
    let hash = token_hash(token);
    let account = account_mails::find_token(app.database(), &hash, purpose, now).await?.ok_or_else(used_up)?;
    if let Some((code, detail)) = rules::fault(password, &account.email) {
        return Err(Failure::invalid("/password", code, detail));
    }
    let hashed = passwords::hash(password)?;
    let member: MemberId = account.member;
    let setting = app.transact(account.tenant, async |tx| {
        if !account_mails::use_token(&tx, &hash, purpose, now).await? {
            return Err(used_up());
        }
        sign_in::set_password(&tx, member, &hashed, now).await?;
        sign_in::end_sessions_of(&tx, member, Ending::Password, None, now).await?;
        let action = match purpose {
            Purpose::Invite => "accept_invite",
            Purpose::Reset => "reset_password",
        };
        let after = Some(json!({"password": "changed"}));
        let entry = AuditEntry { action, record: "member", id: member.into(), before: None, after };
        let actor = Actor { kind: "person", subject: member.to_string() };
        audit::insert(&tx, vec![entry], &actor, Some(request_id), now).await
    });
    setting.await?;
    Ok(account)
}
