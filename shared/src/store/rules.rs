//! Rules: the tables that people edit, the published versions, and the compiled rule sets that an environment keeps.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use postgres_types::Json;
use tokio::sync::Mutex;

use super::Tx;
use super::sql::{params, section};
use super::tenants::{self, Tenant};
use crate::domain::engine::{RuleSet, RuleSetData};
use crate::domain::ids::TenantId;
use crate::failure::Failure;

const SQL: &str = include_str!("rules.sql");

/// A tenant's compiled rules with what goes with them.
pub struct TenantRules {
    pub rules: RuleSet,
    /// Names, zone and language as they were when this version was first used here; changing them publishes a version.
    pub tenant: Tenant,
}

/// Compiled rules per tenant. A transaction knows the published version since it entered its tenant, so an unchanged rule set
/// costs no statement.
#[derive(Default)]
pub struct RuleCache {
    kept: Mutex<HashMap<TenantId, Arc<TenantRules>>>,
}

impl RuleCache {
    /// The rule set that was published when the transaction began.
    ///
    /// # Errors
    /// When the database does not answer, or holds a version that does not compile.
    pub async fn get(&self, tx: &Tx) -> Result<Arc<TenantRules>, Failure> {
        let mut kept = self.kept.lock().await;
        if let Some(rules) = kept.get(&tx.tenant()).filter(|kept| kept.rules.version() == tx.rule_set_version()) {
            return Ok(Arc::clone(rules));
        }
        let rules = get_version(tx, tx.rule_set_version()).await?;
        let rules = Arc::new(TenantRules { rules, tenant: tenants::get(tx).await? });
        kept.insert(tx.tenant(), Arc::clone(&rules));
        Ok(rules)
    }
}

/// One published version, compiled.
///
/// # Errors
/// When it does not exist or does not compile.
pub async fn get_version(tx: &Tx, version: i32) -> Result<RuleSet, Failure> {
    let row = tx
        .find(const { section(SQL, "get_version") }, params![version])
        .await?
        .ok_or_else(|| Failure::internal(format!("rule set version {version} was never published")))?;
    let Json(data): Json<RuleSetData> = row.try_get("snapshot").map_err(Failure::internal)?;
    RuleSet::compile(data).map_err(|faults| {
        let places: Vec<String> =
            faults.into_iter().map(|fault| format!("{}: {}", fault.pointer, fault.detail)).collect();
        Failure::internal(format!("rule set version {version} does not compile: {}", places.join("; ")))
    })
}

/// The rules as they stand in the tables, under the next version number. The tenant's row is locked: two publications take turns.
///
/// # Errors
/// When the database does not answer.
pub async fn draft(tx: &Tx) -> Result<RuleSetData, Failure> {
    // In a statement of its own: the next one's snapshot is from after the wait, and so has the rules of whoever was first.
    tx.execute(const { section(SQL, "lock_tenant") }, params![tx.tenant()]).await?;
    let row = tx
        .find(const { section(SQL, "draft") }, params![tx.tenant()])
        .await?
        .ok_or_else(|| Failure::internal("the tenant has no engine settings"))?;
    let Json(data): Json<RuleSetData> = row.try_get("snapshot").map_err(Failure::internal)?;
    Ok(data)
}

/// Publishes what stands in the tables as the next version, provided that all of it compiles. Answers with the version.
///
/// # Errors
/// `Invalid` with the faults of rules that do not compile.
pub async fn publish(tx: &Tx, by: &str, now: Timestamp) -> Result<i32, Failure> {
    let data = draft(tx).await?;
    let version = data.version;
    RuleSet::compile(data.clone()).map_err(Failure::Invalid)?;
    tx.execute(const { section(SQL, "publish") }, params![tx.tenant(), version, Json(&data), now, by]).await?;
    Ok(version)
}
