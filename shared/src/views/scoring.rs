//! Scoring rules, and what a lead's score is made of.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::domain::ids::{LeadId, RuleId};
use crate::domain::scoring::{Category, RuleType, ScoreSums, Tier, TierThresholds};
use crate::store::scoring_rules::{RuleAwards, StoredRule};

/// A scoring rule.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ScoringRuleView {
    pub id: RuleId,
    /// Short name, unique per tenant.
    pub slug: String,
    pub name: String,
    pub description: String,
    pub rule_type: RuleType,
    pub category: Category,
    /// When it matches, in the condition language.
    pub conditions: Value,
    /// Points per award; negative ones take away.
    pub points: i32,
    /// Awards per lead and UTC day; no cap when null.
    pub max_per_day: Option<u32>,
    /// Awards per lead for life; no cap when null.
    pub max_per_lead: Option<u32>,
    /// Days until an award stops counting; never when null.
    pub expires_after_days: Option<u32>,
    pub is_active: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i32,
}

impl From<StoredRule> for ScoringRuleView {
    fn from(stored: StoredRule) -> Self {
        let rule = stored.rule;
        Self {
            id: rule.id,
            slug: rule.slug,
            name: rule.name,
            description: rule.description,
            rule_type: rule.rule_type,
            category: rule.category,
            conditions: rule.conditions,
            points: rule.points,
            max_per_day: rule.max_per_day,
            max_per_lead: rule.max_per_lead,
            expires_after_days: rule.expires_after_days,
            is_active: rule.is_active,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            version: rule.version,
        }
    }
}

/// What a lead's score is made of, at one moment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BreakdownView {
    pub lead_id: LeadId,
    /// The moment it is about. The lead itself shows the score of its last evaluation; until the daily decay has run, awards that
    /// expired since then are still in that one.
    pub at: Timestamp,
    /// `max(0, sum of the categories)`.
    pub total_score: i32,
    pub tier: Tier,
    pub scores: ScoreSums,
    /// When the next award stops counting.
    pub next_expiry_at: Option<Timestamp>,
    /// Rules that gave the lead anything, in the order of their making.
    pub rules: Vec<RuleBreakdown>,
}

/// What one rule gave a lead in one category.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleBreakdown {
    pub rule_id: RuleId,
    /// Null like `name` and the caps: the rule is gone.
    pub slug: Option<String>,
    pub name: Option<String>,
    pub rule_type: Option<RuleType>,
    /// Whether it still awards points.
    pub is_active: bool,
    pub category: Category,
    /// Awards that count.
    pub awards: i64,
    /// Points they give.
    pub points: i64,
    pub next_expiry_at: Option<Timestamp>,
    pub last_awarded_at: Option<Timestamp>,
    pub caps: CapsView,
    /// Awards that counted until they expired.
    pub expired: AwardSum,
    /// Awards that a late event displaced or a profile no longer earns.
    pub withdrawn: AwardSum,
}

/// Number of awards and their points.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AwardSum {
    pub awards: i64,
    pub points: i64,
}

/// How far a rule's caps are used.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CapsView {
    pub max_per_day: Option<i32>,
    /// Awards of the current UTC day.
    pub today: i64,
    /// Another match today gives nothing.
    pub day_reached: bool,
    pub max_per_lead: Option<i32>,
    /// Awards ever, expired ones included: this cap is for life.
    pub ever: i64,
    /// No further match ever gives anything.
    pub lead_reached: bool,
}

impl BreakdownView {
    /// Adds up what the rules gave.
    pub fn of(lead_id: LeadId, awards: Vec<RuleAwards>, tiers: TierThresholds, at: Timestamp) -> Self {
        let mut scores = ScoreSums::default();
        for award in &awards {
            scores.add(award.category, i32::try_from(award.points).unwrap_or(i32::MAX));
        }
        // A cap counts all awards of the rule, in whatever category earlier versions put them.
        let totals: Vec<(RuleId, i64, i64)> =
            awards.iter().map(|award| (award.rule, award.counted + award.expired, award.awarded_today)).collect();
        let rules: Vec<RuleBreakdown> = awards
            .into_iter()
            .map(|award| {
                let own = totals.iter().filter(|(rule, _, _)| *rule == award.rule);
                let (ever, today) =
                    own.fold((0, 0), |(ever, today), (_, all, of_today)| (ever + all, today + of_today));
                RuleBreakdown::of(award, ever, today)
            })
            .collect();
        let total_score = scores.total();
        Self {
            lead_id,
            at,
            total_score,
            tier: tiers.tier(total_score),
            scores,
            next_expiry_at: rules.iter().filter_map(|rule| rule.next_expiry_at).min(),
            rules,
        }
    }
}

impl RuleBreakdown {
    fn of(award: RuleAwards, ever: i64, today: i64) -> Self {
        let rule = award.today;
        let max_per_day = rule.as_ref().and_then(|rule| rule.max_per_day);
        let max_per_lead = rule.as_ref().and_then(|rule| rule.max_per_lead);
        Self {
            rule_id: award.rule,
            is_active: rule.as_ref().is_some_and(|rule| rule.active),
            rule_type: rule.as_ref().map(|rule| rule.rule_type),
            name: rule.as_ref().map(|rule| rule.name.clone()),
            slug: rule.map(|rule| rule.slug),
            category: award.category,
            awards: award.counted,
            points: award.points,
            next_expiry_at: award.next_expiry_at,
            last_awarded_at: award.last_awarded_at,
            caps: CapsView {
                max_per_day,
                today,
                day_reached: max_per_day.is_some_and(|cap| today >= i64::from(cap)),
                max_per_lead,
                ever,
                lead_reached: max_per_lead.is_some_and(|cap| ever >= i64::from(cap)),
            },
            expired: AwardSum { awards: award.expired, points: award.expired_points },
            withdrawn: AwardSum { awards: award.withdrawn, points: award.withdrawn_points },
        }
    }
}
