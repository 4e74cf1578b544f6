//! A lead as its two rows have it: what is known and decided, and what the engine makes of it.

use jiff::Timestamp;
use postgres_types::Json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_postgres::Row;

use super::super::sql::word;
use crate::domain::ids::{DealId, LeadId, MemberId, OrganizationId, PipelineId, StageId};
use crate::domain::intent::{Confidence, IntentWeight};
use crate::domain::routing::LeadFlags;
use crate::domain::scoring::{ScoreSums, Tier};
use crate::failure::Failure;

/// How far a lead has come. Until somebody or the router decides, the tier says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeadStatus {
    /// Cold, in the pool.
    New,
    /// Warm, in the pool.
    Engaged,
    /// Hot or very hot, in the pool.
    Qualified,
    /// In a pipeline.
    Routed,
    /// Bought.
    Customer,
    /// Will not buy.
    Lost,
    /// The personal data were erased.
    Anonymized,
}

impl LeadStatus {
    /// As in JSON and in the statements.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Engaged => "engaged",
            Self::Qualified => "qualified",
            Self::Routed => "routed",
            Self::Customer => "customer",
            Self::Lost => "lost",
            Self::Anonymized => "anonymized",
        }
    }

    const fn of_tier(tier: Tier) -> Self {
        match tier {
            Tier::Cold => Self::New,
            Tier::Warm => Self::Engaged,
            Tier::Hot | Tier::VeryHot => Self::Qualified,
        }
    }
}

/// A lead.
#[derive(Debug, Clone)]
pub struct Lead {
    pub id: LeadId,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub linkedin_url: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub organization: Option<OrganizationId>,
    pub job_title: Option<String>,
    pub country: Option<String>,
    pub language: Option<String>,
    pub tags: Vec<String>,
    /// The fields of the tenant's own, as they stand in the database: most lists do not show them.
    pub custom: Box<RawValue>,
    pub source: Option<String>,
    pub campaign: Option<String>,
    pub status: LeadStatus,
    pub suppressed: bool,
    pub pipeline: Option<PipelineId>,
    pub stage: Option<StageId>,
    pub deal: Option<DealId>,
    pub owner: Option<MemberId>,
    pub routed_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
    pub scores: ScoreSums,
    pub total_score: i32,
    pub tier: Tier,
    pub intents: Vec<IntentWeight>,
    pub primary_intent: Option<String>,
    pub intent_confidence: Confidence,
    pub conflict: bool,
    pub first_seen_at: Option<Timestamp>,
    pub last_activity_at: Option<Timestamp>,
}

impl Lead {
    /// What keeps the router away from it.
    pub fn flags(&self) -> LeadFlags {
        LeadFlags::of(self.pipeline.is_some(), self.routed_at.is_some(), Some(self.status.as_str()), self.suppressed)
    }
}

/// A row with the columns of a lead (`{columns}` in `leads.sql`). A lead without a standing was never evaluated: it has no points.
pub fn lead(row: &Row) -> Result<Lead, Failure> {
    let number = |column: &str| row.get::<_, Option<i32>>(column).unwrap_or_default();
    let tier = row.get::<_, Option<&str>>("tier").map(word).transpose()?.unwrap_or(Tier::Cold);
    let status = match row.get::<_, Option<&str>>("lifecycle") {
        Some(lifecycle) => word(lifecycle)?,
        None => LeadStatus::of_tier(tier),
    };
    let Json(custom) = row.try_get("custom").map_err(Failure::internal)?;
    let intents: Option<Json<Vec<IntentWeight>>> = row.try_get("intents").map_err(Failure::internal)?;
    Ok(Lead {
        id: row.get("id"),
        email: row.get("email"),
        phone: row.get("phone"),
        linkedin_url: row.get("linkedin_url"),
        first_name: row.get("first_name"),
        last_name: row.get("last_name"),
        company: row.get("company"),
        organization: row.get("organization_id"),
        job_title: row.get("job_title"),
        country: row.get("country"),
        language: row.get("language"),
        tags: row.get("tags"),
        custom,
        source: row.get("source"),
        campaign: row.get("campaign"),
        status,
        suppressed: row.get("suppressed"),
        pipeline: row.get("pipeline_id"),
        stage: row.get("stage_id"),
        deal: row.get("deal_id"),
        owner: row.get("owner_id"),
        routed_at: row.get("routed_at"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        version: row.get("version"),
        scores: ScoreSums {
            demographic: number("demographic"),
            engagement: number("engagement"),
            behavior: number("behavior"),
        },
        total_score: number("total_score"),
        tier,
        intents: intents.map(|Json(intents)| intents).unwrap_or_default(),
        primary_intent: row.get("primary_intent"),
        intent_confidence: Confidence::from_tenths(u16::try_from(number("intent_confidence")).unwrap_or(0)),
        conflict: row.get::<_, Option<bool>>("conflict").unwrap_or_default(),
        first_seen_at: row.get("first_seen_at"),
        last_activity_at: row.get("last_activity_at"),
    })
}
