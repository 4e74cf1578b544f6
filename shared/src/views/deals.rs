//! Deals.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::ids::{CampaignId, DealId, LeadId, MemberId, PipelineId, StageId};
use crate::store::deals::Deal;
use crate::store::deals::history::Stay;

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
    /// Opened by routing: it always has a lead.
    pub routed: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
    /// What its lead is called: the name, else the company, else the e-mail address.
    pub lead_name: Option<String>,
    pub lead_company: Option<String>,
    pub owner_name: Option<String>,
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
            routed: deal.routed,
            created_at: deal.created_at,
            updated_at: deal.updated_at,
            version: deal.version,
            lead_name: deal.lead_name,
            lead_company: deal.lead_company,
            owner_name: deal.owner_name,
        }
    }
}

/// One stay of a deal in a stage.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DealStayView {
    pub id: Uuid,
    pub stage_id: StageId,
    /// Null like the next three: the stage was deleted.
    pub stage_name: Option<String>,
    /// `#RRGGBB`.
    pub color: Option<String>,
    pub pipeline_id: Option<PipelineId>,
    pub pipeline_name: Option<String>,
    pub entered_at: Timestamp,
    /// Null: it stands there.
    pub left_at: Option<Timestamp>,
    /// How long it stood there; so far, while it is open and stands there. Null for the stage a closed deal ended in.
    pub duration_seconds: Option<i64>,
    /// Who put it there: the `sub` of a token, the id of an API key, or `machine`; null when that was not noted.
    pub moved_by: Option<String>,
    /// The member's name, when it was one.
    pub moved_by_name: Option<String>,
    /// Why, when a person said so.
    pub reason: Option<String>,
}

impl DealStayView {
    /// A stay as it is at `now`.
    pub fn at(now: Timestamp, stay: Stay) -> Self {
        let end = stay.left_at.or(stay.running.then_some(now));
        Self {
            id: stay.id,
            stage_id: stay.stage,
            stage_name: stay.stage_name,
            color: stay.color,
            pipeline_id: stay.pipeline,
            pipeline_name: stay.pipeline_name,
            entered_at: stay.entered_at,
            left_at: stay.left_at,
            duration_seconds: end.map(|end| end.duration_since(stay.entered_at).as_secs().max(0)),
            moved_by: stay.moved_by,
            moved_by_name: stay.moved_by_name,
            reason: stay.reason,
        }
    }
}
