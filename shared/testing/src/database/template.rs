//! The databases that tests copy, made once by whichever test comes first, and the removal of what earlier runs left.

use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio_postgres::Client;
use url::Url;

use super::{APP_ROLE, LEFTOVER_AGE, PREFIX, TestDatabase, at, drop_statement};
use crate::keys::{epoch_seconds, hex};
use crate::runtime::Function;
use crate::workspace;

/// Templates begin with this, followed by the hash of what made them and the second of their making.
const TEMPLATE_PREFIX: &str = "lotse_template_";

/// Seconds after which a template that is not today's is swept away.
const OLD_TEMPLATE_AGE: u64 = 24 * 3600;

/// Any two numbers that nothing else locks; the locks are the server's, so they also hold between processes. Filling a
/// database may wait for migrating one, never the other way round.
const MIGRATING: i64 = 0x6c6f_7473_6574;
const FILLING: i64 = MIGRATING + 1;

/// The name of the template for today's migrations; makes it if it is not there.
pub(super) async fn migrated(server: &Url, client: &Client) -> anyhow::Result<String> {
    let migrate = workspace::binary("migrate")?;
    let prefix = format!("{TEMPLATE_PREFIX}{}_", fingerprint("")?);
    if let Some((found, _)) = find(client, &prefix).await? {
        return Ok(found);
    }
    lock(client, MIGRATING).await?;
    let made = migrate_one(server, client, &prefix, &migrate).await;
    unlock(client, MIGRATING).await?;
    made
}

async fn migrate_one(server: &Url, client: &Client, prefix: &str, migrate: &Path) -> anyhow::Result<String> {
    // Another process may have made it while this one waited.
    if let Some((found, _)) = find(client, prefix).await? {
        return Ok(found);
    }
    sweep(client).await?;
    let building = format!("{TEMPLATE_PREFIX}building");
    client.batch_execute(&drop_statement(&building)).await?;
    client.batch_execute(&format!("CREATE DATABASE {building} TEMPLATE template0 ENCODING 'UTF8'")).await?;
    run_migrate(migrate, at(server, &building).as_str())
        .await
        .context("the `migrate` function failed on an empty database")?;
    // Only a finished one gets the name that is looked for.
    let name = format!("{prefix}{:08x}", epoch_seconds());
    disconnect(client, &building).await?;
    client.batch_execute(&format!("ALTER DATABASE {building} RENAME TO {name}")).await?;
    Ok(name)
}

/// The name of the template that `make` filled, and its note; fills one if it is not there.
pub(super) async fn filled<T>(
    client: &Client,
    key: &str,
    make: impl AsyncFnOnce(TestDatabase) -> anyhow::Result<(T, String)>,
) -> anyhow::Result<(String, String)> {
    let prefix = format!("{TEMPLATE_PREFIX}{}_", fingerprint(key)?);
    if let Some(found) = find(client, &prefix).await? {
        return Ok(found);
    }
    lock(client, FILLING).await?;
    let made = fill_one(client, &prefix, make).await;
    unlock(client, FILLING).await?;
    made
}

async fn fill_one<T>(
    client: &Client,
    prefix: &str,
    make: impl AsyncFnOnce(TestDatabase) -> anyhow::Result<(T, String)>,
) -> anyhow::Result<(String, String)> {
    if let Some(found) = find(client, prefix).await? {
        return Ok(found);
    }
    let source = TestDatabase::new().await?;
    let source_name = source.name.clone();
    // What `make` gives back owns the source, which is dropped with it at the end.
    let (_owner, note) = make(source).await?;
    disconnect(client, &source_name).await?;
    let building = format!("{TEMPLATE_PREFIX}filling");
    client.batch_execute(&drop_statement(&building)).await?;
    client.batch_execute(&format!("CREATE DATABASE {building} TEMPLATE {source_name}")).await?;
    let quoted = note.replace('\'', "''");
    client.batch_execute(&format!("COMMENT ON DATABASE {building} IS '{quoted}'")).await?;
    let name = format!("{prefix}{:08x}", epoch_seconds());
    client.batch_execute(&format!("ALTER DATABASE {building} RENAME TO {name}")).await?;
    Ok((name, note))
}

async fn lock(client: &Client, lock: i64) -> anyhow::Result<()> {
    client.execute("SELECT pg_advisory_lock($1)", &[&lock]).await?;
    Ok(())
}

async fn unlock(client: &Client, lock: i64) -> anyhow::Result<()> {
    client.execute("SELECT pg_advisory_unlock($1)", &[&lock]).await?;
    Ok(())
}

/// Ends every connection to a database: it can be copied or renamed only without any.
async fn disconnect(client: &Client, database: &str) -> anyhow::Result<()> {
    let statement = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1";
    client.query(statement, &[&database]).await?;
    Ok(())
}

async fn run_migrate(binary: &Path, url: &str) -> anyhow::Result<()> {
    let env = [
        ("STAGE", "local"),
        ("LOG_LEVEL", "info"),
        ("DATABASE_AUTH", "password"),
        ("MIGRATION_DATABASE_URL", url),
        ("APP_DATABASE_PASSWORD", APP_ROLE.1),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let function = Function::spawn("migrate", binary, &env)?;
    function.set_timeout(std::time::Duration::from_secs(120));
    let outcome = function.invoke(&json!({})).await;
    outcome.map(drop).with_context(|| format!("output of migrate:\n{}", function.logs()))
}

/// A finished template and its note.
async fn find(client: &Client, prefix: &str) -> anyhow::Result<Option<(String, String)>> {
    let statement = "SELECT datname::text, COALESCE(shobj_description(oid, 'pg_database'), '') \
                     FROM pg_database WHERE starts_with(datname::text, $1) ORDER BY datname DESC LIMIT 1";
    Ok(client.query_opt(statement, &[&prefix]).await?.map(|row| (row.get(0), row.get(1))))
}

/// Drops databases of tests that ended without dropping theirs, and templates of other days.
async fn sweep(client: &Client) -> anyhow::Result<()> {
    let now = epoch_seconds();
    for row in client.query("SELECT datname::text FROM pg_database WHERE datname LIKE 'lotse\\_t%'", &[]).await? {
        let name: String = row.get(0);
        if outlived(&name, now) {
            // Somebody may just be dropping it too.
            let _ = client.batch_execute(&drop_statement(&name)).await;
        }
    }
    Ok(())
}

fn outlived(name: &str, now: u64) -> bool {
    let (digits, allowed) = match (name.strip_prefix(PREFIX), name.strip_prefix(TEMPLATE_PREFIX)) {
        (Some(rest), _) => (rest.split('_').next(), LEFTOVER_AGE),
        (_, Some(rest)) => (rest.split('_').nth(1), OLD_TEMPLATE_AGE),
        _ => return false,
    };
    let made = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    made.is_some_and(|made| made + allowed < now)
}

/// Changes with the migrations, the executable that applies them, `key`, and the month: `migrate` makes the partitions
/// of the months to come.
fn fingerprint(key: &str) -> anyhow::Result<String> {
    let mut digest = Sha256::new();
    let folder = workspace::root()?.join("shared/migrations");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    files.sort();
    for file in files.iter().filter(|file| file.is_file()) {
        digest.update(file.file_name().unwrap_or_default().as_encoded_bytes());
        digest.update(std::fs::read(file)?);
    }
    digest.update(workspace::stamp("migrate")?);
    digest.update(key);
    digest.update(Timestamp::now().strftime("%Y-%m").to_string());
    Ok(hex(&digest.finalize()[..6]))
}

#[cfg(test)]
mod tests {
    use super::outlived;

    #[test]
    fn only_old_leftovers_are_swept() {
        let now = 0x6800_0000;
        assert!(outlived("lotse_test_67fff000_abc", now));
        assert!(!outlived("lotse_test_67ffff00_abc", now), "four minutes old");
        assert!(outlived("lotse_template_abcdef_67fe0000", now));
        assert!(!outlived("lotse_template_abcdef_67fff000", now), "an hour old");
        assert!(!outlived("lotse_template_building", now));
        assert!(!outlived("lotse", now) && !outlived("lotse_test_", now) && !outlived("lotse_tests", now));
    }
}
