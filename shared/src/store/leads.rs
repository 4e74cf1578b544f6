//! Leads as people see and change them: lists, the lead page, its histories, and changes by hand. The event path has statements of
//! its own, for whole batches.

pub mod history;
pub mod list;
pub mod lock;
mod row;
pub mod timeline;
pub mod write;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::Tx;
use super::sql::{params, section, statements};
use crate::domain::ids::{DealId, LeadId, MemberId, OrganizationId, PipelineId, StageId};
use crate::failure::Failure;

pub use row::{Lead, LeadStatus};

pub(in crate::store) const SQL: &str = statements!(include_str!("leads.sql"));

/// A lead with its standing.
///
/// # Errors
/// `NotFound` when the tenant has no such lead.
pub async fn get(tx: &Tx, id: LeadId) -> Result<Lead, Failure> {
    let row = tx.find(const { section(SQL, "get") }, params![id]).await?.ok_or_else(|| Failure::not_found("lead"))?;
    row::lead(&row)
}

/// Leads by their ids, with everything that [`get`] says of one.
///
/// # Errors
/// When the database does not answer.
pub async fn list_by_id(tx: &Tx, ids: &[LeadId]) -> Result<Vec<Lead>, Failure> {
    tx.query(const { section(SQL, "list_by_id") }, params![ids]).await?.iter().map(row::lead).collect()
}

/// Passes when the lead exists.
///
/// # Errors
/// `NotFound` when the tenant has no such lead.
pub async fn exists(tx: &Tx, id: LeadId) -> Result<(), Failure> {
    match tx.find(const { section(SQL, "exists") }, params![id]).await? {
        Some(_) => Ok(()),
        None => Err(Failure::not_found("lead")),
    }
}

/// What stands around a lead.
#[derive(Debug, Clone)]
pub struct Details {
    pub organization: Option<Organization>,
    pub owner: Option<Owner>,
    pub open_deal: Option<OpenDeal>,
    /// Leads that may be the same person, until a person has judged.
    pub suspected_duplicates: Vec<LeadId>,
}

/// The organisation a lead works for.
#[derive(Debug, Clone)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub domain: Option<String>,
    pub country: Option<String>,
    pub industry: Option<String>,
    pub size: Option<i32>,
}

/// Who looks after a lead.
#[derive(Debug, Clone)]
pub struct Owner {
    pub id: MemberId,
    pub name: String,
    pub email: String,
}

/// The deal that is open for a lead, with the names of where it is.
#[derive(Debug, Clone)]
pub struct OpenDeal {
    pub id: DealId,
    pub name: String,
    pub pipeline: PipelineId,
    pub pipeline_name: String,
    pub stage: StageId,
    pub stage_name: String,
    /// Per cent.
    pub probability: i32,
    pub value_minor: i64,
    pub currency: String,
    pub expected_close_on: Option<Date>,
}

/// What stands around a lead, in one statement.
///
/// # Errors
/// `NotFound` when the tenant has no such lead.
pub async fn get_details(tx: &Tx, id: LeadId) -> Result<Details, Failure> {
    let row =
        tx.find(const { section(SQL, "get_details") }, params![id]).await?.ok_or_else(|| Failure::not_found("lead"))?;
    let organization = row.get::<_, Option<OrganizationId>>("organization_id").map(|id| Organization {
        id,
        name: row.get("organization_name"),
        domain: row.get("domain"),
        country: row.get("country"),
        industry: row.get("industry"),
        size: row.get("size"),
    });
    let owner = row.get::<_, Option<MemberId>>("owner_id").map(|id| Owner {
        id,
        name: row.get("owner_name"),
        email: row.get("owner_email"),
    });
    let open_deal = row.get::<_, Option<DealId>>("deal_id").map(|id| OpenDeal {
        id,
        name: row.get("deal_name"),
        pipeline: row.get("pipeline_id"),
        pipeline_name: row.get("pipeline_name"),
        stage: row.get("stage_id"),
        stage_name: row.get("stage_name"),
        probability: row.get("probability"),
        value_minor: row.get("value_minor"),
        currency: row.get("currency"),
        expected_close_on: row.get("expected_close_on"),
    });
    Ok(Details { organization, owner, open_deal, suspected_duplicates: row.get("suspected_duplicates") })
}

/// How many leads there are, by what.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    pub total: i64,
    /// In the global pool.
    pub unrouted: i64,
    pub average_score: f64,
    /// Per cent, of the leads that have an intent.
    pub average_confidence: f64,
    pub by_status: BTreeMap<String, i64>,
    pub by_tier: BTreeMap<String, i64>,
    pub by_intent: BTreeMap<String, i64>,
    pub by_source: BTreeMap<String, i64>,
}

/// Totals and averages over the leads created in a window (from included, to not).
///
/// # Errors
/// When the database does not answer.
pub async fn stats(tx: &Tx, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Stats, Failure> {
    let mut stats = Stats::default();
    for row in tx.query(const { section(SQL, "stats") }, params![from, to]).await? {
        let count: i64 = row.get("leads");
        let group = match row.get("grouping") {
            "status" => &mut stats.by_status,
            "tier" => &mut stats.by_tier,
            "intent" => &mut stats.by_intent,
            "source" => &mut stats.by_source,
            _ => {
                stats.total = count;
                stats.unrouted = row.get("unrouted");
                stats.average_score = row.get::<_, Option<f64>>("average_score").unwrap_or_default();
                stats.average_confidence = row.get::<_, Option<f64>>("average_confidence").unwrap_or_default();
                continue;
            }
        };
        group.insert(row.get("value"), count);
    }
    Ok(stats)
}
