//! Deals.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::ids::{CampaignId, DealId, LeadId, MemberId, PipelineId, StageId};
use crate::store::deals::Deal;

/// How a deal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DealStatus {
    Open,
    Won,
    Lost,
}

impl DealStatus {
    /// As in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }
}

/// A deal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DealView {
    pub id: DealId,
    pub name: String,
    pub lead_id: Option<LeadId>,
    pub contact_id: Option<Uuid>,
    pub company_id: Option<Uuid>,
    pub pipeline_id: PipelineId,
    pub stage_id: StageId,
    /// Order within the stage, ascending. Only its order means something: move a deal with `POST /deals/{id}/move`.
    pub position: f64,
    pub owner_id: Option<MemberId>,
    /// In minor units of `currency`.
    pub value_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Probability of winning it in its stage, in per cent.
    pub probability: i32,
    pub expected_close_on: Option<Date>,
    pub status: DealStatus,
    pub lost_reason: Option<String>,
    pub closed_at: Option<Timestamp>,
    /// Where its lead came from.
    pub source: Option<String>,
    /// The campaign's record; none while the campaign is known by its name only.
    pub campaign_id: Option<CampaignId>,
    /// The campaign's name as the events carried it.
    pub campaign: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

impl From<Deal> for DealView {
    fn from(deal: Deal) -> Self {
        Self {
            id: deal.id,
            name: deal.name,
            lead_id: deal.lead,
            contact_id: deal.contact,
            company_id: deal.company,
            pipeline_id: deal.pipeline,
            stage_id: deal.stage,
            position: deal.position,
            owner_id: deal.owner,
            value_minor: deal.value_minor,
            currency: deal.currency,
            probability: deal.probability,
            expected_close_on: deal.expected_close_on,
            status: match deal.status.as_str() {
                "won" => DealStatus::Won,
                "lost" => DealStatus::Lost,
                _ => DealStatus::Open,
            },
            lost_reason: deal.lost_reason,
            closed_at: deal.closed_at,
            source: deal.source,
            campaign_id: None,
            campaign: deal.campaign,
            created_at: deal.created_at,
            updated_at: deal.updated_at,
            version: deal.version,
        }
    }
}
