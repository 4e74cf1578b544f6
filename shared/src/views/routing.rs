//! When and where leads are routed.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::engine::RuleSet;
use crate::domain::ids::PipelineId;
use crate::domain::intent::Confidence;
use crate::domain::scoring::TierStart;
use crate::store::pipelines::Pipeline;

/// The routing configuration as it is in force.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RoutingConfigView {
    /// The published state of all rules and settings that this shows.
    pub rule_set_version: i32,
    /// The lowest total score at which a lead is routed.
    pub min_score: i32,
    /// The lowest confidence in the primary intent at which a lead is routed.
    pub min_confidence: Confidence,
    /// The tenant's intents. The order breaks ties.
    pub intents: Vec<IntentView>,
    pub discovery: DiscoveryView,
    /// In how many working days the follow-up task of a routed lead is due.
    pub follow_up_working_days: u32,
    /// Tiers with the score each starts at, coldest first.
    pub tiers: Vec<TierStart>,
    pub conflict: ConflictView,
}

/// An intent and where its leads go.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IntentView {
    pub intent: String,
    /// Null: no pipeline takes this intent, so its leads wait in the pool.
    pub pipeline: Option<PipelineName>,
}

/// Where leads of unclear intent go.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiscoveryView {
    /// After so many days at or above `min_score`; never when null.
    pub after_days: Option<u32>,
    pub pipeline: Option<PipelineName>,
}

/// A pipeline by name.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PipelineName {
    pub id: PipelineId,
    pub slug: String,
    pub name: String,
}

/// When two intents are too close for a machine to decide, and how doubt is weighed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConflictView {
    /// A runner-up within so many points of the winner is a conflict …
    pub margin: Confidence,
    /// … when both have at least this confidence.
    pub min_confidence: Confidence,
    /// Weight of doubt: `confidence = 100 · weight / (all weights + doubt)`.
    pub doubt: u32,
}

impl RoutingConfigView {
    /// The configuration of a rule set, with the names of its pipelines.
    pub fn of(rules: &RuleSet, pipelines: &[Pipeline]) -> Self {
        let name = |id: PipelineId| {
            pipelines.iter().find(|pipeline| pipeline.id == id).map(|pipeline| PipelineName {
                id,
                slug: pipeline.slug.clone(),
                name: pipeline.name.clone(),
            })
        };
        let config = rules.routing();
        let settings = rules.intent_settings();
        let intents = rules.intents().iter().map(|intent| IntentView {
            intent: intent.clone(),
            pipeline: config.pipelines.get(intent).copied().and_then(name),
        });
        Self {
            rule_set_version: rules.version(),
            min_score: config.min_score,
            min_confidence: config.min_confidence,
            intents: intents.collect(),
            discovery: DiscoveryView {
                after_days: config.discovery_after_days,
                pipeline: config.discovery_pipeline.and_then(name),
            },
            follow_up_working_days: config.follow_up_working_days,
            tiers: rules.tiers().into(),
            conflict: ConflictView {
                margin: settings.conflict_margin,
                min_confidence: settings.conflict_min_confidence,
                doubt: settings.prior,
            },
        }
    }
}
