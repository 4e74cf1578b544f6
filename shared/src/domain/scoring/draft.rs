//! A scoring rule as a person writes it, and what can be wrong with it.

use serde_json::{Map, Value};

use super::super::conditions::{Condition, Context};
use super::super::faults::Fault;
use super::super::ids::RuleId;
use super::super::read::Reader;
use super::{Category, RuleType, SCORE_DECAY_DAYS, ScoringRule};

/// How many points one award may give or take.
const MAX_POINTS: i64 = 1000;
/// The largest cap or lifetime that is told apart from "none".
const MAX_COUNT: i64 = 100_000;

/// The content of a scoring rule: everything but its id and version.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoringRuleDraft {
    /// Short name in addresses and exports: lower-case words joined by hyphens.
    #[schemars(regex(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$"), length(max = 64))]
    pub slug: String,
    /// Name for people.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub description: String,
    /// What it looks at: `profile` rules read only `lead.*` and `organization.*`, `event` rules read the event too.
    pub rule_type: RuleType,
    /// Which part of the score it feeds.
    pub category: Category,
    /// When it matches, in the condition language.
    pub conditions: Value,
    /// Points per award, -1000 to 1000, not 0.
    #[schemars(range(min = -1000, max = 1000))]
    pub points: i32,
    /// Awards per lead and UTC day; no cap when null or absent.
    #[serde(default)]
    pub max_per_day: Option<u32>,
    /// Awards per lead for life; no cap when null or absent.
    #[serde(default)]
    pub max_per_lead: Option<u32>,
    /// Days until an award stops counting: 90 when absent, never when null. Profile rules never expire.
    #[serde(default = "default_expiry")]
    pub expires_after_days: Option<u32>,
    /// Inactive rules award nothing.
    #[serde(default = "yes")]
    pub is_active: bool,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
const fn default_expiry() -> Option<u32> {
    Some(SCORE_DECAY_DAYS)
}

impl ScoringRuleDraft {
    /// Reads and checks a draft.
    ///
    /// # Errors
    /// Every fault, with its JSON pointer from the draft's root; those of the conditions too.
    pub fn validate(raw: &Value) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::new(
            raw,
            &[
                "slug",
                "name",
                "description",
                "rule_type",
                "category",
                "conditions",
                "points",
                "max_per_day",
                "max_per_lead",
                "expires_after_days",
                "is_active",
            ],
        )?;
        let slug = reader.slug("slug");
        let name = reader.text("name", 200);
        let description = reader.optional_text("description", 2000);
        let rule_type = reader.choice("rule_type", &[("event", RuleType::Event), ("profile", RuleType::Profile)]);
        let category = reader.choice(
            "category",
            &[
                ("demographic", Category::Demographic),
                ("engagement", Category::Engagement),
                ("behavior", Category::Behavior),
            ],
        );
        let points = reader.integer("points", -MAX_POINTS..=MAX_POINTS);
        if points == Some(0) {
            reader.fault("points", "not_allowed", "Give or take at least one point.");
        }
        let max_per_day = reader.optional_integer("max_per_day", 1..=MAX_COUNT);
        let max_per_lead = reader.optional_integer("max_per_lead", 1..=MAX_COUNT);
        let expires = if reader.has("expires_after_days") {
            reader.optional_integer("expires_after_days", 1..=MAX_COUNT)
        } else {
            Some(i64::from(SCORE_DECAY_DAYS))
        };
        let is_active = reader.flag("is_active", true);
        let conditions = checked_conditions(&mut reader, rule_type);
        reader.finish()?;
        let (Some(slug), Some(name), Some(rule_type), Some(category), Some(points), Some(conditions)) =
            (slug, name, rule_type, category, points, conditions)
        else {
            // Each of them left a fault when it was read, so this is not reached.
            return Err(vec![Fault::new("", "invalid", "Correct the rule.")]);
        };
        let count = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
        Ok(Self {
            slug,
            name,
            description,
            rule_type,
            category,
            conditions,
            points: i32::try_from(points).unwrap_or_default(),
            max_per_day: count(max_per_day),
            max_per_lead: count(max_per_lead),
            expires_after_days: if rule_type == RuleType::Profile { None } else { count(expires) },
            is_active,
        })
    }

    /// The rule this draft makes.
    pub fn into_rule(self, id: RuleId, version: i32) -> ScoringRule {
        ScoringRule {
            id,
            version,
            slug: self.slug,
            name: self.name,
            description: self.description,
            rule_type: self.rule_type,
            category: self.category,
            conditions: self.conditions,
            points: self.points,
            max_per_day: self.max_per_day,
            max_per_lead: self.max_per_lead,
            expires_after_days: if self.rule_type == RuleType::Profile { None } else { self.expires_after_days },
            is_active: self.is_active,
        }
    }
}

/// The conditions, if they parse and fit the type of the rule.
fn checked_conditions(reader: &mut Reader<'_>, rule_type: Option<RuleType>) -> Option<Value> {
    let source = reader.object("conditions")?;
    let source = Value::Object(Map::clone(source));
    match Condition::parse(&source, Context::Lead) {
        Err(faults) => {
            reader.faults_within("conditions", faults);
            None
        }
        Ok(condition) => match (rule_type, condition.uses_event()) {
            (Some(RuleType::Profile), true) => {
                let detail = "A profile rule reads only lead.* and organization.*; make it an event rule, or leave the event out.";
                reader.fault("conditions", "wrong_rule_type", detail);
                None
            }
            (Some(RuleType::Event), false) => {
                let detail =
                    "These conditions read no field of the event: make it a profile rule, or name the event_type.";
                reader.fault("conditions", "wrong_rule_type", detail);
                None
            }
            _ => Some(source),
        },
    }
}
