//! What a tenant's scoring rules came to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::ids::RuleId;
use crate::domain::scoring::{Category, Tier, TierThresholds};
use crate::store::scoring::{Awarded, RuleAwarded, RuleCounts, Stats};

/// Width of a bucket of scores.
const WIDTH: i32 = 10;

/// Buckets before the last, which has no end.
const BUCKETS: i32 = 10;

/// Rules that are named.
const TOP: usize = 10;

/// What the rules awarded in a period, and how the scores are distributed now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ScoringStatsView {
    /// The period: included.
    pub from: Timestamp,
    /// Not included.
    pub to: Timestamp,
    pub rules: RuleCountsView,
    /// Awarded in the period and not withdrawn.
    pub awarded: AwardedView,
    /// By category; every category is there.
    pub awarded_by_category: BTreeMap<String, AwardedView>,
    /// The rules that gave most points in the period, at most ten.
    pub top_rules: Vec<TopRuleView>,
    /// Leads with a score now.
    pub leads: i64,
    pub average_score: f64,
    /// Leads by tier now; every tier is there.
    pub tiers: BTreeMap<String, i64>,
    /// Leads by score now: 0 to 9, 10 to 19 and so on, the last one open.
    pub buckets: Vec<BucketView>,
}

/// How many rules there are.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleCountsView {
    pub total: i64,
    pub active: i64,
    /// Rules that count events.
    pub event: i64,
    /// Rules that count once while the profile satisfies them.
    pub profile: i64,
}

/// Awards, their points, and how many leads got them.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct AwardedView {
    pub awards: i64,
    pub points: i64,
    pub leads: i64,
}

/// What one rule gave in the period.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TopRuleView {
    pub rule_id: RuleId,
    /// Null like the next two: the rule is gone.
    pub slug: Option<String>,
    pub name: Option<String>,
    pub category: Option<Category>,
    #[serde(flatten)]
    pub awarded: AwardedView,
}

/// Leads whose score lies in a range.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BucketView {
    /// Included.
    pub from: i32,
    /// Included; null: no end.
    pub to: Option<i32>,
    pub leads: i64,
}

impl From<Awarded> for AwardedView {
    fn from(awarded: Awarded) -> Self {
        Self { awards: awarded.awards, points: awarded.points, leads: awarded.leads }
    }
}

impl From<RuleCounts> for RuleCountsView {
    fn from(counts: RuleCounts) -> Self {
        Self { total: counts.total, active: counts.active, event: counts.event, profile: counts.profile }
    }
}

impl From<RuleAwarded> for TopRuleView {
    fn from(rule: RuleAwarded) -> Self {
        Self {
            rule_id: rule.rule,
            slug: rule.slug,
            name: rule.name,
            category: rule.category,
            awarded: rule.awarded.into(),
        }
    }
}

impl ScoringStatsView {
    /// The figures of a period.
    pub fn of(from: Timestamp, to: Timestamp, stats: Stats, thresholds: TierThresholds) -> Self {
        let leads: i64 = stats.scores.iter().map(|(_, leads)| leads).sum();
        let sum: i64 = stats.scores.iter().map(|(score, leads)| i64::from(*score) * leads).sum();
        let mut tiers: BTreeMap<String, i64> =
            [Tier::Cold, Tier::Warm, Tier::Hot, Tier::VeryHot].map(|tier| (tier.as_str().to_owned(), 0)).into();
        let mut buckets: Vec<BucketView> = (0..=BUCKETS)
            .map(|n| BucketView { from: n * WIDTH, to: (n < BUCKETS).then_some(n * WIDTH + WIDTH - 1), leads: 0 })
            .collect();
        for (score, leads) in stats.scores {
            *tiers.entry(thresholds.tier(score).as_str().to_owned()).or_default() += leads;
            let nth = usize::try_from((score / WIDTH).clamp(0, BUCKETS)).unwrap_or_default();
            if let Some(bucket) = buckets.get_mut(nth) {
                bucket.leads += leads;
            }
        }
        let mut by_category: BTreeMap<String, AwardedView> =
            ["demographic", "engagement", "behavior"].map(|name| (name.to_owned(), AwardedView::default())).into();
        for (category, awarded) in stats.categories {
            let name = match category {
                Category::Demographic => "demographic",
                Category::Engagement => "engagement",
                Category::Behavior => "behavior",
            };
            by_category.insert(name.to_owned(), awarded.into());
        }
        let average = if leads == 0 { 0.0 } else { (sum as f64 / leads as f64 * 10.0).round() / 10.0 };
        Self {
            from,
            to,
            rules: stats.rules.into(),
            awarded: stats.all.into(),
            awarded_by_category: by_category,
            top_rules: stats.by_rule.into_iter().take(TOP).map(TopRuleView::from).collect(),
            leads,
            average_score: average,
            tiers,
            buckets,
        }
    }
}
