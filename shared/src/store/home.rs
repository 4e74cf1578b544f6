//! What the first page of a day shows, beside lists that others have too.

use jiff::civil::Date;
use jiff::{Span, Timestamp, ToSpan as _, Zoned};
use tokio_postgres::Row;

use super::Tx;
use super::sql::{params, section, statements};
use crate::domain::ids::{DealId, LeadId, MemberId, PipelineId, StageId};
use crate::failure::Failure;

const SQL: &str = statements!(include_str!("home.sql"));

/// The moments between which a day is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Day {
    /// When yesterday began.
    pub yesterday: Timestamp,
    /// Now: what was due before is overdue.
    pub now: Timestamp,
    /// When tomorrow begins.
    pub tomorrow: Timestamp,
    /// When this month began.
    pub month: Timestamp,
}

impl Day {
    /// The day of a moment, where it is.
    ///
    /// # Errors
    /// At the end of the calendar.
    pub fn of(now: &Zoned) -> Result<Self, Failure> {
        let today = now.start_of_day().map_err(Failure::internal)?;
        let beginning =
            |span: Span| today.checked_add(span).and_then(|day| day.start_of_day()).map_err(Failure::internal);
        let month = today.first_of_month().and_then(|day| day.start_of_day()).map_err(Failure::internal)?;
        Ok(Self {
            yesterday: beginning((-1).days())?.timestamp(),
            now: now.timestamp(),
            tomorrow: beginning(1.day())?.timestamp(),
            month: month.timestamp(),
        })
    }
}

/// What waits for somebody.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: MemberId,
    pub name: String,
    /// Open tasks whose moment has passed.
    pub overdue: i64,
    /// Open tasks due until the day ends.
    pub today: i64,
    /// Open deals about which nothing is to be done.
    pub without_next_step: i64,
    /// Leads of theirs that became hot since yesterday began.
    pub hot_leads: i64,
}

/// What waits for everybody who works, or for one member alone.
///
/// # Errors
/// When the database does not answer.
pub async fn list_people(tx: &Tx, day: Day, only: Option<MemberId>) -> Result<Vec<Person>, Failure> {
    let values = params![tx.tenant(), day.yesterday, day.now, day.tomorrow, only];
    let rows = tx.query(const { section(SQL, "list_people") }, values).await?;
    let person = |row: &Row| Person {
        id: row.get("id"),
        name: row.get("name"),
        overdue: row.get("overdue"),
        today: row.get("today"),
        without_next_step: row.get("without_next_step"),
        hot_leads: row.get("hot_leads"),
    };
    Ok(rows.iter().map(person).collect())
}

/// What an owner's deals of one currency are worth, in its minor units.
#[derive(Debug, Clone)]
pub struct Money {
    /// None: nobody's.
    pub owner: Option<MemberId>,
    /// ISO 4217.
    pub currency: String,
    /// Deals won this month, and what they are worth.
    pub won: i64,
    pub won_minor: i64,
    /// Open deals, what they are worth, and that weighted with the probability of their stages.
    pub open: i64,
    pub open_minor: i64,
    pub weighted_minor: i64,
}

/// What deals are worth, by owner and currency.
///
/// # Errors
/// When the database does not answer.
pub async fn list_money(tx: &Tx, day: Day) -> Result<Vec<Money>, Failure> {
    let rows = tx.query(const { section(SQL, "list_money") }, params![tx.tenant(), day.month]).await?;
    let money = |row: &Row| Money {
        owner: row.get("owner_id"),
        currency: row.get("currency"),
        won: row.get("won"),
        won_minor: row.get("won_minor"),
        open: row.get("open"),
        open_minor: row.get("open_minor"),
        weighted_minor: row.get("weighted_minor"),
    };
    Ok(rows.iter().map(money).collect())
}

/// An open deal about which nothing is to be done.
#[derive(Debug, Clone)]
pub struct IdleDeal {
    pub id: DealId,
    pub name: String,
    pub lead: Option<LeadId>,
    pub lead_name: Option<String>,
    pub pipeline: PipelineId,
    pub stage: StageId,
    pub stage_name: Option<String>,
    pub in_stage_since: Timestamp,
    pub value_minor: i64,
    pub currency: String,
    pub expected_close_on: Option<Date>,
    pub version: i64,
}

/// A member's deals about which nothing is to be done, the most valuable first.
///
/// # Errors
/// When the database does not answer.
pub async fn list_deals_without_next_step(tx: &Tx, owner: MemberId, limit: i64) -> Result<Vec<IdleDeal>, Failure> {
    let rows = tx.query(const { section(SQL, "list_deals_without_next_step") }, params![owner, limit]).await?;
    let deal = |row: &Row| IdleDeal {
        id: row.get("id"),
        name: row.get("name"),
        lead: row.get("lead_id"),
        lead_name: row.get("lead_name"),
        pipeline: row.get("pipeline_id"),
        stage: row.get("stage_id"),
        stage_name: row.get("stage_name"),
        in_stage_since: row.get("in_stage_since"),
        value_minor: row.get("value_minor"),
        currency: row.get("currency"),
        expected_close_on: row.get("expected_close_on"),
        version: row.get("version"),
    };
    Ok(rows.iter().map(deal).collect())
}

/// A lead that became hot.
#[derive(Debug, Clone)]
pub struct HotLead {
    pub id: LeadId,
    pub name: Option<String>,
    pub company: Option<String>,
    pub owner: Option<MemberId>,
    pub owner_name: Option<String>,
    pub tier: String,
    pub total_score: i32,
    pub hot_at: Timestamp,
}

/// Who became hot since yesterday began and still is, of a member's leads and nobody's, or of all; with their whole number.
///
/// # Errors
/// When the database does not answer.
pub async fn list_hot(tx: &Tx, day: Day, of: Option<MemberId>, limit: i64) -> Result<(Vec<HotLead>, i64), Failure> {
    let rows = tx.query(const { section(SQL, "list_hot") }, params![tx.tenant(), day.yesterday, of, limit]).await?;
    let lead = |row: &Row| HotLead {
        id: row.get("id"),
        name: row.get("name"),
        company: row.get("company"),
        owner: row.get("owner_id"),
        owner_name: row.get("owner_name"),
        tier: row.get("tier"),
        total_score: row.get("total_score"),
        hot_at: row.get("hot_at"),
    };
    Ok((rows.iter().map(lead).collect(), rows.first().map_or(0, |row| row.get("total"))))
}

/// What a tenant has by now.
#[derive(Debug, Clone, Copy)]
pub struct FirstSteps {
    pub leads: bool,
    pub deals: bool,
    /// More than one active member.
    pub team: bool,
}

/// What a tenant has by now.
///
/// # Errors
/// When the database does not answer.
pub async fn first_steps(tx: &Tx) -> Result<FirstSteps, Failure> {
    let row = tx.find(const { section(SQL, "first_steps") }, params![tx.tenant()]).await?;
    let row = row.ok_or_else(|| Failure::internal("the first steps gave no answer"))?;
    Ok(FirstSteps { leads: row.get("leads"), deals: row.get("deals"), team: row.get("team") })
}
