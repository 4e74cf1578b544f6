//! Deals: lists, and moving one through the stages of a board.

pub mod history;
pub mod write;

use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Tx;
use super::choice::{Between, Choice};
use super::pipelines::{self, Stage};
use super::sql::{Param, params, section, statements};
use super::window::Window;
use crate::domain::ids::{DealId, LeadId, MemberId, PipelineId, StageId};
use crate::domain::search::Words;
use crate::failure::Failure;

const SQL: &str = statements!(include_str!("deals.sql"));

/// Two deals closer than this get their whole stage renumbered before a third goes between them. Positions are around
/// 10^12, where neighbouring doubles are 0.0002 apart.
const SMALLEST_GAP: f64 = 0.01;

/// How far from the first or last deal a new first or last one is put.
const STEP: f64 = 1000.0;

/// A deal with the probability of its stage.
#[derive(Debug, Clone)]
pub struct Deal {
    pub id: DealId,
    pub name: String,
    pub lead: Option<LeadId>,
    pub contact: Option<Uuid>,
    pub company: Option<Uuid>,
    pub pipeline: PipelineId,
    pub stage: StageId,
    pub position: f64,
    pub owner: Option<MemberId>,
    pub value_minor: i64,
    pub currency: String,
    /// Per cent.
    pub probability: i32,
    pub expected_close_on: Option<Date>,
    /// `open`, `won`, `lost`.
    pub status: String,
    pub lost_reason: Option<String>,
    pub closed_at: Option<Timestamp>,
    pub source: Option<String>,
    pub campaign: Option<String>,
    /// Opened by the machine: such a deal always has a lead.
    pub routed: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
    /// What people call its lead, for cards.
    pub lead_name: Option<String>,
    pub lead_company: Option<String>,
    pub owner_name: Option<String>,
}

fn deal(row: &Row) -> Deal {
    Deal {
        id: row.get("id"),
        name: row.get("name"),
        lead: row.get("lead_id"),
        contact: row.get("contact_id"),
        company: row.get("company_id"),
        pipeline: row.get("pipeline_id"),
        stage: row.get("stage_id"),
        position: row.get("position"),
        owner: row.get("owner_id"),
        value_minor: row.get("value_minor"),
        currency: row.get("currency"),
        probability: row.get("probability"),
        expected_close_on: row.get("expected_close_on"),
        status: row.get("status"),
        lost_reason: row.get("lost_reason"),
        closed_at: row.get("closed_at"),
        source: row.get("source"),
        campaign: row.get("campaign"),
        routed: row.get::<_, &str>("origin") == "routing",
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        version: row.get("version"),
        lead_name: row.get("lead_name"),
        lead_company: row.get("lead_company"),
        owner_name: row.get("owner_name"),
    }
}

/// Which deals a list shows. What is absent does not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub pipeline: Choice<PipelineId>,
    pub stage: Choice<StageId>,
    pub owner: Choice<MemberId>,
    pub lead: Choice<LeadId>,
    pub company: Choice<Uuid>,
    pub status: Choice<String>,
    pub currency: Choice<String>,
    pub source: Choice<String>,
    pub campaign: Choice<String>,
    pub lost_reason: Choice<String>,
    pub min_value: Option<i64>,
    pub max_value: Option<i64>,
    pub created: Between<Timestamp>,
    pub updated: Between<Timestamp>,
    pub closed: Between<Timestamp>,
    pub close_on: Between<Date>,
    /// Opened by the machine.
    pub routed: Option<bool>,
    /// Without an open task.
    pub lacks_task: Option<bool>,
    /// Only these.
    pub ids: Option<Vec<DealId>>,
    /// Words that the name must contain, all of them.
    pub words: Option<Words>,
}

impl Filter {
    /// For `{filter}`; patterns as the words have them.
    fn params<'a>(&'a self, patterns: &'a Option<Vec<String>>) -> Vec<Param<'a>> {
        let mut list = Vec::with_capacity(41);
        self.pipeline.push(&mut list);
        self.stage.push(&mut list);
        self.owner.push(&mut list);
        self.lead.push(&mut list);
        self.company.push(&mut list);
        for texts in [&self.status, &self.currency, &self.source, &self.campaign, &self.lost_reason] {
            texts.push(&mut list);
        }
        list.extend_from_slice(params![self.min_value, self.max_value]);
        for between in [&self.created, &self.updated] {
            list.extend_from_slice(params![between.from, between.before]);
        }
        list.extend_from_slice(params![self.closed.from, self.closed.before, self.closed.empty]);
        list.extend_from_slice(params![self.close_on.from, self.close_on.before, self.close_on.empty]);
        list.extend_from_slice(params![self.routed, self.lacks_task, self.ids, *patterns]);
        list
    }

    fn patterns(&self) -> Option<Vec<String>> {
        self.words.as_ref().map(Words::patterns)
    }
}

/// The ids and versions of the deals that pass the filter, in their order: all of them, or none where there are more than `most`.
///
/// # Errors
/// When the database does not answer.
pub async fn ids(tx: &Tx, filter: &Filter, most: i64) -> Result<Option<Vec<(DealId, i64)>>, Failure> {
    let (patterns, up_to) = (filter.patterns(), most + 1);
    let mut list = filter.params(&patterns);
    list.extend_from_slice(params![up_to]);
    let rows = tx.query(const { section(SQL, "ids") }, &list).await?;
    let ids: Vec<(DealId, i64)> = rows.iter().map(|row| (row.get("id"), row.get("version"))).collect();
    Ok(i64::try_from(ids.len()).is_ok_and(|found| found <= most).then_some(ids))
}

/// What the values of deals in one currency come to, in its minor units.
#[derive(Debug, Clone)]
pub struct Values {
    pub currency: String,
    pub sum: i64,
    pub average: f64,
    pub least: i64,
    pub most: i64,
}

/// The values of all deals that pass the filter, by currency.
///
/// # Errors
/// When the database does not answer.
pub async fn aggregate(tx: &Tx, filter: &Filter) -> Result<Vec<Values>, Failure> {
    let patterns = filter.patterns();
    let rows = tx.query(const { section(SQL, "aggregate") }, &filter.params(&patterns)).await?;
    let values = |row: &Row| Values {
        currency: row.get("currency"),
        sum: row.get("sum"),
        average: row.get("avg"),
        least: row.get("min"),
        most: row.get("max"),
    };
    Ok(rows.iter().map(values).collect())
}

/// The deals of leads, and those named.
///
/// # Errors
/// When the database does not answer.
pub async fn list_of_leads(tx: &Tx, leads: &[LeadId], ids: &[DealId]) -> Result<Vec<Deal>, Failure> {
    let rows = tx.query(const { section(SQL, "list_of_leads") }, params![leads, ids]).await?;
    Ok(rows.iter().map(deal).collect())
}

/// A part of the deals that pass the filter, by `created_at`, `value_minor` or `expected_close_on`; only the newest first have a place to
/// go on from.
///
/// # Errors
/// When the database does not answer.
pub async fn list(tx: &Tx, filter: &Filter, window: Window) -> Result<Vec<Deal>, Failure> {
    let mut deals = Vec::new();
    let keep = |deal| {
        deals.push(deal);
        Ok(())
    };
    each(tx, filter, window, keep).await?;
    Ok(deals)
}

/// Hands over the same one by one, as one statement sees them at one moment.
///
/// # Errors
/// When the database does not answer, and the first failure of `take`.
pub async fn each(
    tx: &Tx,
    filter: &Filter,
    window: Window,
    mut take: impl FnMut(Deal) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let patterns = filter.patterns();
    let (at, id) = window.after.unzip();
    let mut list = filter.params(&patterns);
    list.extend_from_slice(params![window.order, window.limit, window.offset, at, id]);
    tx.query_map(const { section(SQL, "list") }, &list, |row| take(deal(row))).await?;
    Ok(())
}

/// How many deals pass the filter.
///
/// # Errors
/// When the database does not answer.
pub async fn count(tx: &Tx, filter: &Filter) -> Result<i64, Failure> {
    let patterns = filter.patterns();
    let row = tx.find(const { section(SQL, "count") }, &filter.params(&patterns)).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// The first `limit` deals of each stage of a pipeline, in their order.
///
/// # Errors
/// When the database does not answer.
pub async fn list_board(tx: &Tx, pipeline: PipelineId, limit: i64) -> Result<Vec<Deal>, Failure> {
    let rows = tx.query(const { section(SQL, "list_board") }, params![pipeline, limit]).await?;
    Ok(rows.iter().map(deal).collect())
}

/// One deal.
///
/// # Errors
/// `NotFound` when this tenant has no such deal.
pub async fn get(tx: &Tx, id: DealId) -> Result<Deal, Failure> {
    let row = tx.find(const { section(SQL, "find") }, params![id]).await?;
    row.as_ref().map(deal).ok_or_else(|| Failure::not_found("deal"))
}

/// Several deals, locked until the end of the transaction in the order of their ids: those that exist. Their leads are locked by now.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_many(tx: &Tx, ids: &[DealId]) -> Result<Vec<Deal>, Failure> {
    let rows = tx.query(const { section(SQL, "lock_many") }, params![ids]).await?;
    Ok(rows.iter().map(deal).collect())
}

/// A deal and the stage it is to move to, locked with the deal's lead until the end of the transaction. No stage when this
/// tenant has no such stage. The order of the locks (lead, stage, deal) lets moves wait for each other without a deadlock.
///
/// # Errors
/// `NotFound` when this tenant has no such deal.
pub async fn lock_for_move(tx: &Tx, id: DealId, to: StageId) -> Result<(Deal, Option<Stage>), Failure> {
    tx.query(const { section(SQL, "lock_lead") }, params![id]).await?;
    let stage = pipelines::lock_stage_for_move(tx, to).await?;
    Ok((write::lock_alone(tx, id).await?, stage))
}

/// Where in a stage a deal goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Above this deal of the stage.
    Before(DealId),
    /// Below this deal of the stage.
    After(DealId),
    /// So many deals above it; behind the last one when there are fewer.
    Index(i64),
}

/// The position that puts a deal in its place of a locked stage; nothing when the deal named by the place is not in the stage.
/// Renumbers the stage when its neighbours are too close.
///
/// # Errors
/// When the database does not answer.
pub async fn position(tx: &Tx, stage: &Stage, moving: DealId, place: Place) -> Result<Option<f64>, Failure> {
    let Some((above, below)) = gap(tx, stage, moving, place).await? else {
        return Ok(None);
    };
    if let Some(position) = between(above, below) {
        return Ok(Some(position));
    }
    tx.execute(const { section(SQL, "renumber") }, params![stage.id, stage.pipeline]).await?;
    let renumbered = gap(tx, stage, moving, place).await?;
    Ok(renumbered.and_then(|(above, below)| between(above, below)))
}

/// The positions of the deals around a place.
async fn gap(
    tx: &Tx,
    stage: &Stage,
    moving: DealId,
    place: Place,
) -> Result<Option<(Option<f64>, Option<f64>)>, Failure> {
    let row = match place {
        Place::Before(other) => tx.find(const { section(SQL, "gap_before") }, params![stage.id, moving, other]).await?,
        Place::After(other) => tx.find(const { section(SQL, "gap_after") }, params![stage.id, moving, other]).await?,
        Place::Index(index) => {
            tx.find(const { section(SQL, "gap_at") }, params![stage.id, moving, index, stage.pipeline]).await?
        }
    };
    Ok(row.map(|row| (row.get("above"), row.get("below"))))
}

/// A position between two others; nothing when there is no room.
fn between(above: Option<f64>, below: Option<f64>) -> Option<f64> {
    match (above, below) {
        (None, None) => Some(0.0),
        (Some(above), None) => Some(above + STEP),
        (None, Some(below)) => Some(below - STEP),
        (Some(above), Some(below)) if below - above < SMALLEST_GAP => None,
        (Some(above), Some(below)) => Some(above + (below - above) / 2.0),
    }
}

/// A deal's new standing.
pub struct Move {
    pub pipeline: PipelineId,
    pub stage: StageId,
    pub position: f64,
    /// `open`, `won`, `lost`.
    pub status: &'static str,
    pub closed_at: Option<Timestamp>,
    pub lost_reason: Option<String>,
}

impl Move {
    /// What entering a stage makes of a deal: won and lost stages close it, all others open it. A deal that stays won or lost keeps
    /// the moment it was closed.
    pub fn of(before: &Deal, stage: &Stage, position: f64, reason: Option<&str>, now: Timestamp) -> Self {
        let status = match (stage.won, stage.lost) {
            (true, _) => "won",
            (_, true) => "lost",
            _ => "open",
        };
        let closed_at = match status {
            "open" => None,
            status if status == before.status => before.closed_at,
            _ => Some(now),
        };
        let lost_reason = match status {
            "lost" => reason.map(str::to_owned).or_else(|| before.lost_reason.clone()),
            _ => None,
        };
        Self { pipeline: stage.pipeline, stage: stage.id, position, status, closed_at, lost_reason }
    }

    /// Lost where it stands: its pipeline has no stage for that.
    pub fn lost_in_place(before: &Deal, reason: &str, now: Timestamp) -> Self {
        Self {
            pipeline: before.pipeline,
            stage: before.stage,
            position: before.position,
            status: "lost",
            closed_at: Some(now),
            lost_reason: Some(reason.to_owned()),
        }
    }

    /// Whether the deal stands there already.
    pub fn changes_nothing(&self, before: &Deal) -> bool {
        self.stage == before.stage
            && self.position.total_cmp(&before.position).is_eq()
            && self.status == before.status
            && self.lost_reason == before.lost_reason
    }
}

/// Gives a locked deal its new standing.
///
/// # Errors
/// When the database does not answer.
pub async fn apply_move(tx: &Tx, id: DealId, to: &Move, now: Timestamp) -> Result<Deal, Failure> {
    let row = tx
        .find(
            const { section(SQL, "move") },
            params![id, to.pipeline, to.stage, to.position, to.status, to.closed_at, to.lost_reason, now],
        )
        .await?;
    row.as_ref().map(deal).ok_or_else(|| Failure::internal("a locked deal is gone"))
}

/// A deal's way from one stage to another; from none at its beginning.
pub struct Passage<'a> {
    pub deal: DealId,
    pub from: Option<StageId>,
    pub to: StageId,
    /// Who did it, as the histories name them.
    pub by: &'a str,
    /// Why, when a person said so.
    pub reason: Option<&'a str>,
}

/// Notes that a deal went from one stage to another.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_stage_history(tx: &Tx, id: Uuid, passage: &Passage<'_>, now: Timestamp) -> Result<(), Failure> {
    let Passage { deal, from, to, by, reason } = passage;
    tx.execute(
        const { section(SQL, "insert_stage_history") },
        params![id, tx.tenant(), deal, from, to, now, by, reason],
    )
    .await?;
    Ok(())
}

/// Lets a deal's lead stand where the deal stands, with the lifecycle that follows from all its deals.
///
/// # Errors
/// When the database does not answer.
pub async fn follow_lead(tx: &Tx, lead: LeadId, moved: &Deal, now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "follow_lead") }, params![lead, moved.id, moved.pipeline, moved.stage, now])
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_neighbours() {
        assert_eq!(between(None, None), Some(0.0));
        assert_eq!(between(Some(10.0), None), Some(1010.0));
        assert_eq!(between(None, Some(10.0)), Some(-990.0));
        assert_eq!(between(Some(10.0), Some(20.0)), Some(15.0));
        assert_eq!(between(Some(10.0), Some(10.005)), None);
        assert_eq!(between(Some(10.0), Some(10.0)), None);
    }

    #[test]
    fn halving_between_real_positions_stays_in_order_until_it_refuses() {
        let (above, mut below) = (-1_795_187_301_067.0, -1_795_187_301_066.0);
        let mut steps = 0;
        while let Some(middle) = between(Some(above), Some(below)) {
            assert!(above < middle && middle < below, "{above} < {middle} < {below}");
            below = middle;
            steps += 1;
        }
        assert!(steps >= 5, "{steps}");
    }
}
