//! Migrations: forward only; each either expands or contracts, so that the release before runs against the new schema.

mod folding;

use sha2::{Digest as _, Sha256};

use super::Database;
use super::sql::{params, section};
use crate::failure::Failure;

const SQL: &str = include_str!("migrations.sql");

struct Migration {
    version: i32,
    name: &'static str,
    sql: &'static str,
}

macro_rules! migrations {
    ($($version:literal => $name:literal),* $(,)?) => {
        &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../migrations/", $name, ".sql")),
        }),*]
    };
}

const MIGRATIONS: &[Migration] = migrations![
    1 => "0001_foundation",
    2 => "0002_pipelines_and_leads",
    3 => "0003_events_and_rules",
    4 => "0004_deals_tasks_effects",
    5 => "0005_health",
    6 => "0006_lead_search",
    7 => "0007_keys_and_cleaning",
    8 => "0008_sign_in",
    9 => "0009_sales",
    10 => "0010_sign_in_hardening",
    11 => "0011_event_path",
    12 => "0012_event_cost",
    13 => "0013_reliability",
    14 => "0014_effects",
    15 => "0015_access",
    16 => "0016_search",
    17 => "0017_people",
    18 => "0018_working_day",
    19 => "0019_notifications",
    23 => "0023_bulk_changes",
    24 => "0024_account_mails",
];

/// The version this release needs.
pub fn latest() -> i32 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// The version of the database; 0 when it was never migrated.
///
/// # Errors
/// When the database does not answer.
pub async fn current(db: &Database) -> Result<i32, Failure> {
    let rows = db.query(const { section(SQL, "exists") }, params![]).await?;
    if !rows.first().is_some_and(|row| row.get(0)) {
        return Ok(0);
    }
    let rows = db.query(const { section(SQL, "current") }, params![]).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// Applies what is missing, each migration in its own transaction, one runner at a time, and then what a migration leaves to small
/// steps because nobody shall wait for it. Answers with the names it applied.
///
/// # Errors
/// `Conflict` when an applied migration's text has changed since, or the database is newer than this release.
pub async fn run(db: &Database) -> Result<Vec<&'static str>, Failure> {
    let client = db.client().await?;
    // A session lock: released by the connection's end at the latest. Migrations do not go through RDS Proxy's pool of functions.
    client.batch_execute(const { section(SQL, "lock") }).await?;
    let outcome = async {
        let applied = apply(db, &client).await?;
        let folded = folding::run(db).await?;
        if folded > 0 {
            tracing::info!(rows = folded, "folded for the search");
        }
        Ok(applied)
    };
    let outcome = outcome.await;
    client.batch_execute(const { section(SQL, "unlock") }).await?;
    outcome
}

async fn apply(db: &Database, client: &tokio_postgres::Client) -> Result<Vec<&'static str>, Failure> {
    client.batch_execute(const { section(SQL, "create") }).await?;
    let applied = db.query(const { section(SQL, "list") }, params![]).await?;
    let mut done = Vec::new();
    for row in &applied {
        let version: i32 = row.get("version");
        let Some(known) = MIGRATIONS.iter().find(|migration| migration.version == version) else {
            return Err(Failure::conflict(
                "newer_database",
                format!(
                    "The database has migration {version}, which this release does not know. Deploy the newer release."
                ),
            ));
        };
        if row.get::<_, Vec<u8>>("checksum") != checksum(known.sql) {
            return Err(Failure::conflict(
                "changed_migration",
                format!(
                    "The migration {} was changed after it was applied. Put its text back and write a new migration \
                     (on a laptop: `cargo dev reset`).",
                    known.name
                ),
            ));
        }
    }
    // By version and not by place: branches that grew side by side may land in another order than their numbers say.
    let known: Vec<i32> = applied.iter().map(|row| row.get("version")).collect();
    for migration in MIGRATIONS.iter().filter(|migration| !known.contains(&migration.version)) {
        client.batch_execute("BEGIN").await?;
        let outcome = async {
            client.batch_execute(migration.sql).await?;
            let sum = checksum(migration.sql);
            db.query(const { section(SQL, "note") }, params![migration.version, migration.name, sum.as_slice()]).await
        };
        if let Err(failure) = outcome.await {
            client.batch_execute("ROLLBACK").await?;
            return Err(Failure::internal(format!("migration {} failed and was undone: {failure}", migration.name)));
        }
        client.batch_execute("COMMIT").await?;
        tracing::info!(migration = migration.name, "applied");
        done.push(migration.name);
    }
    Ok(done)
}

fn checksum(sql: &str) -> Vec<u8> {
    Sha256::digest(sql.as_bytes()).to_vec()
}

/// Gives the functions' role its password.
///
/// # Errors
/// When the database does not answer.
pub async fn set_app_password(db: &Database, password: &str) -> Result<(), Failure> {
    let rows = db.query(const { section(SQL, "password_statement") }, params![password]).await?;
    let statement: String = rows.first().map(|row| row.get(0)).ok_or_else(|| Failure::internal("no statement"))?;
    // Two databases of one cluster share the role; the later of two simultaneous changes waits and is the same.
    db.client().await?.batch_execute(&statement).await?;
    Ok(())
}
