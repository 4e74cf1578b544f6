//! A lead's score over time, and what a tenant's rules came to.

use jiff::Timestamp;
use tokio_postgres::Row;

use super::Tx;
use super::sql::{params, section, word};
use super::window::Window;
use crate::domain::ids::{EventId, LeadId, RuleId};
use crate::domain::scoring::{Category, ScoreSums};
use crate::failure::Failure;

const SQL: &str = include_str!("scoring.sql");

/// Something that changed a lead's score.
#[derive(Debug, Clone)]
pub struct Step {
    pub at: Timestamp,
    /// `award`, `expiry`, `withdrawal`.
    pub kind: String,
    /// What was added; negative where points went.
    pub change: i32,
    pub category: Category,
    pub rule: RuleId,
    /// None like the name: the rule is gone.
    pub rule_slug: Option<String>,
    pub rule_name: Option<String>,
    pub rule_version: i32,
    /// None for a profile rule.
    pub event: Option<EventId>,
    pub event_type: Option<String>,
    pub awarded_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub withdrawn_reason: Option<String>,
    /// What each category came to.
    pub sums: ScoreSums,
}

/// The statement behind [`list_steps`].
pub const LIST_STEPS: &str = const { section(SQL, "list_steps") };

/// Everything that changed a lead's score up to now, the latest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list_steps(tx: &Tx, lead: LeadId, now: Timestamp, window: Window) -> Result<Vec<Step>, Failure> {
    let rows = tx.query(LIST_STEPS, params![lead, now, window.limit, window.offset]).await?;
    let read = |row: &Row| {
        Ok(Step {
            at: row.get("at"),
            kind: row.get("kind"),
            change: row.get("change"),
            category: word(row.get("category"))?,
            rule: row.get("rule_id"),
            rule_slug: row.get("slug"),
            rule_name: row.get("name"),
            rule_version: row.get("rule_version"),
            event: row.get("event_id"),
            event_type: row.get("event_type"),
            awarded_at: row.get("awarded_at"),
            expires_at: row.get("expires_at"),
            withdrawn_reason: row.get("withdrawn_reason"),
            sums: ScoreSums {
                demographic: row.get("demographic"),
                engagement: row.get("engagement"),
                behavior: row.get("behavior"),
            },
        })
    };
    rows.iter().map(read).collect()
}

/// How many steps a lead's score took up to now.
///
/// # Errors
/// When the database does not answer.
pub async fn count_steps(tx: &Tx, lead: LeadId, now: Timestamp) -> Result<i64, Failure> {
    let row = tx.find(const { section(SQL, "count_steps") }, params![lead, now]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// What a tenant's rules came to.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    pub rules: RuleCounts,
    /// In the period.
    pub all: Awarded,
    pub categories: Vec<(Category, Awarded)>,
    /// Those that gave most points first.
    pub by_rule: Vec<RuleAwarded>,
    /// How many leads have each score now, the lowest first.
    pub scores: Vec<(i32, i64)>,
}

/// How many rules there are.
#[derive(Debug, Clone, Copy, Default)]
pub struct RuleCounts {
    pub total: i64,
    pub active: i64,
    pub event: i64,
    pub profile: i64,
}

/// Awards, their points, and how many leads got them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Awarded {
    pub awards: i64,
    pub points: i64,
    pub leads: i64,
}

/// What one rule gave.
#[derive(Debug, Clone)]
pub struct RuleAwarded {
    pub rule: RuleId,
    /// None like the others: the rule is gone.
    pub slug: Option<String>,
    pub name: Option<String>,
    pub category: Option<Category>,
    pub awarded: Awarded,
}

/// The statement over the awards of a period.
pub const STATS_AWARDS: &str = const { section(SQL, "stats_awards") };

/// The statement over the present scores.
pub const STATS_SCORES: &str = const { section(SQL, "stats_scores") };

/// What the rules awarded in a period (from included, to not), and how the scores are distributed now: three statements.
///
/// # Errors
/// When the database does not answer.
pub async fn stats(tx: &Tx, from: Timestamp, to: Timestamp) -> Result<Stats, Failure> {
    let mut stats = Stats::default();
    if let Some(row) = tx.find(const { section(SQL, "stats_rules") }, params![]).await? {
        stats.rules = RuleCounts {
            total: row.get("total"),
            active: row.get("active"),
            event: row.get("event"),
            profile: row.get("profile"),
        };
    }
    for row in tx.query(STATS_AWARDS, params![from, to]).await? {
        let awarded = Awarded { awards: row.get("awards"), points: row.get("points"), leads: row.get("leads") };
        let category: Option<&str> = row.get("category");
        match (row.get::<_, Option<RuleId>>("rule_id"), category) {
            (Some(rule), _) => stats.by_rule.push(RuleAwarded {
                rule,
                slug: row.get("slug"),
                name: row.get("name"),
                category: row.get::<_, Option<&str>>("rule_category").map(word).transpose()?,
                awarded,
            }),
            (None, Some(category)) => stats.categories.push((word(category)?, awarded)),
            (None, None) => stats.all = awarded,
        }
    }
    let scores = tx.query(STATS_SCORES, params![]).await?;
    stats.scores = scores.iter().map(|row| (row.get("total_score"), row.get("leads"))).collect();
    Ok(stats)
}
