//! An intent rule as a person writes it, and what can be wrong with it.

use serde_json::{Map, Value};

use super::super::conditions::{Condition, Context};
use super::super::faults::Fault;
use super::super::ids::RuleId;
use super::super::read::Reader;
use super::super::scoring::SCORE_DECAY_DAYS;
use super::IntentRule;

/// The content of an intent rule: everything but its id and version.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntentRuleDraft {
    /// Short name in addresses and exports: lower-case words joined by hyphens.
    #[schemars(regex(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$"), length(max = 64))]
    pub slug: String,
    /// The intent a match speaks for: one of the tenant's.
    pub intent: String,
    /// When it matches, in the condition language.
    pub conditions: Value,
    /// How strongly a match speaks, 1–100.
    #[schemars(range(min = 1, max = 100))]
    pub weight: u32,
    /// Matches that count per lead, for life; no cap when null or absent.
    #[serde(default)]
    pub max_per_lead: Option<u32>,
    /// Days until a signal stops counting: 90 when absent, never when null. Rules that read no event never expire.
    #[serde(default = "default_expiry")]
    pub expires_after_days: Option<u32>,
    /// Inactive rules give no signals.
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

impl IntentRuleDraft {
    /// Reads and checks a draft. `intents` are the tenant's.
    ///
    /// # Errors
    /// Every fault, with its JSON pointer from the draft's root; those of the conditions too.
    pub fn validate(raw: &Value, intents: &[String]) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::new(
            raw,
            &["slug", "intent", "conditions", "weight", "max_per_lead", "expires_after_days", "is_active"],
        )?;
        let slug = reader.slug("slug");
        let intent = reader.text("intent", 64);
        if intent.as_ref().is_some_and(|intent| !intents.contains(intent)) {
            reader.fault(
                "intent",
                "unknown_intent",
                format!("Use one of the tenant's intents: {}.", intents.join(", ")),
            );
        }
        let weight = reader.integer("weight", 1..=100);
        let max_per_lead = reader.optional_integer("max_per_lead", 1..=100_000);
        let expires = if reader.has("expires_after_days") {
            reader.optional_integer("expires_after_days", 1..=100_000)
        } else {
            Some(i64::from(SCORE_DECAY_DAYS))
        };
        let is_active = reader.flag("is_active", true);
        let conditions = reader.object("conditions").map(|source| Value::Object(Map::clone(source)));
        if let Some(Err(faults)) = conditions.as_ref().map(|source| Condition::parse(source, Context::Lead)) {
            reader.faults_within("conditions", faults);
        }
        reader.finish()?;
        let (Some(slug), Some(intent), Some(weight), Some(conditions)) = (slug, intent, weight, conditions) else {
            // Each of them left a fault when it was read, so this is not reached.
            return Err(vec![Fault::new("", "invalid", "Correct the rule.")]);
        };
        let count = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
        Ok(Self {
            slug,
            intent,
            conditions,
            weight: u32::try_from(weight).unwrap_or(1),
            max_per_lead: count(max_per_lead),
            expires_after_days: count(expires),
            is_active,
        })
    }

    /// The rule this draft makes.
    pub fn into_rule(self, id: RuleId, version: i32) -> IntentRule {
        IntentRule {
            id,
            version,
            slug: self.slug,
            intent: self.intent,
            conditions: self.conditions,
            weight: self.weight,
            max_per_lead: self.max_per_lead,
            expires_after_days: self.expires_after_days,
            is_active: self.is_active,
        }
    }
}
