//! Scoring rules as people edit them, and what they awarded to one lead.

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use tokio_postgres::Row;

use super::Tx;
use super::sql::{name_of, params, section, statements, word};
use super::window::Window;
use crate::domain::ids::{LeadId, RuleId};
use crate::domain::scoring::{Category, RuleType, ScoringRule};
use crate::failure::Failure;

const SQL: &str = statements!(include_str!("scoring_rules.sql"));

/// A rule with the moments of its making and last change.
#[derive(Debug, Clone)]
pub struct StoredRule {
    pub rule: ScoringRule,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

fn stored(row: &Row) -> Result<StoredRule, Failure> {
    let count = |column: &str| row.get::<_, Option<i32>>(column).and_then(|count| u32::try_from(count).ok());
    Ok(StoredRule {
        rule: ScoringRule {
            id: row.get("id"),
            version: row.get("version"),
            slug: row.get("slug"),
            name: row.get("name"),
            description: row.get("description"),
            rule_type: word(row.get("rule_type"))?,
            category: word(row.get("category"))?,
            conditions: row.get("conditions"),
            points: row.get("points"),
            max_per_day: count("max_per_day"),
            max_per_lead: count("max_per_lead"),
            expires_after_days: count("expires_after_days"),
            is_active: row.get("active"),
        },
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
    })
}

/// Which rules a list shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    pub active: Option<bool>,
    pub rule_type: Option<RuleType>,
    pub category: Option<Category>,
}

/// A part of the rules that pass the filter, oldest first, with their whole number.
///
/// # Errors
/// When the database does not answer.
pub async fn list(tx: &Tx, filter: Filter, window: Window) -> Result<(Vec<StoredRule>, i64), Failure> {
    let rule_type = filter.rule_type.map(name_of).transpose()?;
    let category = filter.category.map(name_of).transpose()?;
    let rows = tx
        .query(const { section(SQL, "list") }, params![filter.active, rule_type, category, window.limit, window.offset])
        .await?;
    let count = tx.find(const { section(SQL, "count") }, params![filter.active, rule_type, category]).await?;
    let rules = rows.iter().map(stored).collect::<Result<_, _>>()?;
    Ok((rules, count.map_or(0, |row| row.get(0))))
}

/// Adds a rule. Answers with it as it is stored: Postgres keeps microseconds.
///
/// # Errors
/// `Conflict` with the id of the rule that has the slug already.
pub async fn insert(tx: &Tx, rule: ScoringRule, now: Timestamp) -> Result<StoredRule, Failure> {
    let count = |count: Option<u32>| count.and_then(|count| i32::try_from(count).ok());
    let inserted = tx
        .find(
            const { section(SQL, "insert") },
            params![
                rule.id,
                tx.tenant(),
                rule.slug,
                rule.name,
                rule.description,
                name_of(rule.rule_type)?,
                name_of(rule.category)?,
                rule.conditions,
                rule.points,
                count(rule.max_per_day),
                count(rule.max_per_lead),
                count(rule.expires_after_days),
                rule.is_active,
                rule.version,
                now,
            ],
        )
        .await?;
    if let Some(row) = inserted {
        return Ok(StoredRule { rule, created_at: row.get("created_at"), updated_at: row.get("updated_at") });
    }
    let taken = tx.find(const { section(SQL, "find_by_slug") }, params![rule.slug]).await?;
    Err(Failure::Conflict {
        code: "slug_taken",
        detail: format!("There is a scoring rule `{}` already. Choose another slug, or change that rule.", rule.slug),
        matches: taken.map(|row| serde_json::json!([row.get::<_, RuleId>("id")])),
    })
}

/// What one rule awarded to one lead in one category (a rule may have changed its category between versions).
#[derive(Debug, Clone)]
pub struct RuleAwards {
    pub rule: RuleId,
    pub category: Category,
    /// What is known of the rule today.
    pub today: Option<RuleToday>,
    /// Awards that count now, their points, and when the next of them stops counting.
    pub counted: i64,
    pub points: i64,
    pub next_expiry_at: Option<Timestamp>,
    /// The latest award that was not withdrawn.
    pub last_awarded_at: Option<Timestamp>,
    /// Awards of the current UTC day that were not withdrawn.
    pub awarded_today: i64,
    pub expired: i64,
    pub expired_points: i64,
    pub withdrawn: i64,
    pub withdrawn_points: i64,
}

/// The present version of a rule, as far as a breakdown shows it.
#[derive(Debug, Clone)]
pub struct RuleToday {
    pub slug: String,
    pub name: String,
    pub rule_type: RuleType,
    pub max_per_day: Option<i32>,
    pub max_per_lead: Option<i32>,
    pub active: bool,
}

/// What a lead's score is made of at a moment: one row per rule and category, rules in the order of their making.
///
/// # Errors
/// `NotFound` when this tenant has no such lead.
pub async fn list_awards(tx: &Tx, lead: LeadId, now: Timestamp) -> Result<Vec<RuleAwards>, Failure> {
    if tx.find(const { section(SQL, "lead_exists") }, params![lead]).await?.is_none() {
        return Err(Failure::not_found("lead"));
    }
    let day = start_of_utc_day(now)?;
    tx.query(const { section(SQL, "list_awards") }, params![lead, now, day]).await?.iter().map(awards).collect()
}

fn awards(row: &Row) -> Result<RuleAwards, Failure> {
    let slug: Option<String> = row.get("slug");
    let today = slug
        .map(|slug| -> Result<_, Failure> {
            Ok(RuleToday {
                slug,
                name: row.get("name"),
                rule_type: word(row.get("rule_type"))?,
                max_per_day: row.get("max_per_day"),
                max_per_lead: row.get("max_per_lead"),
                active: row.get("active"),
            })
        })
        .transpose()?;
    Ok(RuleAwards {
        rule: row.get("rule_id"),
        category: word(row.get("category"))?,
        today,
        counted: row.get("counted"),
        points: row.get("points"),
        next_expiry_at: row.get("next_expiry_at"),
        last_awarded_at: row.get("last_awarded_at"),
        awarded_today: row.get("today"),
        expired: row.get("expired"),
        expired_points: row.get("expired_points"),
        withdrawn: row.get("withdrawn"),
        withdrawn_points: row.get("withdrawn_points"),
    })
}

fn start_of_utc_day(now: Timestamp) -> Result<Timestamp, Failure> {
    let day: Date = now.to_zoned(TimeZone::UTC).date();
    Ok(day.to_zoned(TimeZone::UTC).map_err(Failure::internal)?.timestamp())
}
