//! Opens a deal for a lead, a company or both, in the first stage of a pipeline or another open one.
//!
//! What is not said is the pipeline's: value and currency. A lead in the pool stays there, since only routing takes it out. Refuses
//! leads, companies, owners, pipelines and stages that do not exist, stages that are won or lost, and people whose data were erased.

use std::process::ExitCode;

use shared::domain::ids::DealId;
use shared::http::{self, Call, Created};
use shared::store::deals::{self, Passage, write};
use shared::store::leads::lock;
use shared::store::pipelines::{self, Stage};
use shared::views::deals::DealView;
use shared::views::deals_input::NewDeal;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::post(["/api/v1/deals", "/api/v1/crm/deals"], Scope::DealsWrite, handle)
}

async fn handle(call: Call<NewDeal>) -> Result<Created<DealView>, Failure> {
    let (lead, pipeline_id, stage_id) = (call.body.lead_id, call.body.pipeline_id, call.body.stage_id);
    let pipeline = match pipelines::get(&call.tx, pipeline_id).await {
        Ok(pipeline) => Some(pipeline),
        Err(Failure::NotFound(_)) => None,
        Err(failure) => return Err(failure),
    };
    let facts = call.body.clone().check(pipeline.as_ref())?;
    write::check_links(&call.tx, facts.company, facts.owner).await?;
    if let Some(lead) = lead {
        let locked = lock::lock(&call.tx, &[lead]).await?.pop();
        let locked = locked.ok_or_else(|| Failure::invalid("/lead_id", "unknown_value", "There is no such lead."))?;
        if locked.flags.anonymized {
            return Err(Failure::conflict("anonymized", "This person's data were erased. Choose another lead."));
        }
    }
    let stage = match stage_id {
        Some(stage) => {
            open(pipelines::find_stage(&call.tx, stage).await?.filter(|stage| stage.pipeline == pipeline_id))?
        }
        None => pipelines::first_stage(&call.tx, pipeline_id).await?.ok_or_else(|| {
            Failure::conflict("no_open_stage", "This pipeline has no stage in which a deal can begin. Add one first.")
        })?,
    };

    let beside = call.beside(lead).await?;
    let id = DealId(call.app.new_id());
    let deal = write::insert(&call.tx, id, lead, &stage, &facts, call.now).await?;
    let passage = Passage { deal: id, from: None, to: stage.id, by: &call.caller.subject, reason: None };
    deals::insert_stage_history(&call.tx, call.app.new_id(), &passage, call.now).await?;
    if let Some(lead) = lead {
        deals::follow_lead(&call.tx, lead, &deal, call.now).await?;
    }
    let value = DealView::from(deal);
    call.note_new(&value).await?;
    call.note_beside("update", id, beside).await?;
    Ok(Created::of(value))
}

/// A deal begins where it can still be won.
fn open(stage: Option<Stage>) -> Result<Stage, Failure> {
    match stage {
        Some(stage) if stage.won || stage.lost => {
            let detail = "A deal begins in a stage that is neither won nor lost; close it afterwards.";
            Err(Failure::invalid("/stage_id", "not_allowed", detail))
        }
        Some(stage) => Ok(stage),
        None => Err(Failure::invalid("/stage_id", "unknown_value", "There is no such stage in this pipeline.")),
    }
}
