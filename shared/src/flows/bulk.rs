//! Many records changed together, and the same undone: locks in everybody's order, and a number of statements that does not depend on how
//! many records there are.
//!
//! What cannot be changed is left alone and named; all others are changed. Undoing is the same with another aim: each record becomes what it
//! was, if nobody changed it since.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::ids::{DealId, LeadId, StageId, TaskId};
use crate::failure::Failure;
use crate::store::Tx;
use crate::store::bulk::{self, DealState, Followed, LeadState, TaskState};
use crate::store::deals::{self, Deal, Move, Passage};
use crate::store::leads::{self, Lead, LeadStatus};
use crate::store::pipelines::{self, Stage};
use crate::store::tasks::{self, Task};

/// The most records of one change.
pub const MOST: i64 = 500;

/// How far above the first deal of a stage the next one is put.
const STEP: f64 = 1000.0;

/// Why a record is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: &'static str,
    pub detail: String,
}

impl Refusal {
    /// With what can be done about it.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    fn changed(version: i64) -> Self {
        Self::new("changed", format!("Somebody changed this record; its version is {version} now."))
    }
}

/// A record that was left alone.
#[derive(Debug)]
pub struct Skipped {
    pub id: Uuid,
    pub refusal: Refusal,
}

/// What became of the records.
#[derive(Debug)]
pub struct Outcome<R, S> {
    /// Each before and after.
    pub changed: Vec<(R, R)>,
    /// What undoes it: each record as it was.
    pub undo: Vec<bulk::Undo<S>>,
    /// They are so already.
    pub unchanged: usize,
    pub skipped: Vec<Skipped>,
    /// Leads that followed their deals, before and after.
    pub leads: Vec<(Lead, Lead)>,
}

/// The versions the caller knows, for those records that must not have changed since.
pub type Versions = BTreeMap<Uuid, i64>;

/// A record that is changed together with others.
trait Shared {
    type State: PartialEq + Clone;
    fn id(&self) -> Uuid;
    fn version(&self) -> i64;
    fn state(&self) -> Self::State;
}

macro_rules! shared {
    ($($record:ty => $state:ident),*) => {
        $(impl Shared for $record {
            type State = $state;
            fn id(&self) -> Uuid {
                self.id.into()
            }
            fn version(&self) -> i64 {
                self.version
            }
            fn state(&self) -> $state {
                $state::of(self)
            }
        })*
    };
}

shared!(Lead => LeadState, Deal => DealState, Task => TaskState);

/// What is to become of locked records.
struct Plan<R: Shared> {
    before: BTreeMap<Uuid, R>,
    states: Vec<R::State>,
    unchanged: usize,
    skipped: Vec<Skipped>,
}

impl<R: Shared> Plan<R> {
    fn of(
        ids: impl Iterator<Item = Uuid>,
        locked: Vec<R>,
        versions: &Versions,
        mut decide: impl FnMut(&R) -> Result<R::State, Refusal>,
    ) -> Self {
        let mut plan = Self { before: BTreeMap::new(), states: Vec::new(), unchanged: 0, skipped: Vec::new() };
        let mut found: BTreeMap<Uuid, R> = locked.into_iter().map(|record| (record.id(), record)).collect();
        let mut ids: Vec<Uuid> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let decided = match found.get(&id) {
                None => Err(Refusal::new("not_found", "There is no such record.")),
                Some(record) if versions.get(&id).is_some_and(|known| *known != record.version()) => {
                    Err(Refusal::changed(record.version()))
                }
                Some(record) => decide(record).map(|state| (state != record.state()).then_some(state)),
            };
            match decided {
                Err(refusal) => plan.skipped.push(Skipped { id, refusal }),
                Ok(None) => plan.unchanged += 1,
                Ok(Some(state)) => {
                    plan.states.push(state);
                    plan.before.extend(found.remove_entry(&id));
                }
            }
        }
        plan
    }

    fn ids<I: From<Uuid>>(&self) -> Vec<I> {
        self.before.keys().map(|id| I::from(*id)).collect()
    }

    /// With the records as they are now.
    fn done(self, after: Vec<R>) -> Outcome<R, R::State> {
        let Self { mut before, unchanged, skipped, .. } = self;
        let pairs = after.into_iter().filter_map(|now| Some((before.remove(&now.id())?, now)));
        let changed: Vec<(R, R)> = pairs.collect();
        let undo = changed.iter().map(|(before, after)| bulk::Undo {
            version: after.version(),
            before: before.state(),
            lead: None,
        });
        Outcome { undo: undo.collect(), changed, unchanged, skipped, leads: Vec::new() }
    }
}

/// Changes leads.
///
/// # Errors
/// When the database does not answer.
pub async fn leads(
    tx: &Tx,
    ids: &[LeadId],
    versions: &Versions,
    mut decide: impl FnMut(&Lead) -> Result<LeadState, Refusal>,
    now: Timestamp,
) -> Result<Outcome<Lead, LeadState>, Failure> {
    bulk::lock_leads(tx, ids).await?;
    let locked = leads::list_by_id(tx, ids).await?;
    let erased = Refusal::new("anonymized", "This person's data were erased.");
    let plan = Plan::of(ids.iter().map(|id| id.0), locked, versions, |lead| match lead.status {
        LeadStatus::Anonymized => Err(erased.clone()),
        _ => decide(lead),
    });
    if plan.states.is_empty() {
        return Ok(plan.done(Vec::new()));
    }
    bulk::set_leads(tx, &plan.states, now).await?;
    let after = leads::list_by_id(tx, &plan.ids::<LeadId>()).await?;
    Ok(plan.done(after))
}

/// Changes tasks. What is due at another moment is reminded of by the sweep.
///
/// # Errors
/// When the database does not answer.
pub async fn tasks(
    tx: &Tx,
    ids: &[TaskId],
    versions: &Versions,
    decide: impl FnMut(&Task) -> Result<TaskState, Refusal>,
    now: Timestamp,
) -> Result<Outcome<Task, TaskState>, Failure> {
    let locked = tasks::lock_many(tx, ids).await?;
    let plan = Plan::of(ids.iter().map(|id| id.0), locked, versions, decide);
    if plan.states.is_empty() {
        return Ok(plan.done(Vec::new()));
    }
    bulk::set_tasks(tx, &plan.states, now).await?;
    let after = tasks::list_of_leads(tx, &[], &plan.ids::<TaskId>()).await?;
    Ok(plan.done(after))
}

/// What deals are that stand in a stage.
pub fn status(stage: &Stage) -> &'static str {
    match (stage.won, stage.lost) {
        (true, _) => "won",
        (_, true) => "lost",
        _ => "open",
    }
}

/// Stages into which deals are moved, locked, with room on top of each.
pub struct Stages {
    stages: BTreeMap<StageId, Stage>,
    tops: BTreeMap<StageId, f64>,
}

impl Stages {
    /// A stage; none that was deleted.
    pub fn find(&self, id: StageId) -> Option<&Stage> {
        self.stages.get(&id)
    }

    /// The deal closed, in the stage of its pipeline that is for that.
    ///
    /// # Errors
    /// When it is closed already, or its pipeline has no such stage.
    pub fn close(
        &mut self,
        deal: &Deal,
        outcome: &str,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<DealState, Refusal> {
        if deal.status != "open" {
            let detail = format!("This deal is {} already. Move it to another stage to open it again.", deal.status);
            return Err(Refusal::new("closed", detail));
        }
        // As the stage is now that it is locked; it may have been for something else when it was chosen.
        let fits = |stage: &&Stage| stage.pipeline == deal.pipeline && status(stage) == outcome;
        let stage = self.stages.values().find(fits).map(|stage| stage.id);
        let Some(stage) = stage else {
            return Err(Refusal::new("no_closing_stage", format!("Its pipeline has no stage that is {outcome}.")));
        };
        self.enter(deal, stage, reason, now)
    }

    /// The deal on top of a stage; one that stands there already stays where it is.
    ///
    /// # Errors
    /// When the stage is gone.
    pub fn enter(
        &mut self,
        deal: &Deal,
        stage: StageId,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<DealState, Refusal> {
        let present = DealState::of(deal);
        if deal.stage == stage {
            return Ok(present);
        }
        let Some(stage) = self.stages.get(&stage) else {
            return Err(Refusal::new("no_stage", "The stage was deleted at this moment."));
        };
        if stage.lost && reason.is_none() {
            return Err(Refusal::new("lost_reason", "The stage became one that is lost. Say why the deal was lost."));
        }
        let top = self.tops.entry(stage.id).and_modify(|top| *top -= STEP).or_insert(0.0);
        let to = Move::of(deal, stage, *top, reason, now);
        Ok(DealState {
            pipeline_id: to.pipeline,
            stage_id: to.stage,
            position: to.position,
            status: to.status.to_owned(),
            closed_at: to.closed_at,
            lost_reason: to.lost_reason,
            ..present
        })
    }
}

/// Who changes deals, and why.
pub struct By<'a> {
    pub subject: &'a str,
    pub reason: Option<&'a str>,
    /// What leads were before the change that is undone.
    pub known: &'a [Followed],
}

/// Changes deals, of which some may go into these stages. Their leads follow.
///
/// # Errors
/// When the database does not answer.
pub async fn deals(
    tx: &Tx,
    ids: &[DealId],
    into: &[StageId],
    versions: &Versions,
    mut decide: impl FnMut(&Deal, &mut Stages) -> Result<DealState, Refusal>,
    by: By<'_>,
    now: Timestamp,
) -> Result<Outcome<Deal, DealState>, Failure> {
    let held = bulk::lock_leads_of_deals(tx, ids).await?;
    let mut stages = Stages { stages: BTreeMap::new(), tops: BTreeMap::new() };
    if !into.is_empty() {
        let locked = pipelines::lock_stages_for_move(tx, into).await?;
        stages.stages = locked.into_iter().map(|stage| (stage.id, stage)).collect();
        // The first one that is put there goes above what is there.
        stages.tops = bulk::tops(tx, into).await?;
    }
    let locked = deals::lock_many(tx, ids).await?;
    let plan = Plan::of(ids.iter().map(|id| id.0), locked, versions, |deal| match deal.lead {
        // It got another lead while its old one was locked.
        Some(lead) if !held.contains(&lead) => Err(Refusal::changed(deal.version)),
        _ => decide(deal, &mut stages),
    });
    if plan.states.is_empty() {
        return Ok(plan.done(Vec::new()));
    }
    let moved: Vec<&DealState> = plan
        .states
        .iter()
        .filter(|state| {
            plan.before.get(&state.id.0).is_some_and(|deal| deal.stage != state.stage_id || deal.status != state.status)
        })
        .collect();
    let passages: Vec<Passage<'_>> = moved
        .iter()
        .filter_map(|state| Some((plan.before.get(&state.id.0)?, state)))
        .filter(|(before, state)| before.stage != state.stage_id)
        .map(|(before, state)| Passage {
            deal: state.id,
            from: Some(before.stage),
            to: state.stage_id,
            by: by.subject,
            reason: by.reason,
        })
        .collect();
    let moved: Vec<DealId> = moved.iter().map(|state| state.id).collect();
    let mut following: Vec<LeadId> = moved.iter().filter_map(|id| plan.before.get(&id.0)?.lead).collect();
    following.sort_unstable();
    following.dedup();
    let leads_before = leads::list_by_id(tx, &following).await?;
    bulk::set_deals(tx, &plan.states, now).await?;
    bulk::insert_stage_history(tx, &passages, now).await?;
    let mut leads = Vec::new();
    if !following.is_empty() {
        bulk::follow_leads(tx, &following, &moved, by.known, now).await?;
        let mut before: BTreeMap<LeadId, Lead> = leads_before.into_iter().map(|lead| (lead.id, lead)).collect();
        for after in leads::list_by_id(tx, &following).await? {
            leads.extend(
                before.remove(&after.id).filter(|lead| lead.version != after.version).map(|lead| (lead, after)),
            );
        }
    }
    let after = deals::list_of_leads(tx, &[], &plan.ids::<DealId>()).await?;
    let mut outcome = plan.done(after);
    let mut followed: BTreeMap<LeadId, Followed> =
        leads.iter().map(|(before, after)| (before.id, Followed::of(before, after))).collect();
    for ((before, _), undo) in outcome.changed.iter().zip(&mut outcome.undo) {
        undo.lead = before.lead.and_then(|lead| followed.remove(&lead));
    }
    Ok(Outcome { leads, ..outcome })
}
