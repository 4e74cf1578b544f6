//! Sessions of the console: a short access token in the answer, and a refresh token in a cookie that no script can read.
//!
//! The refresh token is used once and replaced. Whoever shows a used one again has a copy of somebody's cookie, or had their own
//! copied: the whole session ends. One exception: two tabs of one browser may ask in the same moment with the same cookie. For
//! [`GRACE_SECONDS`] after its use a token still gets an access token, but **no refresh token**: the browser has the new cookie
//! from the tab that was first, and a thief who is quick enough gets fifteen minutes and nothing to go on with.

mod cookie;
mod pages;

use std::time::Duration;

use futures_util::future::try_join3;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

pub use cookie::{cleared_cookie, refresh_cookie, refresh_token};
pub(crate) use pages::from_our_pages;

use super::reply::{Json, RawReply, Reply};
use crate::app::App;
use crate::domain::access::{Caller, Role, Scope, granted};
use crate::domain::ids::MemberId;
use crate::failure::Failure;
use crate::flows::passwords::wrong;
use crate::secrets::{random_token, token_hash};
use crate::store::audit::{self, Actor, AuditEntry};
use crate::store::sign_in::{self, Candidate, NewSession, Note, RefreshOutcome, Successor};
use crate::store::{Tx, preferences, team, tenants};
use crate::views::team::{MeView, MemberRole};

/// How long an access token is believed.
const ACCESS: SignedDuration = SignedDuration::from_mins(15);

/// A session that nobody used for this long is over.
const IDLE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// However much it is used, a session ends after this.
const ABSOLUTE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// See the module's text.
const GRACE_SECONDS: f64 = 10.0;

/// How long whoever refreshes waits to be told who they are.
const PATIENCE: Duration = Duration::from_secs(2);

/// An access token, to be sent as `Authorization: Bearer`. Its refresh token is in a cookie.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SessionView {
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// Seconds until the access token is no longer believed.
    pub expires_in: i64,
    /// Who that is and what they may do, as `GET /auth/me` says it. Null: it could not be read now, ask there.
    pub me: Option<MeView>,
}

impl SessionView {
    fn of(access_token: String, me: Option<MeView>) -> Self {
        Self { access_token, token_type: "Bearer", expires_in: ACCESS.as_secs(), me }
    }
}

/// Who somebody is that has entered this transaction's tenant, with what they may do.
///
/// # Errors
/// When the database does not answer.
pub async fn me(tx: &Tx, member: Option<MemberId>, scopes: impl Iterator<Item = Scope>) -> Result<MeView, Failure> {
    let found = async {
        match member {
            Some(id) => team::find(tx, id).await,
            None => Ok(None),
        }
    };
    let set = async {
        match member {
            Some(id) => preferences::get(tx, id).await,
            None => Ok(preferences::Preferences::default()),
        }
    };
    let (member, set, tenant) = try_join3(found, set, tenants::get(tx)).await?;
    Ok(MeView::of(scopes, member.map(|member| (member, set)), tx.tenant(), tenant))
}

/// The same of a member with the role, as their access tokens carry it.
async fn signed_in(tx: &Tx, member: MemberId, role: &str) -> Result<MeView, Failure> {
    let role: Role = MemberRole::stored(role).role();
    me(tx, Some(member), granted(&[role], std::iter::empty()).into_iter()).await
}

/// An answer that also sets a cookie, or leaves the cookie as it is.
pub struct WithCookie<R> {
    pub reply: R,
    pub cookie: Option<String>,
}

impl<R: Reply> Reply for WithCookie<R> {
    const STATUS: u16 = R::STATUS;
    fn schema() -> Option<serde_json::Value> {
        R::schema()
    }
    fn into_raw(self) -> Result<RawReply, Failure> {
        let mut reply = self.reply.into_raw()?;
        reply.headers.extend(self.cookie.map(|cookie| ("set-cookie", cookie)));
        Ok(reply)
    }
}

/// The answer to a sign-in or a refresh.
pub type Session = WithCookie<Json<SessionView>>;

/// Signs a member in whose password was right.
///
/// # Errors
/// `Unauthenticated` when the member was deactivated or got another password meanwhile.
pub async fn start(app: &App, member: &Candidate, now: Timestamp, request_id: &str) -> Result<Session, Failure> {
    let (refresh, jti, family) = (random_token()?, app.new_id().to_string(), app.new_id());
    let until = later(now, IDLE)?;
    let verified = member.password_hash.as_deref().ok_or_else(wrong)?;
    let new = NewSession {
        family,
        member: member.member,
        verified,
        refresh_hash: token_hash(&refresh),
        jti: &jti,
        family_until: later(now, ABSOLUTE)?,
        refresh_until: until,
        access_until: later(now, ACCESS)?,
    };
    let signed = app.transact(member.tenant, async |tx| {
        let role = sign_in::start_session(&tx, &new, now).await?.ok_or_else(wrong)?;
        let entry = AuditEntry { action: "sign_in", record: "session", id: family, before: None, after: None };
        audit::insert(&tx, vec![entry], &person(member.member.to_string()), Some(request_id), now).await?;
        let token = app.signer()?.sign(member.tenant, member.member, &role, &jti, now, new.access_until)?;
        Ok((token, signed_in(&tx, member.member, &role).await?))
    });
    let (token, me) = signed.await?;
    let cookie = refresh_cookie(&refresh, now, until);
    Ok(WithCookie { reply: Json::new(SessionView::of(token, Some(me))), cookie: Some(cookie) })
}

/// Uses a refresh token.
///
/// # Errors
/// `Unauthenticated` when it is unknown, was used before, or its session is over.
pub async fn refresh(app: &App, token: &str, now: Timestamp, request_id: &str) -> Result<Session, Failure> {
    let signer = app.signer()?;
    let over = || Failure::Unauthenticated("This session is over. Sign in again.".to_owned());
    let (refresh, jti) = (random_token()?, app.new_id().to_string());
    let next = Successor {
        refresh_hash: token_hash(&refresh),
        jti: &jti,
        refresh_until: later(now, IDLE)?,
        access_until: later(now, ACCESS)?,
        grace: GRACE_SECONDS,
    };
    let hash = token_hash(token);
    let note = Note { id: app.new_id(), request: request_id };
    let session = sign_in::refresh_session(app.database(), &hash, &next, now, note).await?.ok_or_else(over)?;
    let cookie = match session.outcome {
        RefreshOutcome::Rotated { until } => Some(refresh_cookie(&refresh, now, until)),
        RefreshOutcome::Again => None,
        RefreshOutcome::Reuse => {
            tracing::warn!(member = %session.member, "a used refresh token came again: its session was ended");
            return Err(over());
        }
        RefreshOutcome::Ended => return Err(over()),
    };
    // As it is now: a change of role shows here.
    let role = session.role.ok_or_else(over)?;
    let token = signer.sign(session.tenant, session.member, &role, &jti, now, next.access_until)?;
    // The refresh token is used up by now: whatever becomes of this, its successor has to reach the browser.
    let known = app.transact(session.tenant, async |tx| signed_in(&tx, session.member, &role).await);
    let me = match tokio::time::timeout(PATIENCE, known).await {
        Ok(Ok(me)) => Some(me),
        Ok(Err(failure)) => {
            tracing::warn!(reason = %failure, "refreshed without saying who it is");
            None
        }
        Err(_) => {
            // A connection that answers nothing is not asked again.
            app.database().discard().await;
            tracing::warn!("refreshed without saying who it is: the database is slow");
            None
        }
    };
    Ok(WithCookie { reply: Json::new(SessionView::of(token, me)), cookie })
}

/// Ends the session of a refresh token. One that is over already is no error.
///
/// # Errors
/// When the database does not answer.
pub async fn end(app: &App, token: &str, now: Timestamp, request_id: &str) -> Result<(), Failure> {
    let note = Note { id: app.new_id(), request: request_id };
    sign_in::end_session(app.database(), &token_hash(token), now, note).await
}

/// Refuses an access token from now on, and ends its session if it has one here. One that is refused already is no error.
///
/// # Errors
/// When the database does not answer.
pub async fn revoke(app: &App, caller: &Caller, now: Timestamp, request_id: &str) -> Result<(), Failure> {
    let (Some(jti), Some(until)) = (&caller.jti, caller.expires_at) else { return Ok(()) };
    let tx = match app.database().begin(caller.tenant, caller.shown()).await {
        Ok(tx) => tx,
        Err(Failure::Unauthenticated(_)) => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let revoking = async {
        let Some(revoked) = sign_in::revoke_token(&tx, jti, until, now).await? else { return Ok(()) };
        // Without a session the token itself is what is named.
        let id = revoked.family.unwrap_or_else(|| app.new_id());
        let after = revoked.family.is_none().then(|| json!({ "token": jti }));
        let entry = AuditEntry { action: "sign_out", record: "session", id, before: None, after };
        audit::insert(&tx, vec![entry], &person(caller.subject.clone()), Some(request_id), now).await
    };
    app.end(&tx, revoking.await).await
}

fn person(subject: String) -> Actor {
    Actor { kind: "person", subject }
}

fn later(now: Timestamp, by: SignedDuration) -> Result<Timestamp, Failure> {
    now.checked_add(by).map_err(Failure::internal)
}
