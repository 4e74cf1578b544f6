//! Points: scoring rules, what they award, and how caps, expiry and tiers turn awards into a score.

mod draft;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ids::{EventId, RuleId};

pub use draft::ScoringRuleDraft;

/// After how many days an award expires when its rule does not say: the decay of interest.
pub const SCORE_DECAY_DAYS: u32 = 90;

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleType {
    /// Counts events.
    Event,
    /// Counts once while the profile satisfies it.
    Profile,
}

/// Which part of the score a rule feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Who the person is.
    Demographic,
    /// How attentive the person is.
    Engagement,
    /// What the person does that shows interest in buying.
    Behavior,
}

/// A scoring rule as it is stored and kept in rule-set versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScoringRule {
    /// The rule, the same across its versions.
    pub id: RuleId,
    /// Counts up with every change of the rule.
    pub version: i32,
    /// Short name in addresses and exports, unique per tenant.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What it looks at.
    pub rule_type: RuleType,
    /// Which part of the score it feeds.
    pub category: Category,
    /// When it matches, in the condition language.
    pub conditions: Value,
    /// Points per award; negative ones take away.
    pub points: i32,
    /// Awards per lead and UTC day; `None` = no cap.
    pub max_per_day: Option<u32>,
    /// Awards per lead for life; `None` = no cap.
    pub max_per_lead: Option<u32>,
    /// Days until an award stops counting; `None` = never. Awards of profile rules never expire.
    pub expires_after_days: Option<u32>,
    /// Inactive rules award nothing.
    pub is_active: bool,
}

/// Points a lead got: one row of the score history.
///
/// Two awards are the same row when all their parts are equal. An award of an event rule is made at the event's
/// `occurred_at`. An award of a profile rule is made at the moment the latest of the fields the rule reads became known
/// (the first event of the lead, when it reads none that are present): a function of the profile, not of when the rule
/// happened to be evaluated, so that every order of delivery gives the same row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Award {
    /// The rule that awarded them.
    pub rule: RuleId,
    /// The version of the rule.
    pub rule_version: i32,
    /// The event that was counted; none for profile rules.
    pub event: Option<EventId>,
    /// Which part of the score.
    pub category: Category,
    /// How many points.
    pub points: i32,
    /// Since when they count.
    pub awarded_at: Timestamp,
    /// From when on they no longer count; never when absent.
    pub expires_at: Option<Timestamp>,
}

/// Whether something that expires at `expires_at` no longer counts at `now`.
pub fn is_expired(expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    expires_at.is_some_and(|at| now >= at)
}

/// When something that counts from `from` on stops counting.
pub(super) fn expiry(from: Timestamp, after_days: Option<u32>) -> Option<Timestamp> {
    // Saturates at the end of time, which is as good as never.
    after_days
        .map(|days| from.saturating_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX))
}

/// The limits on how often one rule counts for one lead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// Per UTC day.
    pub per_day: Option<u32>,
    /// For life.
    pub per_lead: Option<u32>,
}

/// Which matches count: within each UTC day the first `per_day`, and of those the first `per_lead`. `matches` must be in
/// counting order; the answer has the positions of those that count, in order.
///
/// A match that does not count never starts to count because another one arrives, and its absence changes nothing for the
/// others. So it is enough to know the matches that counted so far and the new ones:
/// `counted(all ∪ new) = counted(counted(all) ∪ new)`.
pub fn select_counted(matches: impl IntoIterator<Item = Timestamp>, caps: Caps) -> Vec<usize> {
    let mut counted = Vec::new();
    let mut day = None;
    let mut in_day = 0;
    for (position, at) in matches.into_iter().enumerate() {
        if caps.per_lead.is_some_and(|cap| counted.len() >= cap as usize) {
            break;
        }
        let today = utc_day(at);
        if day != Some(today) {
            day = Some(today);
            in_day = 0;
        }
        if caps.per_day.is_some_and(|cap| in_day >= cap) {
            continue;
        }
        in_day += 1;
        counted.push(position);
    }
    counted
}

/// The UTC day of a moment, counted from 1970-01-01.
fn utc_day(at: Timestamp) -> i64 {
    at.as_microsecond().div_euclid(86_400_000_000)
}

/// Unexpired points per category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ScoreSums {
    /// Who the person is.
    pub demographic: i32,
    /// How attentive the person is.
    pub engagement: i32,
    /// What the person does.
    pub behavior: i32,
}

impl ScoreSums {
    /// The sums of the awards that have not expired at `now`.
    pub fn of(awards: &[Award], now: Timestamp) -> Self {
        let mut sums = Self::default();
        for award in awards.iter().filter(|award| !is_expired(award.expires_at, now)) {
            sums.add(award.category, award.points);
        }
        sums
    }

    /// Adds points to one category.
    pub fn add(&mut self, category: Category, points: i32) {
        let sum = match category {
            Category::Demographic => &mut self.demographic,
            Category::Engagement => &mut self.engagement,
            Category::Behavior => &mut self.behavior,
        };
        *sum = sum.saturating_add(points);
    }

    /// The sum of all categories, which may be negative.
    pub const fn net(self) -> i32 {
        self.demographic.saturating_add(self.engagement).saturating_add(self.behavior)
    }

    /// The lead's total score: never below zero.
    pub fn total(self) -> i32 {
        self.net().max(0)
    }
}

/// How warm a lead is, coldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    #[default]
    Cold,
    Warm,
    Hot,
    VeryHot,
}

impl Tier {
    /// The name used in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
            Self::Hot => "hot",
            Self::VeryHot => "very_hot",
        }
    }

    /// The tier to alert about when a lead moves from `self` to `after`: only upward, and only into `hot` or above.
    pub fn alert_on_reaching(self, after: Self) -> Option<Self> {
        (after > self && after >= Self::Hot).then_some(after)
    }
}

/// From which score on a tier holds; `cold` is everything below `warm`. In JSON the list of tiers with `min_score`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<TierStart>", into = "Vec<TierStart>")]
#[schemars(with = "Vec<TierStart>")]
pub struct TierThresholds {
    /// Score from which a lead is warm.
    pub warm: i32,
    /// Score from which a lead is hot.
    pub hot: i32,
    /// Score from which a lead is very hot.
    pub very_hot: i32,
}

/// One tier and the score at which it starts: the shape of [`TierThresholds`] in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TierStart {
    /// The tier.
    pub name: Tier,
    /// The lowest score that belongs to it.
    pub min_score: i32,
}

impl Default for TierThresholds {
    fn default() -> Self {
        Self { warm: 20, hot: 40, very_hot: 80 }
    }
}

impl TierThresholds {
    /// The tier of a total score.
    pub const fn tier(self, total: i32) -> Tier {
        if total >= self.very_hot {
            Tier::VeryHot
        } else if total >= self.hot {
            Tier::Hot
        } else if total >= self.warm {
            Tier::Warm
        } else {
            Tier::Cold
        }
    }
}

impl From<TierThresholds> for Vec<TierStart> {
    fn from(tiers: TierThresholds) -> Self {
        let start = |name, min_score| TierStart { name, min_score };
        vec![
            start(Tier::Cold, 0),
            start(Tier::Warm, tiers.warm),
            start(Tier::Hot, tiers.hot),
            start(Tier::VeryHot, tiers.very_hot),
        ]
    }
}

/// The tiers do not divide the scores.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("list cold (from 0), warm, hot and very_hot once each, every one starting above the one before")]
pub struct BadTiers;

impl TryFrom<Vec<TierStart>> for TierThresholds {
    type Error = BadTiers;

    fn try_from(starts: Vec<TierStart>) -> Result<Self, Self::Error> {
        let of = |tier| {
            let mut found = starts.iter().filter(|start| start.name == tier).map(|start| start.min_score);
            match (found.next(), found.next()) {
                (Some(score), None) => Ok(score),
                _ => Err(BadTiers),
            }
        };
        let tiers = Self { warm: of(Tier::Warm)?, hot: of(Tier::Hot)?, very_hot: of(Tier::VeryHot)? };
        let ascending = 0 < tiers.warm && tiers.warm < tiers.hot && tiers.hot < tiers.very_hot;
        if of(Tier::Cold)? == 0 && ascending { Ok(tiers) } else { Err(BadTiers) }
    }
}

/// Since when the score has been at or above `min_score` without interruption, seen from `now`; nothing when it is below.
///
/// Computed from the awards alone, by letting them start and expire in time order.
pub fn reached_since(awards: &[Award], min_score: i32, now: Timestamp) -> Option<Timestamp> {
    let mut changes: Vec<(Timestamp, i32)> = Vec::with_capacity(awards.len() * 2);
    for award in awards {
        // A sender's clock may run ahead by minutes; the score counts such an award already.
        changes.push((award.awarded_at.min(now), award.points));
        if let Some(at) = award.expires_at.filter(|at| *at <= now) {
            changes.push((at, award.points.saturating_neg()));
        }
    }
    changes.sort_unstable();
    let Some(first) = changes.first().map(|change| change.0) else {
        return (min_score <= 0).then_some(now);
    };
    let mut since = (min_score <= 0).then_some(first);
    let mut sum = 0_i32;
    for (position, (at, points)) in changes.iter().enumerate() {
        sum = sum.saturating_add(*points);
        // Everything that happens at one moment happens at once.
        if changes.get(position + 1).is_some_and(|next| next.0 == *at) {
            continue;
        }
        match (sum.max(0) >= min_score, since) {
            (true, None) => since = Some(*at),
            (false, Some(_)) => since = None,
            _ => {}
        }
    }
    since
}
