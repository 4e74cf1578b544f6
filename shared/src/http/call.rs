//! What a handler gets: who calls, the typed body and query, the path's values, and the transaction it works in.

use std::collections::BTreeMap;

use ::http::HeaderMap;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Listing, body};
use crate::app::App;
use crate::domain::access::Caller;
use crate::failure::Failure;
use crate::store::audit::{self, Actor, AuditEntry};
use crate::store::{Tx, tenants};
use crate::views::filters::{Filters, Viewpoint};
use crate::views::paging::Paging;
use crate::views::record::Record;

/// No query parameters beyond paging.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoQuery {}

/// A request, before its body and query are read.
pub(crate) struct Parts {
    pub app: App,
    pub tx: Tx,
    pub caller: Caller,
    pub now: Timestamp,
    pub request_id: String,
    pub source_ip: Option<String>,
    pub path: BTreeMap<&'static str, String>,
    pub headers: HeaderMap,
    pub query: String,
    pub body: Vec<u8>,
}

/// One request of a caller who may make it. Everything it writes through `tx` is committed when the handler succeeds.
pub struct Call<B = (), Q = NoQuery> {
    pub app: App,
    pub tx: Tx,
    pub caller: Caller,
    /// The moment the request arrived; the only clock of the handler.
    pub now: Timestamp,
    pub request_id: String,
    /// The network address the gateway saw.
    pub source_ip: Option<String>,
    pub body: B,
    pub query: Q,
    pub paging: Paging,
    /// What is asked of the fields of a list.
    pub filters: Filters,
    path: BTreeMap<&'static str, String>,
    headers: HeaderMap,
}

impl<B: DeserializeOwned + JsonSchema, Q: DeserializeOwned + JsonSchema> Call<B, Q> {
    /// Paged endpoints take the parameters of lists, and those with fields their filters; to the others those are as unknown as any.
    pub(crate) fn from_parts(parts: Parts, listing: Listing) -> Result<Self, Failure> {
        let mut faults = Vec::new();
        let parameters = body::parameters(&parts.query, &mut faults);
        let (paging, rest) = match listing.paged {
            true => Paging::read(parameters, &mut faults),
            false => (Paging::default(), parameters),
        };
        let (filters, rest) = Filters::read(listing.fields, rest, &mut faults);
        let query = body::query::<Q>(&rest, &mut faults);
        let body = body::json::<B>(&parts.body, &mut faults);
        match (body, query) {
            (Some(body), Some(query)) if faults.is_empty() => Ok(Self {
                app: parts.app,
                tx: parts.tx,
                caller: parts.caller,
                now: parts.now,
                request_id: parts.request_id,
                source_ip: parts.source_ip,
                body,
                query,
                paging,
                filters,
                path: parts.path,
                headers: parts.headers,
            }),
            _ => Err(Failure::Invalid(faults)),
        }
    }
}

impl<B, Q> Call<B, Q> {
    /// The body on its own, for handlers that take it apart.
    pub fn split(self) -> (Call<(), Q>, B) {
        let Self { app, tx, caller, now, request_id, source_ip, body, query, paging, filters, path, headers } = self;
        (Call { app, tx, caller, now, request_id, source_ip, body: (), query, paging, filters, path, headers }, body)
    }

    /// From where relative moments and `me` are seen: in the zone that is named, else the tenant's, which is looked up only where `filters`
    /// depend on it.
    ///
    /// # Errors
    /// `Invalid` for a zone that does not exist.
    pub async fn viewpoint(&self, filters: &Filters, zone: Option<&str>) -> Result<Viewpoint, Failure> {
        let zone = match zone {
            Some(name) => Viewpoint::zone(name)?,
            None if filters.is_relative() => {
                TimeZone::get(&tenants::get(&self.tx).await?.zone).unwrap_or(TimeZone::UTC)
            }
            None => TimeZone::UTC,
        };
        Ok(Viewpoint { now: self.now, zone, me: self.caller.subject.parse().ok() })
    }

    /// Notes in the audit log what became of a record: as people saw it before, and as they see it now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note<R: Record + Serialize>(&self, action: &str, before: &R, after: &R) -> Result<(), Failure> {
        self.note_with(action, before, after, json!({})).await
    }

    /// The same with more to be said of it now than the record shows: members of `more` stand beside its own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_with<R: Record + Serialize>(
        &self,
        action: &str,
        before: &R,
        after: &R,
        more: Value,
    ) -> Result<(), Failure> {
        let (id, before, mut after) = (after.id(), json!(before), json!(after));
        if let (Value::Object(after), Value::Object(more)) = (&mut after, more) {
            after.extend(more);
        }
        self.audit(AuditEntry { action, record: R::NAME, id, before: Some(before), after: Some(after) }).await
    }

    /// Notes a new record.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_new<R: Record + Serialize>(&self, record: &R) -> Result<(), Failure> {
        let after = Some(json!(record));
        self.audit(AuditEntry { action: "create", record: R::NAME, id: record.id(), before: None, after }).await
    }

    /// Notes a record that is gone.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_gone<R: Record + Serialize>(&self, record: &R) -> Result<(), Failure> {
        let before = Some(json!(record));
        self.audit(AuditEntry { action: "delete", record: R::NAME, id: record.id(), before, after: None }).await
    }

    /// Writes a line of the audit log about what is no [`Record`].
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit(&self, entry: AuditEntry<'_>) -> Result<(), Failure> {
        self.audit_all(vec![entry]).await
    }

    pub(super) async fn audit_all(&self, entries: Vec<AuditEntry<'_>>) -> Result<(), Failure> {
        audit::insert(&self.tx, entries, &self.actor(), Some(&self.request_id), self.now).await
    }

    /// Passes unless the caller edited a version that is no longer current (`If-Match`).
    ///
    /// # Errors
    /// `Stale` with the current version; `Invalid` when the header is not an ETag of ours.
    pub fn if_current(&self, current: i64) -> Result<(), Failure> {
        match self.if_match()? {
            Some(version) if version != current => Err(Failure::Stale { current }),
            _ => Ok(()),
        }
    }

    /// Who calls, as the audit log names them.
    pub fn actor(&self) -> Actor {
        Actor { kind: self.caller.kind_name(), subject: self.caller.subject.clone() }
    }

    /// A header, where it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The id in the path under `{name}`.
    ///
    /// # Errors
    /// `NotFound` when it is not a UUID: such a record cannot exist.
    pub fn id<T: From<Uuid>>(&self, name: &str) -> Result<T, Failure> {
        self.path
            .get(name)
            .and_then(|text| Uuid::try_parse(text).ok())
            .map(T::from)
            .ok_or_else(|| Failure::not_found("record"))
    }

    /// The version named by `If-Match`, when there is one.
    fn if_match(&self) -> Result<Option<i64>, Failure> {
        let Some(value) = self.headers.get("if-match") else { return Ok(None) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(None);
        }
        text.trim_start_matches("W/").trim_matches('"').parse().map(Some).map_err(|_| {
            Failure::invalid("If-Match", "format", "Send the ETag of the record as you read it, for example \"3\".")
        })
    }
}
