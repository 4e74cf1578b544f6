//! Who sends events, as far as the database allows to know.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use tracing::error_span;

use crate::app::App;
use crate::domain::access::{Scope, Shown};
use crate::domain::hex;
use crate::domain::identity::Country;
use crate::domain::ids::TenantId;
use crate::failure::Failure;
use crate::flows::keys::use_key;
use crate::http::PublicCall;
use crate::http::auth::Credentials;
use crate::messages::events::{Events, Inbound, Receipt, Unchecked, UnprovenEvents, packed};
use crate::messages::queues;
use crate::store::tenants;
use crate::telemetry::step;

/// How long a receiver waits for the database before it does without. A connection that died silently answers nothing at all.
const PATIENCE: Duration = Duration::from_secs(3);

/// The sender of events.
#[derive(Debug)]
pub enum Origin {
    /// A valid key or token that may send events.
    Known {
        tenant: TenantId,
        /// The one source it may speak for; none for a person.
        source: Option<String>,
        /// None when the database was away.
        country: Option<Country>,
        /// What a person has shown, while it is not known whether it still counts.
        unchecked: Option<Unchecked>,
    },
    /// A key that could not be looked up.
    Unproven { source: String, key_hash: String },
}

impl Origin {
    /// Reads the credentials of a request and checks them. `national` tells whether the tenant's country matters to its events.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden` and `TooMany` as the credentials deserve; never because the database is away.
    pub async fn of(call: &PublicCall, national: bool) -> Result<Self, Failure> {
        let verifier =
            call.verifier.as_ref().ok_or_else(|| Failure::internal("this receiver was started without a scope"))?;
        let credentials =
            verifier.credentials(call.header("authorization"), call.header("x-api-key"), call.now).await?;
        match credentials {
            Credentials::Token(caller) => {
                call.note_caller(&caller);
                caller.need(Scope::EventsWrite)?;
                // Entering the tenant is what finds revoked tokens.
                let country = match in_time(&call.app, country(&call.app, caller.tenant, caller.shown())).await {
                    Ok(country) => Some(country),
                    Err(failure) if is_away(&failure) => None,
                    Err(refusal) => return Err(refusal),
                };
                let unchecked = country.is_none().then(|| Unchecked::from(caller.shown()));
                Ok(Self::Known { tenant: caller.tenant, source: None, country, unchecked })
            }
            Credentials::Key { source, hash } => {
                let caller = match in_time(&call.app, use_key(call.app.database(), &source, &hash, call.now)).await {
                    Ok(caller) => caller,
                    Err(failure) if is_away(&failure) => {
                        return Ok(Self::Unproven { source, key_hash: hex::encode(&hash) });
                    }
                    Err(refusal) => return Err(refusal),
                };
                call.note_caller(&caller);
                caller.need(Scope::EventsWrite)?;
                let country = match national {
                    true => in_time(&call.app, country(&call.app, caller.tenant, Shown::default())).await.ok(),
                    // Any will do: nothing in the request depends on it.
                    false => Some(Country::default()),
                };
                Ok(Self::Known { tenant: caller.tenant, source: caller.source, country, unchecked: None })
            }
        }
    }

    /// The one source this sender may speak for, and the country that completes phone numbers.
    pub fn bounds(&self) -> (Option<&str>, Option<Country>) {
        match self {
            Self::Known { source, country, .. } => (source.as_deref(), *country),
            Self::Unproven { source, .. } => (Some(source), None),
        }
    }
}

impl Origin {
    /// Puts receipts on the queue, in few messages. Returns only when SQS has all of them.
    ///
    /// # Errors
    /// `Unavailable` when SQS did not take every message. Some may be on the queue then; sending the request again counts them once
    /// if the events have an `external_id` or `occurred_at`, or the request an `Idempotency-Key`.
    pub async fn send(&self, app: &App, receipts: Vec<Receipt>, received_at: Timestamp) -> Result<(), Failure> {
        let mut left = packed(receipts)
            .into_iter()
            .map(|receipts| serde_json::to_string(&self.message(receipts, received_at)).map_err(Failure::internal))
            .collect::<Result<Vec<String>, Failure>>()?;
        loop {
            let before = left.len();
            let send = app.sender().send_many(queues::EVENTS, left.clone());
            let taken = step(error_span!("send", messages = before), send).await?;
            left = left.into_iter().zip(taken).filter(|(_, taken)| !taken).map(|(body, _)| body).collect();
            if left.is_empty() {
                return Ok(());
            }
            // SQS refuses single messages at times; only when it takes none at all it is away.
            if left.len() == before {
                return Err(Failure::unavailable(format!("the queue events did not take {before} messages")));
            }
        }
    }

    fn message(&self, receipts: Vec<Receipt>, received_at: Timestamp) -> Inbound {
        match self {
            Self::Known { tenant, source, unchecked, .. } => Inbound::Events(Events {
                tenant_id: *tenant,
                source: source.clone(),
                received_at,
                unchecked: unchecked.clone().unwrap_or_default(),
                receipts,
            }),
            Self::Unproven { source, key_hash } => Inbound::UnprovenEvents(UnprovenEvents {
                source: source.clone(),
                key_hash: key_hash.clone(),
                received_at,
                receipts,
            }),
        }
    }
}

async fn country(app: &App, tenant: TenantId, shown: Shown<'_>) -> Result<Country, Failure> {
    let tx = app.database().begin(tenant, shown).await?;
    let found = app.end(&tx, tenants::get(&tx).await).await?;
    Ok(found.default_country.parse().unwrap_or_default())
}

/// Waits for the database as long as a receiver can. A connection that did not answer is not asked again.
pub(crate) async fn in_time<T>(app: &App, asked: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer,
        Err(_) => {
            app.database().discard().await;
            Err(Failure::unavailable("the database did not answer within 3 s"))
        }
    }
}

/// The database did not answer, or not as it should (it is not migrated, say): no reason to lose an event.
pub(super) fn is_away(failure: &Failure) -> bool {
    match failure {
        Failure::Unavailable { cause, .. } | Failure::Internal(cause) => {
            tracing::warn!(reason = %cause, "the database is away; events are taken all the same");
            true
        }
        _ => false,
    }
}
