//! A person decides: which pipeline, who, and why; or back to the pool.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing::error_span;

use super::DueTask;
use crate::app::App;
use crate::domain::ids::{DealId, DecisionId, LeadId, MemberId, PipelineId, TaskId};
use crate::domain::routing::{DecisionInputs, ManualChoice, decide_by_hand, follow_up_due};
use crate::failure::Failure;
use crate::flows::deals::stand;
use crate::flows::texts;
use crate::store::deals::{self, Move, Place};
use crate::store::event_path::LoadedLead;
use crate::store::leads::lock;
use crate::store::routing::{self as store, Decision, LockedMember, NewTask, Placement, Target};
use crate::store::{Tx, pipelines, team};
use crate::telemetry::step;

/// What the person chose.
#[derive(Debug, Clone)]
pub struct Choice {
    /// None: back to the pool.
    pub pipeline: Option<PipelineId>,
    pub owner: Option<MemberId>,
    pub reason: Option<String>,
    /// The member who decides, when the caller is one.
    pub by: Option<MemberId>,
    /// The caller as the histories name them.
    pub actor: String,
}

/// Carries the choice out in this transaction: a lead without an open deal gets one in the first stage; one with an open deal takes
/// it along, and stays in its stage where the pipeline is the same; back in the pool, the deal ends as lost. People may exceed an owner's capacity; the machine may not.
///
/// # Errors
/// `NotFound` for the lead; `Conflict` where its data were erased; `Invalid` naming an unknown pipeline or owner.
pub async fn route_by_hand(
    app: &App,
    tx: &Tx,
    lead: LeadId,
    choice: Choice,
    now: Timestamp,
) -> Result<(Decision, Vec<DueTask>), Failure> {
    let tenant = app.rules().get(tx).await?;
    let locked = step(error_span!("lock_lead", %lead), lock::lock_one(tx, lead)).await?;
    if locked.flags.anonymized {
        return Err(Failure::conflict("anonymized", "This person's data were erased. Choose another lead."));
    }
    let members = store::lock_members(tx).await?;
    let target = match choice.pipeline {
        Some(pipeline) => Some(target(store::list_pipelines(tx).await?, pipeline)?),
        None => None,
    };
    check_owner(&members, choice.owner)?;

    let inputs = DecisionInputs::of(&tenant.rules, &locked.state, locked.flags, now);
    let working_days = inputs.config.follow_up_working_days;
    let manual = ManualChoice {
        decided_by: choice.by,
        pipeline_id: choice.pipeline,
        owner_id: choice.owner,
        reason: choice.reason.clone(),
    };
    let record = decide_by_hand(inputs, manual);
    let id = DecisionId(app.new_id());
    let mut tasks = Vec::new();
    let deal = match target {
        None => {
            let reason = choice.reason.as_deref().unwrap_or("returned to the pool");
            if let Some(deal) = locked.deal {
                end(app, tx, deal, reason, &choice.actor, now).await?;
            }
            store::return_to_pool(tx, lead, now).await?;
            None
        }
        Some(target) => {
            let name = locked.state.profile.display_name();
            let deal = put(app, tx, &locked, &name, target, &choice, now).await?;
            let zone = TimeZone::get(&tenant.tenant.zone).unwrap_or(TimeZone::UTC);
            let language = &tenant.tenant.language;
            tasks.push(NewTask {
                id: TaskId(app.new_id()),
                title: texts::follow_up_title(language, &name),
                description: Some(texts::explanation(language, &record)),
                kind: "follow_up",
                priority: "normal",
                due_at: follow_up_due(now, working_days, &zone),
                owner: choice.owner,
                lead,
                deal: Some(deal),
                cause: format!("decision:{id}"),
            });
            Some(deal)
        }
    };
    // What earlier decisions asked for no longer needs doing.
    store::cancel_tasks_of_lead(tx, lead, now).await?;
    store::insert_tasks(tx, &tasks, now).await?;
    if let Some(owner) = choice.owner {
        store::note_assignments(tx, &[(owner, now)]).await?;
    }
    let decision = Decision { id, lead, deal, record: Arc::new(record) };
    store::insert_decisions(tx, std::slice::from_ref(&decision), &choice.actor, now).await?;
    let due = tasks.iter().map(|task| (task.id, tx.tenant(), task.due_at)).collect();
    Ok((decision, due))
}

/// Ends the open deal of a lead that goes back to the pool, as closing it as lost does: in its pipeline's lost stage, if there is one.
async fn end(app: &App, tx: &Tx, deal: DealId, reason: &str, by: &str, now: Timestamp) -> Result<(), Failure> {
    let lost = pipelines::closing_stage(tx, deal, "lost").await?;
    let present = deals::get(tx, deal).await?;
    let into = lost.map_or(present.stage, |stage| stage.id);
    let (before, stage) = deals::lock_for_move(tx, deal, into).await?;
    if before.status != "open" {
        return Ok(());
    }
    let to = match stage.filter(|stage| stage.lost && stage.pipeline == before.pipeline) {
        Some(stage) => {
            let top = deals::position(tx, &stage, deal, Place::Index(0)).await?;
            let position = top.ok_or_else(|| Failure::internal("a stage without a top"))?;
            Move::of(&before, &stage, position, Some(reason), now)
        }
        None => Move::lost_in_place(&before, reason, now),
    };
    stand(app, tx, &before, &to, (by, Some(reason)), now).await?;
    Ok(())
}

async fn put(
    app: &App,
    tx: &Tx,
    lead: &LoadedLead,
    name: &str,
    target: Target,
    choice: &Choice,
    now: Timestamp,
) -> Result<DealId, Failure> {
    let deal_name = format!("{name} – {}", target.name);
    let mut placement = Placement {
        lead: lead.id,
        deal: DealId(app.new_id()),
        deal_name,
        history: app.new_id(),
        target,
        owner: choice.owner,
    };
    if let (Some(deal), Some(pipeline)) = (lead.deal, lead.pipeline) {
        let new = std::mem::replace(&mut placement.deal, deal);
        let done = match lead.stage.filter(|_| pipeline == placement.target.id) {
            Some(stage) => store::keep_placed(tx, &placement, stage, now).await?,
            None => store::move_placed(tx, &placement, lead.stage, &choice.actor, now).await?,
        };
        if done {
            return Ok(deal);
        }
        // It was won or lost meanwhile: what begins now is a new deal.
        placement.deal = new;
    }
    let deal = placement.deal;
    store::place(tx, &[placement], "person", &choice.actor, now).await?;
    Ok(deal)
}

fn target(targets: Vec<Target>, pipeline: PipelineId) -> Result<Target, Failure> {
    targets.into_iter().find(|target| target.id == pipeline).ok_or_else(|| {
        Failure::invalid(
            "/pipeline_id",
            "unknown_value",
            "There is no such pipeline, or it has no open stage to begin in.",
        )
    })
}

fn check_owner(members: &[LockedMember], owner: Option<MemberId>) -> Result<(), Failure> {
    let Some(owner) = owner else { return Ok(()) };
    match members.iter().any(|member| member.id == owner && member.active) {
        true => Ok(()),
        false => Err(Failure::Invalid(vec![team::not_an_owner()])),
    }
}
