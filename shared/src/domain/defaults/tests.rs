//! The data every tenant starts with is valid by the same checks as what people write.

use serde_json::Value;

use super::*;
use crate::domain::engine::RuleSet;
use crate::domain::fixtures::default_rules;
use crate::domain::intent::IntentRuleDraft;

fn raw() -> Value {
    serde_json::from_str(include_str!("../defaults.json")).unwrap()
}

#[test]
fn every_default_rule_passes_the_checks_for_drafts() {
    let (raw, defaults) = (raw(), defaults());
    for (raw, draft) in raw["scoring_rules"].as_array().unwrap().iter().zip(&defaults.scoring_rules) {
        assert_eq!(ScoringRuleDraft::validate(raw).as_ref(), Ok(draft));
    }
    for (raw, draft) in raw["intent_rules"].as_array().unwrap().iter().zip(&defaults.intent_rules) {
        assert_eq!(IntentRuleDraft::validate(raw, &defaults.intents).as_ref(), Ok(draft));
    }
    assert_eq!((defaults.scoring_rules.len(), defaults.intent_rules.len()), (20, 11));
}

#[test]
fn the_first_rule_set_compiles_and_survives_storing() {
    let data = default_rules();
    let stored: crate::domain::engine::RuleSetData =
        serde_json::from_str(&serde_json::to_string(&data).unwrap()).unwrap();
    assert_eq!(stored, data);
    let rules = RuleSet::compile(stored).unwrap();
    assert!(!rules.has_mixed(), "no default rule needs a lead's whole log");
    assert_eq!(rules.routing().pipelines.len(), rules.intents().len());
    assert!(rules.routing().discovery_pipeline.is_some());
}

#[test]
fn every_intent_has_a_pipeline_and_every_pipeline_can_be_won_and_lost() {
    let defaults = defaults();
    for intent in &defaults.intents {
        assert!(defaults.pipelines.iter().any(|pipeline| pipeline.intent.as_ref() == Some(intent)), "{intent}");
    }
    for pipeline in &defaults.pipelines {
        assert!(pipeline.stages.iter().enumerate().all(|(at, stage)| stage.position as usize == at + 1));
        assert!(pipeline.stages.iter().any(|stage| stage.is_won) && pipeline.stages.iter().any(|stage| stage.is_lost));
    }
}
