//! What a new tenant starts with: rules, tiers, intents, routing and pipelines, kept as data beside this file.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::conditions::expressions;
use super::engine::RuleSetData;
use super::ids::{PipelineId, RuleId};
use super::intent::{Confidence, IntentRuleDraft, IntentSettings};
use super::routing::RoutingConfig;
use super::scoring::{ScoringRuleDraft, TierThresholds};

/// The content of `defaults.json`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// From which score on a tier holds.
    pub tiers: TierThresholds,
    /// Scoring rules.
    pub scoring_rules: Vec<ScoringRuleDraft>,
    /// Intents in order.
    pub intents: Vec<String>,
    /// Weight of doubt.
    pub intent_prior: u32,
    /// How close a second intent may come, in points of confidence.
    pub conflict_margin: Confidence,
    /// From which confidence on a second intent counts as one.
    pub conflict_min_confidence: Confidence,
    /// Intent rules.
    pub intent_rules: Vec<IntentRuleDraft>,
    /// Thresholds of routing.
    pub routing: DefaultRouting,
    /// Pipelines with their stages.
    pub pipelines: Vec<PipelineDraft>,
}

impl Defaults {
    /// Doubt and conflict as the engine takes them.
    pub const fn intent_settings(&self) -> IntentSettings {
        IntentSettings {
            prior: self.intent_prior,
            conflict_margin: self.conflict_margin,
            conflict_min_confidence: self.conflict_min_confidence,
        }
    }
}

impl Defaults {
    /// The first rule set of a tenant: version 1 of everything. `pipeline_of` gives the id under which a pipeline was made,
    /// by its slug.
    pub fn rule_set(
        &self,
        mut new_id: impl FnMut() -> RuleId,
        pipeline_of: impl Fn(&str) -> Option<PipelineId>,
    ) -> RuleSetData {
        let routed = self.pipelines.iter().filter_map(|draft| Some((draft.intent.clone()?, pipeline_of(&draft.slug)?)));
        let pipelines: BTreeMap<_, _> = routed.collect();
        let discovery = self.pipelines.iter().find(|draft| draft.intent.is_none());
        RuleSetData {
            version: 1,
            scoring_rules: self.scoring_rules.iter().map(|draft| draft.clone().into_rule(new_id(), 1)).collect(),
            tiers: self.tiers,
            intents: self.intents.clone(),
            intent_rules: self.intent_rules.iter().map(|draft| draft.clone().into_rule(new_id(), 1)).collect(),
            intent_settings: self.intent_settings(),
            routing: RoutingConfig {
                min_score: self.routing.min_score,
                min_confidence: self.routing.min_confidence,
                discovery_after_days: self.routing.discovery_after_days,
                follow_up_working_days: self.routing.follow_up_working_days,
                pipelines,
                discovery_pipeline: discovery.and_then(|draft| pipeline_of(&draft.slug)),
            },
        }
    }
}

/// Thresholds of routing; the pipelines get their ids when a tenant is made.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefaultRouting {
    /// The lowest total score at which a lead is routed.
    pub min_score: i32,
    /// The lowest confidence at which a lead is routed.
    pub min_confidence: Confidence,
    /// After how many days of unclear intent a lead goes to Discovery.
    pub discovery_after_days: Option<u32>,
    /// In how many working days the follow-up is due.
    pub follow_up_working_days: u32,
}

/// A pipeline to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineDraft {
    /// Short name in addresses, unique per tenant.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// The intent it is for; none for Discovery.
    pub intent: Option<String>,
    /// Expected value of a new deal, in minor units of `currency`.
    pub expected_value_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Stages in order of position.
    pub stages: Vec<StageDraft>,
}

/// A stage to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageDraft {
    /// Position within the pipeline, from 1.
    pub position: i32,
    /// Name for people.
    pub name: String,
    /// Probability of winning a deal in this stage, in per cent.
    pub probability: i32,
    /// A deal that enters it is won.
    pub is_won: bool,
    /// A deal that enters it is lost.
    pub is_lost: bool,
    /// `#RRGGBB`.
    pub color: String,
    /// Name of an icon.
    pub icon: String,
}

/// Whether a rule that every tenant starts with has this regular expression: whoever changes something else of such a rule sends it
/// back as it was.
pub fn has_expression(text: &str) -> bool {
    static EXPRESSIONS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
        let scoring = defaults().scoring_rules.iter().map(|rule| &rule.conditions);
        let all = scoring.chain(defaults().intent_rules.iter().map(|rule| &rule.conditions));
        all.flat_map(expressions).collect()
    });
    EXPRESSIONS.contains(text)
}

/// What a new tenant starts with.
pub fn defaults() -> &'static Defaults {
    static DEFAULTS: LazyLock<Defaults> = LazyLock::new(|| {
        #[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
        serde_json::from_str(include_str!("defaults.json")).expect("defaults.json has the shape of Defaults")
    });
    &DEFAULTS
}
