//! A tenant's settings.

use jiff::Timestamp;
use postgres_types::Json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::Tx;
use super::sql::{params, section, statements};
use crate::domain::faults::Fault;
use crate::domain::ids::{MemberId, TenantId};
use crate::failure::Failure;

const SQL: &str = statements!(include_str!("settings.sql"));

/// What somebody is to win in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// Absent: everybody together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_id: Option<MemberId>,
    /// In minor units of the tenant's currency.
    #[schemars(range(min = 0))]
    pub won_minor_per_month: i64,
}

/// What administrators decide of a tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsFacts {
    pub name: String,
    /// IANA name.
    pub zone: String,
    /// `de`, `en`.
    pub language: String,
    /// ISO 3166-1, two letters: completes telephone numbers that come from now on.
    pub country: String,
    /// ISO 3166-2, such as `DE-BY`.
    pub state: Option<String>,
    /// None: those every tenant begins with.
    pub lost_reasons: Option<Vec<String>>,
    pub stuck_after_days: i32,
    pub goals: Vec<Goal>,
}

/// A tenant as it is set.
#[derive(Debug, Clone)]
pub struct Settings {
    pub id: TenantId,
    pub slug: String,
    /// ISO 4217.
    pub currency: String,
    pub facts: SettingsFacts,
    pub updated_at: Timestamp,
    pub version: i64,
}

fn settings(row: Option<Row>) -> Result<Settings, Failure> {
    let row = row.ok_or_else(|| Failure::internal("the transaction's tenant is gone"))?;
    let Json(goals) = row.try_get("goals").map_err(Failure::internal)?;
    Ok(Settings {
        id: row.get("id"),
        slug: row.get("slug"),
        currency: row.get("currency"),
        facts: SettingsFacts {
            name: row.get("name"),
            zone: row.get("zone"),
            language: row.get("language"),
            country: row.get("default_country"),
            state: row.get("state"),
            lost_reasons: row.get("lost_reasons"),
            stuck_after_days: row.get("stuck_after_days"),
            goals,
        },
        updated_at: row.get("updated_at"),
        version: row.get("version"),
    })
}

/// The settings of this transaction's tenant.
///
/// # Errors
/// When the database does not answer.
pub async fn get(tx: &Tx) -> Result<Settings, Failure> {
    settings(tx.find(const { section(SQL, "find") }, params![tx.tenant()]).await?)
}

/// The same, locked until the end of the transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(tx: &Tx) -> Result<Settings, Failure> {
    settings(tx.find(const { section(SQL, "lock") }, params![tx.tenant()]).await?)
}

/// Writes what the locked settings have become. Goals that stay as they were are not judged again: somebody may have gone since.
///
/// # Errors
/// `Invalid` with every new goal of somebody who is not in the team.
pub async fn update(tx: &Tx, before: &SettingsFacts, new: &SettingsFacts, now: Timestamp) -> Result<Settings, Failure> {
    let is_new = |goal: &Goal| !before.goals.contains(goal);
    let members: Vec<MemberId> =
        new.goals.iter().filter(|goal| is_new(goal)).filter_map(|goal| goal.member_id).collect();
    if !members.is_empty() {
        let unknown = tx.query(const { section(SQL, "unknown_members") }, params![members]).await?;
        let unknown: Vec<MemberId> = unknown.iter().map(|row| row.get(0)).collect();
        let is_unknown = |goal: &Goal| is_new(goal) && goal.member_id.is_some_and(|id| unknown.contains(&id));
        let places = new.goals.iter().enumerate().filter(|(_, goal)| is_unknown(goal));
        let faults: Vec<Fault> = places
            .map(|(n, _)| {
                let at = format!("/goals/{n}/member_id");
                Fault::new(at, "unknown_value", "There is no such member of the team.")
            })
            .collect();
        if !faults.is_empty() {
            return Err(Failure::Invalid(faults));
        }
    }
    let SettingsFacts { name, zone, language, country, state, lost_reasons, stuck_after_days, goals } = new;
    let row = tx
        .find(
            const { section(SQL, "update") },
            params![
                tx.tenant(),
                name,
                zone,
                language,
                country,
                state,
                lost_reasons,
                stuck_after_days,
                Json(goals),
                now
            ],
        )
        .await?;
    settings(row)
}
