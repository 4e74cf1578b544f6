//! How each kind of record becomes what it was before a change of many.

use serde::de::DeserializeOwned;
use shared::domain::ids::{DealId, LeadId, MemberId, StageId, TaskId};
use shared::flows::bulk::{self, By, Refusal, Stages};
use shared::http::{self, Call};
use shared::store::bulk::{Change, DealState, Followed, LeadState, TaskState, Undo};
use shared::store::deals::Deal;
use shared::views::bulk::{BulkUndo, BulkView};
use shared::views::deals::DealView;
use shared::views::leads::LeadView;
use shared::views::tasks::TaskView;
use shared::{Failure, Scope, store};

const ACTION: &str = "bulk_undo";

fn records<S: DeserializeOwned>(change: &Change) -> Result<Vec<Undo<S>>, Failure> {
    serde_json::from_value(change.records.clone()).map_err(Failure::internal)
}

/// What a record was, by what it is.
fn was<S: Clone>(records: &[Undo<S>], is: impl Fn(&S) -> bool) -> Result<S, Refusal> {
    let found = records.iter().map(|record| &record.before).find(|before| is(before)).cloned();
    found.ok_or_else(|| Refusal::new("not_found", "There is no such record."))
}

/// Passes a record that goes back to somebody who may still own it, or stays whose it is.
fn owned(was: Option<MemberId>, is: Option<MemberId>, owners: &[MemberId]) -> Result<(), Refusal> {
    match was {
        Some(owner) if Some(owner) != is && !owners.contains(&owner) => {
            Err(Refusal::new("owner_gone", "Who owned this record is no longer there, or may own none now."))
        }
        _ => Ok(()),
    }
}

/// Those of the former owners who may own records.
async fn owners<S>(
    call: &Call<BulkUndo>,
    records: &[Undo<S>],
    owner: impl Fn(&S) -> Option<MemberId>,
) -> Result<Vec<MemberId>, Failure> {
    let members: Vec<MemberId> = records.iter().filter_map(|record| owner(&record.before)).collect();
    store::bulk::owners(&call.tx, &members).await
}

/// Leads become what they were.
pub async fn leads(call: &Call<BulkUndo>, change: &Change) -> Result<BulkView, Failure> {
    let records: Vec<Undo<LeadState>> = records(change)?;
    let ids: Vec<LeadId> = records.iter().map(|record| record.before.id).collect();
    let versions = http::versions(&records, |before| before.id.0);
    let owners = owners(call, &records, |before| before.owner_id).await?;
    let decide = |lead: &store::leads::Lead| {
        let before = was(&records, |before| before.id == lead.id)?;
        owned(before.owner_id, lead.owner, &owners).map(|()| before)
    };
    let outcome = bulk::leads(&call.tx, &ids, &versions, decide, call.now).await?;
    call.noted_together::<_, _, LeadView>(ACTION, outcome).await
}

/// Tasks become what they were.
pub async fn tasks(call: &Call<BulkUndo>, change: &Change) -> Result<BulkView, Failure> {
    call.caller.need(Scope::TasksWrite)?;
    let records: Vec<Undo<TaskState>> = records(change)?;
    let ids: Vec<TaskId> = records.iter().map(|record| record.before.id).collect();
    let versions = http::versions(&records, |before| before.id.0);
    let owners = owners(call, &records, |before| before.owner_id).await?;
    let decide = |task: &store::tasks::Task| {
        let before = was(&records, |before| before.id == task.id)?;
        owned(before.owner_id, task.owner, &owners).map(|()| before)
    };
    let outcome = bulk::tasks(&call.tx, &ids, &versions, decide, call.now).await?;
    call.noted_together::<_, _, TaskView>(ACTION, outcome).await
}

/// Deals become what they were, and the leads that followed them with them.
pub async fn deals(call: &Call<BulkUndo>, change: &Change) -> Result<BulkView, Failure> {
    call.caller.need(Scope::DealsWrite)?;
    let records: Vec<Undo<DealState>> = records(change)?;
    let ids: Vec<DealId> = records.iter().map(|record| record.before.id).collect();
    let versions = http::versions(&records, |before| before.id.0);
    let into: Vec<StageId> = records.iter().map(|record| record.before.stage_id).collect();
    let owners = owners(call, &records, |before| before.owner_id).await?;
    let decide = |deal: &Deal, stages: &mut Stages| {
        let before = was(&records, |before| before.id == deal.id)?;
        owned(before.owner_id, deal.owner, &owners)?;
        // Nobody moved it: where it was put among the others since, it stays.
        if deal.stage == before.stage_id && deal.status == before.status {
            return Ok(DealState { position: deal.position, ..before });
        }
        match stages.find(before.stage_id) {
            Some(stage) if bulk::status(stage) != before.status => {
                Err(Refusal::new("stage_changed", "The stage it stood in is for deals of another kind now."))
            }
            Some(_) => Ok(before),
            None => Err(Refusal::new("no_stage", "The stage it stood in was deleted.")),
        }
    };
    let known: Vec<Followed> = records.iter().filter_map(|record| record.lead.clone()).collect();
    let by = By { subject: &call.caller.subject, reason: None, known: &known };
    let outcome = bulk::deals(&call.tx, &ids, &into, &versions, decide, by, call.now).await?;
    call.noted_together::<_, _, DealView>(ACTION, outcome).await
}
