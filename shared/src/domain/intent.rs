//! Intent: what a person seems to be after, as signals with weights and a confidence that one weak signal cannot fill.

mod draft;
#[cfg(test)]
mod tests;

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ids::{EventId, RuleId};

pub use draft::IntentRuleDraft;

/// An intent rule as it is stored and kept in rule-set versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IntentRule {
    /// The rule, the same across its versions.
    pub id: RuleId,
    /// Counts up with every change of the rule.
    pub version: i32,
    /// Short name in addresses and exports, unique per tenant.
    pub slug: String,
    /// The intent a match speaks for.
    pub intent: String,
    /// When it matches, in the condition language. A rule that reads no event field is a profile rule: it counts once
    /// while it holds and never expires.
    pub conditions: Value,
    /// How strongly a match speaks, 1–100.
    pub weight: u32,
    /// Matches that count per lead, for life; `None` = no cap.
    pub max_per_lead: Option<u32>,
    /// Days until a signal stops counting; `None` = never.
    pub expires_after_days: Option<u32>,
    /// Inactive rules give no signals.
    pub is_active: bool,
}

/// One counted match of an intent rule. Two signals are the same row when all their parts are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Signal {
    /// The rule.
    pub rule: RuleId,
    /// The version of the rule.
    pub rule_version: i32,
    /// The event that was counted; none for profile rules.
    pub event: Option<EventId>,
    /// The intent it speaks for.
    pub intent: String,
    /// How strongly.
    pub weight: u32,
    /// Since when it counts; chosen as for [`super::scoring::Award`].
    pub detected_at: Timestamp,
    /// From when on it no longer counts; never when absent.
    pub expires_at: Option<Timestamp>,
}

/// A share of certainty in per cent with one decimal, 0.0–100.0. Kept as tenths, so that equal inputs give equal values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Confidence(u16);

impl Confidence {
    /// No certainty at all.
    pub const ZERO: Self = Self(0);
    /// Full certainty.
    pub const FULL: Self = Self(1000);

    /// `100 · weight / (all + prior)`, rounded half up to one decimal.
    pub fn of(weight: u64, all: u64, prior: u32) -> Self {
        let denominator = u128::from(all) + u128::from(prior);
        if denominator == 0 {
            return Self::ZERO;
        }
        let tenths = (2000 * u128::from(weight) + denominator) / (2 * denominator);
        Self(u16::try_from(tenths.min(1000)).unwrap_or(1000))
    }

    /// From tenths of a per cent; more than 100 % becomes 100 %.
    pub const fn from_tenths(tenths: u16) -> Self {
        Self(if tenths > 1000 { 1000 } else { tenths })
    }

    /// From whole per cent.
    pub const fn percent(percent: u16) -> Self {
        Self::from_tenths(percent.saturating_mul(10))
    }

    /// In tenths of a per cent, 0–1000.
    pub const fn tenths(self) -> u16 {
        self.0
    }

    /// By how much this one is higher; zero when it is not.
    #[must_use]
    pub const fn lead_over(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

impl From<Confidence> for f64 {
    fn from(confidence: Confidence) -> Self {
        Self::from(confidence.0) / 10.0
    }
}

/// The number is not a percentage.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0} is not between 0 and 100")]
pub struct BadConfidence(pub f64);

impl TryFrom<f64> for Confidence {
    type Error = BadConfidence;

    fn try_from(percent: f64) -> Result<Self, Self::Error> {
        if !(0.0..=100.0).contains(&percent) {
            return Err(BadConfidence(percent));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 1000, checked above"
        )]
        let tenths = (percent * 10.0).round() as u16;
        Ok(Self(tenths))
    }
}

impl JsonSchema for Confidence {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Confidence".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "number",
            "minimum": 0,
            "maximum": 100,
            "description": "Per cent, one decimal.",
        })
    }
}

/// How strongly a lead's unexpired signals speak for one intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IntentWeight {
    /// The intent.
    pub intent: String,
    /// Sum of the weights of its signals.
    pub weight: u64,
    /// The confidence that follows from it.
    pub confidence: Confidence,
}

/// The tenant's numbers that turn weights into confidence and conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IntentSettings {
    /// Weight of doubt added to the sum of all weights.
    pub prior: u32,
    /// A runner-up within so many points of the winner is a conflict …
    pub conflict_margin: Confidence,
    /// … when both have at least this confidence.
    pub conflict_min_confidence: Confidence,
}

impl Default for IntentSettings {
    fn default() -> Self {
        Self { prior: 10, conflict_margin: Confidence::percent(15), conflict_min_confidence: Confidence::percent(30) }
    }
}

/// What the signals add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntentPicture {
    /// All intents of the tenant, in the tenant's order.
    pub intents: Vec<IntentWeight>,
    /// Position of the intent with the highest weight; ties go to the earlier one. None without any signal.
    pub primary: Option<usize>,
    /// Position of the second highest.
    pub runner_up: Option<usize>,
    /// Whether the runner-up is too close to the winner for a machine to decide.
    pub conflict: bool,
}

impl IntentPicture {
    /// The picture that given weights (in the tenant's order) make.
    pub fn from_weights(weights: impl IntoIterator<Item = (String, u64)>, settings: IntentSettings) -> Self {
        let weights: Vec<_> = weights.into_iter().collect();
        let all = weights.iter().map(|(_, weight)| weight).sum();
        let intents: Vec<_> = weights
            .into_iter()
            .map(|(intent, weight)| {
                let confidence = Confidence::of(weight, all, settings.prior);
                IntentWeight { intent, weight, confidence }
            })
            .collect();
        let mut ranked: Vec<usize> = (0..intents.len()).filter(|position| intents[*position].weight > 0).collect();
        // Stable: equal weights stay in the tenant's order.
        ranked.sort_by_key(|position| std::cmp::Reverse(intents[*position].weight));
        let primary = ranked.first().copied();
        let runner_up = ranked.get(1).copied();
        let conflict = primary.zip(runner_up).is_some_and(|(first, second)| {
            let (first, second) = (intents[first].confidence, intents[second].confidence);
            first.lead_over(second) <= settings.conflict_margin && second >= settings.conflict_min_confidence
        });
        Self { intents, primary, runner_up, conflict }
    }

    /// The intent with the highest weight.
    pub fn primary(&self) -> Option<&IntentWeight> {
        self.primary.map(|position| &self.intents[position])
    }

    /// The intent that comes second.
    pub fn runner_up(&self) -> Option<&IntentWeight> {
        self.runner_up.map(|position| &self.intents[position])
    }
}
