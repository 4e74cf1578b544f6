//! A rule set: the snapshot that is stored per version, and its compiled form that is held in memory.

use std::collections::{BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::conditions::{Condition, Context, EventTypes, Facts, FieldPath};
use super::super::faults::Fault;
use super::super::intent::{IntentRule, IntentSettings};
use super::super::profile::Profile;
use super::super::routing::RoutingConfig;
use super::super::scoring::{ScoringRule, TierThresholds};

/// The snapshot of all a tenant's rules, as it is stored for every version. Rules are never deleted from it by the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleSetData {
    /// Counts up with every change of any rule or setting.
    pub version: i32,
    /// Scoring rules; inactive ones award nothing.
    pub scoring_rules: Vec<ScoringRule>,
    /// From which score on a tier holds.
    pub tiers: TierThresholds,
    /// The tenant's intents; the order breaks ties.
    pub intents: Vec<String>,
    /// Intent rules; inactive ones give no signals.
    pub intent_rules: Vec<IntentRule>,
    /// Doubt and conflict.
    #[serde(default)]
    pub intent_settings: IntentSettings,
    /// When and where leads are routed.
    pub routing: RoutingConfig,
}

/// A rule set ready to be applied. Compile it once per version and share it.
#[derive(Debug)]
pub struct RuleSet {
    data: RuleSetData,
    pub(super) scoring: Vec<Compiled>,
    pub(super) intent: Vec<Compiled>,
    pub(super) scoring_index: EventIndex,
    pub(super) intent_index: EventIndex,
    mixed_fields: BTreeSet<FieldPath>,
    has_mixed: bool,
}

/// A rule's compiled condition.
#[derive(Debug)]
pub(super) struct Compiled {
    /// Position of the rule in the snapshot.
    pub rule: usize,
    pub condition: Condition,
}

impl Compiled {
    /// Whether the rule counts events; otherwise it is a profile rule.
    pub fn counts_events(&self) -> bool {
        self.condition.uses_event()
    }

    /// Whether the rule counts events and reads the profile or organization.
    pub fn is_mixed(&self) -> bool {
        self.counts_events() && (self.condition.uses_lead() || self.condition.uses_organization())
    }
}

/// Which event rules can match an event of a given type at all.
#[derive(Debug, Default)]
pub(super) struct EventIndex {
    by_type: HashMap<String, Vec<usize>>,
    any: Vec<usize>,
}

impl EventIndex {
    fn of(rules: &[Compiled]) -> Self {
        let mut index = Self::default();
        for (position, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.counts_events()) {
            match rule.condition.event_types() {
                EventTypes::Any => index.any.push(position),
                EventTypes::Only(types) => {
                    for event_type in types {
                        index.by_type.entry(event_type).or_default().push(position);
                    }
                }
            }
        }
        index
    }

    /// Positions of the rules worth testing for `event_type`.
    pub fn candidates(&self, event_type: &str) -> impl Iterator<Item = usize> {
        self.by_type.get(event_type).into_iter().flatten().chain(&self.any).copied()
    }
}

impl RuleSet {
    /// Compiles a snapshot.
    ///
    /// # Errors
    /// Every fault of every rule, with pointers into the snapshot (`/scoring_rules/3/conditions/all/0/op`).
    pub fn compile(data: RuleSetData) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut scoring = Vec::new();
        for (rule, source) in data.scoring_rules.iter().enumerate().filter(|(_, rule)| rule.is_active) {
            match Condition::parse(&source.conditions, Context::Lead) {
                Ok(condition) => scoring.push(Compiled { rule, condition }),
                Err(found) => {
                    let prefix = format!("/scoring_rules/{rule}/conditions");
                    faults.extend(found.into_iter().map(|fault| fault.within(&prefix)));
                }
            }
        }
        let mut intent = Vec::new();
        for (rule, source) in data.intent_rules.iter().enumerate().filter(|(_, rule)| rule.is_active) {
            if !data.intents.contains(&source.intent) {
                let detail = format!("Add `{}` to the tenant's intents, or change the rule's intent.", source.intent);
                faults.push(Fault::new(format!("/intent_rules/{rule}/intent"), "unknown_intent", detail));
            }
            match Condition::parse(&source.conditions, Context::Lead) {
                Ok(condition) => intent.push(Compiled { rule, condition }),
                Err(found) => {
                    let prefix = format!("/intent_rules/{rule}/conditions");
                    faults.extend(found.into_iter().map(|fault| fault.within(&prefix)));
                }
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mixed = || scoring.iter().chain(&intent).filter(|rule| rule.is_mixed());
        let mixed_fields = mixed().flat_map(|rule| rule.condition.lead_fields().iter().cloned()).collect();
        let has_mixed = mixed().next().is_some();
        let (scoring_index, intent_index) = (EventIndex::of(&scoring), EventIndex::of(&intent));
        Ok(Self { data, scoring, intent, scoring_index, intent_index, mixed_fields, has_mixed })
    }

    /// The version of the snapshot.
    pub const fn version(&self) -> i32 {
        self.data.version
    }

    /// The snapshot it was compiled from.
    pub const fn data(&self) -> &RuleSetData {
        &self.data
    }

    /// The tenant's intents in order.
    pub fn intents(&self) -> &[String] {
        &self.data.intents
    }

    /// The tenant's tiers.
    pub const fn tiers(&self) -> TierThresholds {
        self.data.tiers
    }

    /// Doubt and conflict.
    pub const fn intent_settings(&self) -> IntentSettings {
        self.data.intent_settings
    }

    /// When and where leads are routed.
    pub const fn routing(&self) -> &RoutingConfig {
        &self.data.routing
    }

    /// Whether any event rule reads profile or organization fields.
    pub const fn has_mixed(&self) -> bool {
        self.has_mixed
    }

    /// Whether two profiles differ in a field that some event rule reads.
    pub fn mixed_fields_differ(&self, before: &Profile, after: &Profile) -> bool {
        let of = |profile| Facts { lead: Some(profile), ..Facts::default() };
        self.mixed_fields.iter().any(|field| !field.reads_same(&of(before), &of(after)))
    }
}
