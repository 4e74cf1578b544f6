//! What the changes of many records share, besides the records: which are meant, lines in the audit log, and the token that undoes it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use super::body;
use super::call::Call;
use crate::failure::{Failure, Fault};
use crate::flows::bulk::{MOST, Outcome, Versions};
use crate::secrets::{random_token, token_hash};
use crate::store::audit::AuditEntry;
use crate::store::bulk::{self, NewChange};
use crate::views::bulk::{Bulk, BulkView, ChangedView, Meant, UndoView};
use crate::views::filters::{Field, Filters, Viewpoint};
use crate::views::leads::LeadView;
use crate::views::record::Record;

/// How long a change can be undone.
const UNDO: SignedDuration = SignedDuration::from_mins(10);

/// The query of a list, apart from its address.
pub struct ListQuery<F> {
    pub plain: F,
    pub filters: Filters,
    /// Where days begin, as the list was asked.
    zone: Option<String>,
}

impl<F: DeserializeOwned + JsonSchema> ListQuery<F> {
    /// Reads it as the list itself does; faults point into `pointer`.
    fn read(text: &str, fields: &'static [Field], pointer: &str, faults: &mut Vec<Fault>) -> Option<Self> {
        let mut found = Vec::new();
        let parameters = body::parameters(text, &mut found);
        let (filters, rest) = Filters::read(fields, parameters, &mut found);
        // How the list is shown says nothing about what is in it.
        let shown = ["page", "limit", "sort", "cursor"];
        let rest: Vec<(String, String)> =
            rest.into_iter().filter(|(name, _)| !shown.contains(&name.as_str())).collect();
        let zone = rest.iter().find(|(name, _)| name == "zone").map(|(_, zone)| zone.clone());
        let plain = body::query::<F>(&rest, &mut found);
        let whole = found.is_empty();
        faults.extend(found.into_iter().map(|fault| Fault { pointer: format!("{pointer}{}", fault.pointer), ..fault }));
        plain.filter(|_| whole).map(|plain| Self { plain, filters, zone })
    }
}

impl<C> Call<Bulk<C>> {
    /// What is meant, and in which versions: ids as they were sent, or what `find` makes of the list's query. What changes between finding
    /// and locking may pass the filter no longer, so that found records count in the versions they were found in. Faults are those of the
    /// body so far.
    ///
    /// # Errors
    /// `Invalid` with every fault; `Conflict` when another number of records passes the filter than was expected.
    pub async fn meant<F, I>(
        &self,
        fields: &'static [Field],
        check: impl FnOnce(Vec<Fault>) -> Result<(), Failure>,
        find: impl AsyncFnOnce(ListQuery<F>, Viewpoint) -> Result<Option<Vec<(I, i64)>>, Failure>,
    ) -> Result<(Vec<I>, Versions), Failure>
    where
        F: DeserializeOwned + JsonSchema,
        I: From<Uuid> + Into<Uuid> + Copy,
    {
        let mut faults = Vec::new();
        let meant = self.body.meant(&mut faults);
        let query = match &meant {
            Some(Meant::Passing(text, _)) => ListQuery::read(text, fields, "/filter", &mut faults),
            _ => None,
        };
        check(faults)?;
        let (query, expected) = match (meant, query) {
            (Some(Meant::These(ids)), _) => {
                return Ok((ids.into_iter().map(I::from).collect(), self.body.versions.clone()));
            }
            (Some(Meant::Passing(_, expected)), Some(query)) => (query, expected),
            _ => return Err(Failure::internal("a query without faults that could not be read")),
        };
        let view = self.viewpoint(&query.filters, query.zone.as_deref()).await.map_err(|bad| bad.below("/filter"))?;
        let found = find(query, view).await.map_err(|bad| bad.below("/filter"))?;
        let count = found.as_ref().and_then(|ids| i64::try_from(ids.len()).ok());
        match found {
            Some(found) if count == Some(expected) => {
                let mut versions: Versions = found.iter().map(|(id, version)| ((*id).into(), *version)).collect();
                versions.extend(&self.body.versions);
                Ok((found.into_iter().map(|(id, _)| id).collect(), versions))
            }
            _ => Err(Failure::Conflict {
                code: "count_changed",
                detail: match count {
                    Some(count) => format!("{count} records pass the filter now. Look at the list again."),
                    None => format!("More than {MOST} records pass the filter now. Look at the list again."),
                },
                matches: Some(json!([{"expected": expected, "found": count}])),
            }),
        }
    }
}

impl<B, Q> Call<B, Q> {
    /// Notes what was changed, keeps what undoes it, and answers.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn changed_together<R, S, V>(&self, outcome: Outcome<R, S>) -> Result<BulkView, Failure>
    where
        V: Record + Serialize + From<R>,
        S: Serialize,
    {
        let records = json!(outcome.undo);
        let mut view = self.noted_together::<R, S, V>("bulk_update", outcome).await?;
        if view.changed.is_empty() {
            return Ok(view);
        }
        let (token, id) = (random_token()?, self.app.new_id());
        let expires_at = self.now.checked_add(UNDO).map_err(Failure::internal)?;
        let hash = token_hash(&token);
        let actor = &self.caller.subject;
        let change = NewChange { id, record: V::NAME, token_hash: hash, actor, records, expires_at };
        bulk::insert(&self.tx, &change, self.now).await?;
        view.undo = Some(UndoView { token, expires_at });
        Ok(view)
    }

    /// Notes what was changed, and answers.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn noted_together<R, S, V>(&self, action: &str, outcome: Outcome<R, S>) -> Result<BulkView, Failure>
    where
        V: Record + Serialize + From<R>,
    {
        let mut changed = Vec::with_capacity(outcome.changed.len());
        let mut entries = Vec::with_capacity(outcome.changed.len() + outcome.leads.len());
        for (before, after) in outcome.changed {
            let (before, after) = (V::from(before), V::from(after));
            changed.push(ChangedView { id: after.id(), version: after.version() });
            entries.push(entry(action, &before, &after));
        }
        for (before, after) in outcome.leads {
            entries.push(entry(action, &LeadView::from(before), &LeadView::from(after)));
        }
        self.audit_all(entries).await?;
        let skipped = outcome.skipped.into_iter().map(Into::into).collect();
        Ok(BulkView { changed, unchanged: outcome.unchanged, skipped, undo: None })
    }
}

fn entry<'a, V: Record + Serialize>(action: &'a str, before: &V, after: &V) -> AuditEntry<'a> {
    let (was, is) = (Some(json!(before)), Some(json!(after)));
    AuditEntry { action, record: V::NAME, id: after.id(), before: was, after: is }
}

/// The versions of records after a change, for undoing it.
pub fn versions<S>(records: &[bulk::Undo<S>], id: impl Fn(&S) -> Uuid) -> BTreeMap<Uuid, i64> {
    records.iter().map(|record| (id(&record.before), record.version)).collect()
}
