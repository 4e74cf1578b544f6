//! Leads as people see them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::room::Room;
use crate::domain::ids::{CampaignId, DealId, LeadId, MemberId, OrganizationId, PipelineId, StageId};
use crate::domain::intent::Confidence;
use crate::domain::scoring::{ScoreSums, Tier};
use crate::store::leads::write::Match;
use crate::store::leads::{Details, Lead, LeadStatus, Stats};

/// A lead.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeadView {
    pub id: LeadId,
    pub email: Option<String>,
    /// E.164 where it could be read as a phone number.
    pub phone: Option<String>,
    /// `in/<name>`, as every spelling of the profile's address comes down to.
    pub linkedin_url: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub organization_id: Option<OrganizationId>,
    pub job_title: Option<String>,
    pub country: Option<String>,
    pub language: Option<String>,
    pub tags: Vec<String>,
    pub status: LeadStatus,
    pub tier: Tier,
    /// Never below zero.
    pub total_score: i32,
    /// Unexpired points per category.
    pub scores: ScoreSums,
    pub primary_intent: Option<String>,
    /// Per cent, one decimal.
    pub intent_confidence: Confidence,
    /// Every intent of the tenant with its confidence in per cent.
    pub intents: BTreeMap<String, Confidence>,
    /// Two intents are too close for the machine to decide.
    pub conflict: bool,
    /// Must not be contacted.
    pub suppressed: bool,
    /// Null: in the global pool.
    pub pipeline_id: Option<PipelineId>,
    pub stage_id: Option<StageId>,
    pub deal_id: Option<DealId>,
    pub owner_id: Option<MemberId>,
    /// Source of the earliest event, or as a person typed it.
    pub source: Option<String>,
    /// The campaign's record; none while the campaign is known by its name only.
    pub campaign_id: Option<CampaignId>,
    /// The campaign's name as the events carried it.
    pub campaign: Option<String>,
    /// Fields of the tenant's own. Absent in a list unless it is asked for with `include=custom`; null there when the answer has no
    /// room for them: ask for fewer leads at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Map<String, Value>>")]
    pub custom: Option<Box<RawValue>>,
    pub first_seen_at: Option<Timestamp>,
    pub last_activity_at: Option<Timestamp>,
    pub routed_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

impl LeadView {
    /// A lead among others: with its own fields where they are asked for and find room.
    pub fn listed(lead: Lead, custom: Option<&mut Room>) -> Self {
        let mut view = Self::from(lead);
        view.custom = view.custom.zip(custom).map(|(fields, room)| room.take(fields));
        view
    }
}

impl From<Lead> for LeadView {
    fn from(lead: Lead) -> Self {
        Self {
            id: lead.id,
            email: lead.email,
            phone: lead.phone,
            linkedin_url: lead.linkedin_url,
            first_name: lead.first_name,
            last_name: lead.last_name,
            company: lead.company,
            organization_id: lead.organization,
            job_title: lead.job_title,
            country: lead.country,
            language: lead.language,
            tags: lead.tags,
            status: lead.status,
            tier: lead.tier,
            total_score: lead.total_score,
            scores: lead.scores,
            primary_intent: lead.primary_intent,
            intent_confidence: lead.intent_confidence,
            intents: lead.intents.into_iter().map(|known| (known.intent, known.confidence)).collect(),
            conflict: lead.conflict,
            suppressed: lead.suppressed,
            pipeline_id: lead.pipeline,
            stage_id: lead.stage,
            deal_id: lead.deal,
            owner_id: lead.owner,
            source: lead.source,
            campaign_id: None,
            campaign: lead.campaign,
            custom: Some(lead.custom),
            first_seen_at: lead.first_seen_at,
            last_activity_at: lead.last_activity_at,
            routed_at: lead.routed_at,
            created_at: lead.created_at,
            updated_at: lead.updated_at,
            version: lead.version,
        }
    }
}

/// A lead with what stands around it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeadDetailsView {
    #[serde(flatten)]
    pub lead: LeadView,
    pub organization: Option<LeadOrganizationView>,
    pub owner: Option<LeadOwnerView>,
    pub open_deal: Option<LeadDealView>,
    /// Leads that may be the same person, until a person has judged.
    pub suspected_duplicates: Vec<LeadId>,
}

/// The organisation a lead works for.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeadOrganizationView {
    pub id: OrganizationId,
    pub name: String,
    pub domain: Option<String>,
    pub country: Option<String>,
    pub industry: Option<String>,
    /// Employees.
    pub size: Option<i32>,
}

/// Who looks after a lead.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeadOwnerView {
    pub id: MemberId,
    pub name: String,
    pub email: String,
}

/// The deal that is open for a lead.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeadDealView {
    pub id: DealId,
    pub name: String,
    pub pipeline_id: PipelineId,
    pub pipeline_name: String,
    pub stage_id: StageId,
    pub stage_name: String,
    /// Probability of winning it in its stage, in per cent.
    pub probability: i32,
    /// In minor units of `currency`.
    pub value_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    pub expected_close_on: Option<Date>,
}

impl LeadDetailsView {
    /// A lead and its details.
    pub fn new(lead: Lead, details: Details) -> Self {
        Self {
            lead: lead.into(),
            organization: details.organization.map(|organization| LeadOrganizationView {
                id: organization.id,
                name: organization.name,
                domain: organization.domain,
                country: organization.country,
                industry: organization.industry,
                size: organization.size,
            }),
            owner: details.owner.map(|owner| LeadOwnerView { id: owner.id, name: owner.name, email: owner.email }),
            open_deal: details.open_deal.map(|deal| LeadDealView {
                id: deal.id,
                name: deal.name,
                pipeline_id: deal.pipeline,
                pipeline_name: deal.pipeline_name,
                stage_id: deal.stage,
                stage_name: deal.stage_name,
                probability: deal.probability,
                value_minor: deal.value_minor,
                currency: deal.currency,
                expected_close_on: deal.expected_close_on,
            }),
            suspected_duplicates: details.suspected_duplicates,
        }
    }
}

/// A lead that an identifier belongs to already.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeadMatchView {
    pub lead_id: LeadId,
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub created_at: Timestamp,
    /// What the two have in common: `email`, `phone`, `linkedin_url`.
    pub matched: Vec<String>,
}

impl From<Match> for LeadMatchView {
    fn from(found: Match) -> Self {
        Self {
            lead_id: found.id,
            email: found.email,
            first_name: found.first_name,
            last_name: found.last_name,
            company: found.company,
            created_at: found.created_at,
            matched: found.kinds,
        }
    }
}

/// How many leads there are, by what.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeadStatsView {
    pub total: i64,
    /// In the global pool.
    pub unrouted: i64,
    pub average_score: f64,
    /// Per cent, over the leads that have an intent.
    pub average_intent_confidence: f64,
    pub by_status: BTreeMap<String, i64>,
    pub by_tier: BTreeMap<String, i64>,
    /// By primary intent; `none` for leads without any.
    pub by_intent: BTreeMap<String, i64>,
    /// `none` for leads without any.
    pub by_source: BTreeMap<String, i64>,
}

impl From<Stats> for LeadStatsView {
    fn from(stats: Stats) -> Self {
        let tenths = |number: f64| (number * 10.0).round() / 10.0;
        Self {
            total: stats.total,
            unrouted: stats.unrouted,
            average_score: tenths(stats.average_score),
            average_intent_confidence: tenths(stats.average_confidence),
            by_status: stats.by_status,
            by_tier: stats.by_tier,
            by_intent: stats.by_intent,
            by_source: stats.by_source,
        }
    }
}
