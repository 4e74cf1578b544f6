//! A rule set: the snapshot that is stored per version, and its compiled form that is held in memory.

use std::collections::{BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::conditions::{Condition, Context, EventTypes, Facts, FieldPath, expressions};
use super::super::faults::Fault;
use super::super::ids::RuleId;
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
    bytes: usize,
    switched_off: Vec<SwitchedOff>,
}

/// A rule of a snapshot that awards nothing, although it is active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchedOff {
    pub rule: RuleId,
    pub slug: String,
    /// A sentence for people.
    pub reason: String,
}

/// The most rules of a tenant, whether active or not.
pub const MAX_RULES: usize = 500;
/// The most regular expressions in a tenant's active rules.
pub const MAX_REGEXES: usize = 50;
/// The most memory one tenant's rules take, in bytes. Rules within the limits of today stay far below; of those that are older, the
/// last ones are switched off, because a function that has not enough memory works for nobody.
pub const MAX_BYTES: usize = 96 << 20;
/// What one byte of a snapshot as JSON takes in memory, parsed and compiled: measured at 4 to 6.
const BYTES_PER_JSON: usize = 6;

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

/// Compiles the rules of one snapshot, one after the other.
struct Compiler {
    faults: Vec<Fault>,
    /// What those so far take.
    bytes: usize,
    /// There was no room for one of them.
    is_full: bool,
    switched_off: Vec<SwitchedOff>,
}

impl Compiler {
    fn compile(&mut self, rule: usize, id: RuleId, slug: &str, conditions: &Value, at: &str) -> Option<Compiled> {
        const NO_ROOM: &str = "The regular expressions of the rules before it take all the memory there is for them.";
        // Compiling them only to find out that there is no room takes its time as well.
        if self.is_full && !expressions(conditions).is_empty() {
            self.switch_off(id, slug, NO_ROOM);
            return None;
        }
        let reason = match Condition::parse_stored(conditions, Context::Lead) {
            Ok(condition) if condition.regexes() == 0 || self.bytes + condition.regex_bytes() <= MAX_BYTES => {
                self.bytes += condition.regex_bytes();
                return Some(Compiled { rule, condition });
            }
            Ok(_) => {
                self.is_full = true;
                NO_ROOM
            }
            Err(faults) if faults.iter().all(|fault| fault.code == "too_complex") => {
                "Its regular expression takes more memory than this release allows."
            }
            Err(faults) => {
                let prefix = format!("{at}/conditions");
                self.faults.extend(faults.into_iter().map(|fault| fault.within(&prefix)));
                return None;
            }
        };
        self.switch_off(id, slug, reason);
        None
    }

    fn switch_off(&mut self, rule: RuleId, slug: &str, reason: &str) {
        self.switched_off.push(SwitchedOff { rule, slug: slug.to_owned(), reason: reason.to_owned() });
    }
}

impl RuleSet {
    /// Compiles a snapshot. Conditions are taken as they were stored; a rule for whose regular expressions there is no memory is
    /// switched off instead (see [`Self::switched_off`]).
    ///
    /// # Errors
    /// Every fault of every rule, with pointers into the snapshot (`/scoring_rules/3/conditions/all/0/op`).
    pub fn compile(data: RuleSetData) -> Result<Self, Vec<Fault>> {
        let size = serde_json::to_vec(&data).map_or(0, |json| json.len()).saturating_mul(BYTES_PER_JSON);
        let mut compiler = Compiler { faults: Vec::new(), bytes: size, is_full: false, switched_off: Vec::new() };
        let mut scoring = Vec::new();
        for (rule, source) in data.scoring_rules.iter().enumerate().filter(|(_, rule)| rule.is_active) {
            let at = format!("/scoring_rules/{rule}");
            scoring.extend(compiler.compile(rule, source.id, &source.slug, &source.conditions, &at));
        }
        let mut intent = Vec::new();
        for (rule, source) in data.intent_rules.iter().enumerate().filter(|(_, rule)| rule.is_active) {
            let at = format!("/intent_rules/{rule}");
            if !data.intents.contains(&source.intent) {
                let detail = format!("Add `{}` to the tenant's intents, or change the rule's intent.", source.intent);
                compiler.faults.push(Fault::new(format!("{at}/intent"), "unknown_intent", detail));
            }
            intent.extend(compiler.compile(rule, source.id, &source.slug, &source.conditions, &at));
        }
        let Compiler { faults, bytes, switched_off, .. } = compiler;
        if !faults.is_empty() {
            return Err(faults);
        }
        let mixed = || scoring.iter().chain(&intent).filter(|rule| rule.is_mixed());
        let mixed_fields = mixed().flat_map(|rule| rule.condition.lead_fields().iter().cloned()).collect();
        let has_mixed = mixed().next().is_some();
        let (scoring_index, intent_index) = (EventIndex::of(&scoring), EventIndex::of(&intent));
        Ok(Self { data, scoring, intent, scoring_index, intent_index, mixed_fields, has_mixed, bytes, switched_off })
    }

    /// The most memory it takes, in bytes; an estimate that is rather too high.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Active rules that award nothing, because there is no memory for their regular expressions.
    pub fn switched_off(&self) -> &[SwitchedOff] {
        &self.switched_off
    }

    /// The compiled conditions of all rules that award or signal something.
    #[cfg(test)]
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.scoring.iter().chain(&self.intent).map(|rule| &rule.condition)
    }

    /// Whether a tenant may have these rules, of which one is new or has new conditions. What a tenant had before stays.
    ///
    /// # Errors
    /// What there is too much of, with a pointer into that rule.
    pub fn check_room(&self, changed: RuleId) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        if self.data.scoring_rules.len() + self.data.intent_rules.len() > MAX_RULES {
            let detail = format!("There are {MAX_RULES} rules, and more are not taken: change one of them instead.");
            faults.push(Fault::new("", "too_many", detail));
        }
        let scoring = self.scoring.iter().map(|rule| (self.data.scoring_rules[rule.rule].id, &rule.condition));
        let intent = self.intent.iter().map(|rule| (self.data.intent_rules[rule.rule].id, &rule.condition));
        let (mut own, mut all) = (0, 0);
        for (id, condition) in scoring.chain(intent) {
            all += condition.regexes();
            own += if id == changed { condition.regexes() } else { 0 };
        }
        if own > 0 && all > MAX_REGEXES || self.switched_off.iter().any(|off| off.rule == changed) {
            let detail = format!(
                "All rules together have more than {MAX_REGEXES} regular expressions with these. Use `in`, `contains` or `starts_with`, or join several as `a|b`."
            );
            faults.push(Fault::new("/conditions", "too_many_regexes", detail));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
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
