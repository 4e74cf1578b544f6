//! Invites a member who has no password yet: they get a mail with a link that sets one, once, within an hour. Asked again, another mail is
//! sent.
//!
//! Refuses members who are inactive or have a password (409), and those who may do more than the caller (403). Installations that send no
//! mails have no invitations (409).

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use shared::config::sends_mails;
use shared::domain::ids::MemberId;
use shared::http::{self, Accepted, Call};
use shared::messages::{AccountMail, Recipient, queues};
use shared::store::audit::AuditEntry;
use shared::store::{outbox, sign_in, team};
use shared::views::team::{MailPromisedView, MemberRole};
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::post("/api/v1/auth/invite", Scope::TeamWrite, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Invite {
    member_id: MemberId,
}

async fn handle(call: Call<Invite>) -> Result<Accepted<MailPromisedView>, Failure> {
    let id = call.body.member_id;
    let refused = |code, detail: &str| Err(Failure::conflict(code, detail));
    let member = match team::find(&call.tx, id).await? {
        Some(member) => member,
        None => return Err(Failure::invalid("/member_id", "unknown_value", "There is no such member.")),
    };
    if !call.caller.covers(MemberRole::stored(&member.profile.role).role()) {
        return Err(Failure::Forbidden(
            "Only an administrator can invite somebody who may do more than you.".to_owned(),
        ));
    }
    if !sends_mails() {
        return refused("no_mails", "This installation sends no mails. Give the member a password instead.");
    }
    if !member.profile.active {
        return refused("inactive", "This member is inactive. Activate them first.");
    }
    if sign_in::password_hash(&call.tx, id).await?.is_some() {
        let detail =
            "This member has a password already. If they forgot it, they can ask for a new one when they sign in.";
        return refused("has_password", detail);
    }
    let mail = AccountMail {
        request_id: call.app.new_id(),
        asked_at: call.now,
        recipient: Recipient::Member { member_id: id },
    };
    outbox::put(&call.tx, queues::MAILS, &[mail], call.now).await?;
    let after = Some(json!({"email": member.profile.email}));
    call.audit(AuditEntry { action: "invite", record: "member", id: id.into(), before: None, after }).await?;
    Ok(Accepted(MailPromisedView::new()))
}
