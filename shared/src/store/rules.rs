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
use crate::domain::ids::{RuleId, TenantId};
use crate::failure::Failure;

const SQL: &str = include_str!("rules.sql");

/// A tenant's compiled rules with what goes with them.
pub struct TenantRules {
    pub rules: RuleSet,
    /// Name, zone, language and country, of `tenant_version` or newer.
    pub tenant: Tenant,
    /// [`Tx::tenant_version`] of the transaction that read them.
    tenant_version: i64,
}

/// The most memory that compiled rules of all tenants together take, in bytes. The smallest function that holds any has 256 MB.
const MAX_CACHED: usize = 96 << 20;

/// Compiled rules per tenant. A transaction knows the published version and that of the tenant since it entered it, so what is unchanged
/// costs no statement. A tenant that is renamed has the same rules as before: what was worked out with them holds.
/// Those that were not used for longest make room for others.
#[derive(Default)]
pub struct RuleCache {
    kept: Mutex<Kept>,
}

impl RuleCache {
    /// The rule set that was published when the transaction began.
    ///
    /// # Errors
    /// When the database does not answer, or holds a version that does not compile.
    pub async fn get(&self, tx: &Tx) -> Result<Arc<TenantRules>, Failure> {
        let mut kept = self.kept.lock().await;
        let current = |kept: &Arc<TenantRules>| {
            (kept.rules.version(), kept.tenant_version) == (tx.rule_set_version(), tx.tenant_version())
        };
        if let Some(rules) = kept.find(tx.tenant()).filter(current) {
            return Ok(rules);
        }
        let rules = get_version(tx, tx.rule_set_version()).await?;
        let (tenant, tenant_version) = (tenants::get(tx).await?, tx.tenant_version());
        let rules = Arc::new(TenantRules { rules, tenant, tenant_version });
        kept.put(tx.tenant(), Arc::clone(&rules), rules.rules.bytes(), MAX_CACHED);
        Ok(rules)
    }
}

/// What is kept, with what it takes and when it was last asked for.
struct Kept<T = Arc<TenantRules>> {
    entries: HashMap<TenantId, Entry<T>>,
    uses: u64,
}

struct Entry<T> {
    value: T,
    bytes: usize,
    used: u64,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), uses: 0 }
    }
}

impl<T: Clone> Kept<T> {
    fn find(&mut self, tenant: TenantId) -> Option<T> {
        self.uses += 1;
        let entry = self.entries.get_mut(&tenant)?;
        entry.used = self.uses;
        Some(entry.value.clone())
    }

    /// Keeps a value, and of the others those used last for which there is room beside it.
    fn put(&mut self, tenant: TenantId, value: T, bytes: usize, most: usize) {
        self.uses += 1;
        self.entries.insert(tenant, Entry { value, bytes, used: self.uses });
        let mut all: usize = self.entries.values().map(|entry| entry.bytes).sum();
        while all > most && self.entries.len() > 1 {
            let Some(oldest) = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(id, _)| *id) else {
                break;
            };
            all -= self.entries.remove(&oldest).map_or(0, |entry| entry.bytes);
        }
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
    let rules = RuleSet::compile(data).map_err(|faults| {
        let places: Vec<String> =
            faults.into_iter().map(|fault| format!("{}: {}", fault.pointer, fault.detail)).collect();
        Failure::internal(format!("rule set version {version} does not compile: {}", places.join("; ")))
    })?;
    for off in rules.switched_off() {
        tracing::error!(version, rule = off.slug, reason = off.reason, "a rule is switched off; write it simpler");
    }
    Ok(rules)
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

/// Publishes what stands in the tables as the next version, provided that all of it compiles and there is room for the rule that is
/// new, if one is. Answers with the version.
///
/// # Errors
/// `Invalid` with the faults of rules that do not compile, or with what there is too much of; pointers are then into the new rule.
pub async fn publish(tx: &Tx, new: Option<RuleId>, by: &str, now: Timestamp) -> Result<i32, Failure> {
    let data = draft(tx).await?;
    let version = data.version;
    let compiled = RuleSet::compile(data).map_err(Failure::Invalid)?;
    if let Some(new) = new {
        compiled.check_room(new).map_err(Failure::Invalid)?;
    }
    tx.execute(const { section(SQL, "publish") }, params![tx.tenant(), version, Json(compiled.data()), now, by])
        .await?;
    Ok(version)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let tenant = |n: u128| TenantId(Uuid::from_u128(n));
        let mut kept = Kept::<u128>::default();
        for n in 1..=3 {
            kept.put(tenant(n), n, 30, 100);
        }
        assert_eq!(kept.find(tenant(1)), Some(1), "used, so 2 is the oldest now");
        kept.put(tenant(4), 4, 30, 100);
        assert_eq!([1, 2, 3, 4].map(|n| kept.find(tenant(n)).is_some()), [true, false, true, true]);
        kept.put(tenant(4), 5, 35, 100);
        assert_eq!((kept.find(tenant(4)), kept.entries.len()), (Some(5), 3), "a new version replaces the old one");
        kept.put(tenant(5), 5, 1000, 100);
        assert_eq!(kept.entries.len(), 1, "one that is too large alone is kept alone");
        assert_eq!(kept.find(tenant(5)), Some(5));
    }
}
