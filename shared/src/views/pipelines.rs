//! Pipelines with their stages, and the board of deals.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::deals::DealView;
use crate::domain::ids::{PipelineId, StageId};
use crate::store::deals::Deal;
use crate::store::pipelines::{Pipeline, Stage, StageSum};

/// A pipeline with its stages in order.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PipelineView {
    pub id: PipelineId,
    /// Short name, unique per tenant.
    pub slug: String,
    pub name: String,
    /// The intent whose leads are routed here; none for Discovery and pipelines fed by hand.
    pub intent: Option<String>,
    /// What a new deal is expected to bring, in minor units of `currency`.
    pub expected_value_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Order among the pipelines, from 1.
    pub position: i32,
    /// Where news about this pipeline's deals go; none: the tenant's usual channel.
    pub slack_channel: Option<String>,
    pub archived_at: Option<Timestamp>,
    pub stages: Vec<StageView>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

/// A stage of a pipeline.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StageView {
    pub id: StageId,
    /// Order within the pipeline, from 1.
    pub position: i32,
    pub name: String,
    /// `#RRGGBB`.
    pub color: String,
    /// Name of an icon.
    pub icon: String,
    /// Probability of winning a deal in this stage, in per cent.
    pub probability: i32,
    /// A deal that enters it is won.
    pub is_won: bool,
    /// A deal that enters it is lost.
    pub is_lost: bool,
    pub version: i64,
}

impl From<Stage> for StageView {
    fn from(stage: Stage) -> Self {
        Self {
            id: stage.id,
            position: stage.position,
            name: stage.name,
            color: stage.color,
            icon: stage.icon,
            probability: stage.probability,
            is_won: stage.won,
            is_lost: stage.lost,
            version: stage.version,
        }
    }
}

impl PipelineView {
    /// A pipeline with its stages, which must be in order.
    pub fn of(pipeline: Pipeline, stages: Vec<Stage>) -> Self {
        Self {
            id: pipeline.id,
            slug: pipeline.slug,
            name: pipeline.name,
            intent: pipeline.intent,
            expected_value_minor: pipeline.expected_value_minor,
            currency: pipeline.currency,
            position: pipeline.position,
            slack_channel: pipeline.slack_channel,
            archived_at: pipeline.archived_at,
            stages: stages.into_iter().map(StageView::from).collect(),
            created_at: pipeline.created_at,
            updated_at: pipeline.updated_at,
            version: pipeline.version,
        }
    }

    /// Pipelines with the stages of all of them, which must be in order within each.
    pub fn list(pipelines: Vec<Pipeline>, stages: &[Stage]) -> Vec<Self> {
        pipelines
            .into_iter()
            .map(|pipeline| {
                let own = stages.iter().filter(|stage| stage.pipeline == pipeline.id).cloned().collect();
                Self::of(pipeline, own)
            })
            .collect()
    }
}

/// A pipeline's deals by stage.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BoardView {
    pub pipeline_id: PipelineId,
    pub name: String,
    /// Currency of the columns' sums.
    pub currency: String,
    pub columns: Vec<ColumnView>,
}

/// One stage of a board: its sums over all its deals, and its first deals.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ColumnView {
    pub stage: StageView,
    /// All deals of the stage, in whatever currency.
    pub count: i64,
    /// Sum of the deals in the board's currency, in minor units.
    pub value_minor: i64,
    /// The same, each deal times its probability.
    pub weighted_minor: i64,
    /// Sums of the deals in other currencies: never added up with the board's.
    pub other_currencies: Vec<SumView>,
    /// The first deals of the stage, at most `limit`.
    pub deals: Vec<DealView>,
}

/// A sum in one currency.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SumView {
    /// ISO 4217 code.
    pub currency: String,
    pub count: i64,
    pub value_minor: i64,
    pub weighted_minor: i64,
}

impl BoardView {
    /// The board of a pipeline. Sums and deals may be in any order of stages; deals must be in order within each.
    pub fn of(pipeline: Pipeline, stages: Vec<Stage>, sums: Vec<StageSum>, deals: Vec<Deal>) -> Self {
        let mut columns: Vec<ColumnView> = stages
            .into_iter()
            .map(|stage| ColumnView {
                stage: stage.into(),
                count: 0,
                value_minor: 0,
                weighted_minor: 0,
                other_currencies: Vec::new(),
                deals: Vec::new(),
            })
            .collect();
        for sum in sums {
            let Some(column) = columns.iter_mut().find(|column| column.stage.id == sum.stage) else {
                continue;
            };
            column.count += sum.deals;
            if sum.currency == pipeline.currency {
                column.value_minor = sum.value_minor;
                column.weighted_minor = sum.weighted_minor;
            } else {
                column.other_currencies.push(SumView {
                    currency: sum.currency,
                    count: sum.deals,
                    value_minor: sum.value_minor,
                    weighted_minor: sum.weighted_minor,
                });
            }
        }
        for deal in deals {
            if let Some(column) = columns.iter_mut().find(|column| column.stage.id == deal.stage) {
                column.deals.push(deal.into());
            }
        }
        Self { pipeline_id: pipeline.id, name: pipeline.name, currency: pipeline.currency, columns }
    }
}
