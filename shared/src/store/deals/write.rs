//! Deals changed by people: made, edited, closed, and given another lead.

use jiff::Timestamp;
use jiff::civil::Date;

use super::super::Tx;
use super::super::pipelines::Stage;
use super::super::sql::{params, section};
use super::super::team;
use super::{Deal, SQL, deal};
use crate::domain::ids::{DealId, LeadId, MemberId, OrganizationId};
use crate::domain::search;
use crate::failure::{Failure, Fault};

/// What people say about a deal, besides where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct DealFacts {
    pub name: String,
    pub company: Option<OrganizationId>,
    pub owner: Option<MemberId>,
    pub value_minor: i64,
    pub currency: String,
    pub expected_close_on: Option<Date>,
    pub source: Option<String>,
    pub campaign: Option<String>,
}

impl DealFacts {
    /// As a deal has them.
    pub fn of(deal: &Deal) -> Self {
        Self {
            name: deal.name.clone(),
            company: deal.company.map(OrganizationId),
            owner: deal.owner,
            value_minor: deal.value_minor,
            currency: deal.currency.clone(),
            expected_close_on: deal.expected_close_on,
            source: deal.source.clone(),
            campaign: deal.campaign.clone(),
        }
    }
}

/// Passes when the company and the member a deal is to be linked with exist in this tenant.
///
/// # Errors
/// `Invalid` naming what does not exist, with pointers into the body.
pub async fn check_links(tx: &Tx, company: Option<OrganizationId>, owner: Option<MemberId>) -> Result<(), Failure> {
    if company.is_none() && owner.is_none() {
        return Ok(());
    }
    let Some(row) = tx.find(const { section(SQL, "find_links") }, params![company, owner]).await? else {
        return Ok(());
    };
    let mut faults = Vec::new();
    if !row.get::<_, bool>("company") {
        faults.push(Fault::new("/company_id", "unknown_value", "There is no such company."));
    }
    if !row.get::<_, bool>("owner") {
        faults.push(team::not_an_owner());
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::Invalid(faults)) }
}

/// Opens a deal on top of a stage.
///
/// # Errors
/// When the database does not answer.
pub async fn insert(
    tx: &Tx,
    id: DealId,
    lead: Option<LeadId>,
    into: &Stage,
    facts: &DealFacts,
    now: Timestamp,
) -> Result<Deal, Failure> {
    let row = tx
        .find(
            const { section(SQL, "insert") },
            params![
                id,
                tx.tenant(),
                facts.name,
                lead,
                facts.company,
                into.pipeline,
                into.id,
                facts.owner,
                facts.value_minor,
                facts.currency,
                facts.expected_close_on,
                facts.source,
                facts.campaign,
                now,
                search::text(&[&facts.name], ""),
            ],
        )
        .await?;
    row.as_ref().map(deal).ok_or_else(|| Failure::internal("the new deal is not there"))
}

/// A deal, locked with its lead until the end of the transaction.
///
/// # Errors
/// `NotFound` when this tenant has no such deal.
pub async fn lock(tx: &Tx, id: DealId) -> Result<Deal, Failure> {
    tx.execute(const { section(SQL, "lock_lead") }, params![id]).await?;
    lock_alone(tx, id).await
}

/// A deal whose leads are locked already.
///
/// # Errors
/// `NotFound` when this tenant has no such deal.
pub async fn lock_alone(tx: &Tx, id: DealId) -> Result<Deal, Failure> {
    let row = tx.find(const { section(SQL, "lock") }, params![id]).await?;
    row.as_ref().map(deal).ok_or_else(|| Failure::not_found("deal"))
}

/// Replaces what people say about a locked deal.
///
/// # Errors
/// When the database does not answer.
pub async fn update(tx: &Tx, id: DealId, facts: &DealFacts, now: Timestamp) -> Result<Deal, Failure> {
    let row = tx
        .find(
            const { section(SQL, "update") },
            params![
                id,
                facts.name,
                facts.company,
                facts.owner,
                facts.value_minor,
                facts.currency,
                facts.expected_close_on,
                facts.source,
                facts.campaign,
                now,
                search::text(&[&facts.name], ""),
            ],
        )
        .await?;
    row.as_ref().map(deal).ok_or_else(|| Failure::internal("a locked deal is gone"))
}

/// Gives a locked deal to another lead, or to none. Nothing when the deal was opened by routing and the lead has such a deal already.
///
/// # Errors
/// When the database does not answer.
pub async fn set_lead(tx: &Tx, id: DealId, lead: Option<LeadId>, now: Timestamp) -> Result<Option<Deal>, Failure> {
    let row = tx.find(const { section(SQL, "set_lead") }, params![id, lead, now]).await?;
    Ok(row.as_ref().map(deal))
}

/// Hands what is still to be done about a deal to its new lead.
///
/// # Errors
/// When the database does not answer.
pub async fn move_tasks(tx: &Tx, id: DealId, from: LeadId, to: Option<LeadId>, now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "move_tasks") }, params![id, from, to, now]).await?;
    Ok(())
}

/// Lets a locked lead without a deal of its own stand where a deal opened by routing stands. Answers whether it did.
///
/// # Errors
/// When the database does not answer.
pub async fn bind_lead(tx: &Tx, lead: LeadId, id: DealId, now: Timestamp) -> Result<bool, Failure> {
    Ok(tx.execute(const { section(SQL, "bind_lead") }, params![lead, id, now]).await? > 0)
}

/// Lets a locked lead go on without a deal that is another's by now.
///
/// # Errors
/// When the database does not answer.
pub async fn release_lead(tx: &Tx, lead: LeadId, id: DealId, now: Timestamp) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "release_lead") }, params![lead, id, now]).await?;
    Ok(())
}
