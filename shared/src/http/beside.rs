//! What a call changes beside the record that it is about: the leads it touches, with their deals and tasks. They are read before and
//! after, and each that is another now gets a line of its own in the audit log.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join3;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::Call;
use crate::domain::ids::{DealId, LeadId, TaskId};
use crate::failure::Failure;
use crate::store::audit::AuditEntry;
use crate::store::{Tx, deals, leads, tasks};
use crate::views::deals::DealView;
use crate::views::leads::LeadView;
use crate::views::record::Record;
use crate::views::tasks::TaskView;

/// Leads with their deals and tasks, as they were.
pub struct Beside {
    leads: Vec<LeadId>,
    records: Records,
}

/// By kind and id: the version, and what people see.
type Records = BTreeMap<(&'static str, Uuid), (i64, Value)>;

impl<B, Q> Call<B, Q> {
    /// How things stand beside what this call is about. The leads are locked by now, so that nobody else changes them meanwhile.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn beside(&self, leads: impl IntoIterator<Item = LeadId>) -> Result<Beside, Failure> {
        let leads: Vec<LeadId> = leads.into_iter().collect();
        let records = read(&self.tx, &leads, &[], &[]).await?;
        Ok(Beside { leads, records })
    }

    /// Notes what is different now, apart from the record `about`, which the call notes itself. What is new or gone is noted as
    /// `create` and `delete`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_beside(&self, action: &str, about: impl Into<Uuid>, before: Beside) -> Result<(), Failure> {
        let Beside { leads, records: mut before } = before;
        let ids = |name| before.keys().filter(move |(kind, _)| *kind == name).map(|(_, id)| *id);
        let (deals, tasks): (Vec<DealId>, Vec<TaskId>) =
            (ids(DealView::NAME).map(DealId).collect(), ids(TaskView::NAME).map(TaskId).collect());
        let mut after = read(&self.tx, &leads, &deals, &tasks).await?;
        let about = about.into();
        let keys: BTreeSet<(&'static str, Uuid)> =
            before.keys().chain(after.keys()).filter(|(_, id)| *id != about).copied().collect();
        let entry = |(record, id)| {
            let (action, before, after) = match (before.remove(&(record, id)), after.remove(&(record, id))) {
                (Some((old, _)), Some((new, _))) if old == new => return None,
                (Some((_, before)), Some((_, after))) => (action, Some(before), Some(after)),
                (None, after) => ("create", None, after.map(|(_, after)| after)),
                (before, None) => ("delete", before.map(|(_, before)| before), None),
            };
            Some(AuditEntry { action, record, id, before, after })
        };
        let entries: Vec<AuditEntry<'_>> = keys.into_iter().filter_map(entry).collect();
        self.audit_all(entries).await
    }
}

/// The leads, and the deals and tasks that are theirs or named: what goes to another lead, or to none, is still found.
async fn read(tx: &Tx, leads: &[LeadId], deals: &[DealId], tasks: &[TaskId]) -> Result<Records, Failure> {
    if leads.is_empty() {
        return Ok(Records::new());
    }
    let (leads, deals, tasks) = try_join3(
        leads::list_by_id(tx, leads),
        deals::list_of_leads(tx, leads, deals),
        tasks::list_of_leads(tx, leads, tasks),
    )
    .await?;
    let mut records = Records::new();
    records.extend(leads.into_iter().map(|lead| seen(&LeadView::from(lead))));
    records.extend(deals.into_iter().map(|deal| seen(&DealView::from(deal))));
    records.extend(tasks.into_iter().map(|task| seen(&TaskView::from(task))));
    Ok(records)
}

fn seen<R: Record + Serialize>(view: &R) -> ((&'static str, Uuid), (i64, Value)) {
    ((R::NAME, view.id()), (view.version(), json!(view)))
}
