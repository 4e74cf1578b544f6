//! Brings the local database to the current version and makes the demo tenant, through the same functions that do it in
//! a deployment.

use std::fs;

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};
use testkit::runtime::Function;

use crate::local::{digest, environment};
use crate::postgres::Cluster;
use crate::state::{Secrets, State};
use crate::workspace::Workspace;

/// The demo tenant and what its people do; see `demo.rs` for the latter.
pub const DEMO: &str = include_str!("demo.json");

/// A migration may rewrite a large table.
const MIGRATION_LIMIT: std::time::Duration = std::time::Duration::from_secs(600);

/// Makes the role that owns the tables and its database, unless they are there.
///
/// # Errors
/// With what Postgres said.
pub fn make_database(cluster: &Cluster, secrets: &Secrets) -> anyhow::Result<()> {
    if cluster.sql("postgres", "SELECT FROM pg_roles WHERE rolname = 'lotse_owner'; SELECT 1")? != "1" {
        return Err(anyhow!("Postgres gave an unexpected answer"));
    }
    let role = format!(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lotse_owner') THEN \
         CREATE ROLE lotse_owner LOGIN CREATEROLE PASSWORD '{}'; END IF; END $$",
        secrets.owner
    );
    cluster.sql("postgres", &role).context("cannot make the role lotse_owner")?;
    if cluster.sql("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'lotse'")? == "0" {
        cluster.sql("postgres", "CREATE DATABASE lotse OWNER lotse_owner").context("cannot make the database")?;
    }
    Ok(())
}

/// Runs the migrations, unless neither they nor the function have changed. Gives whether it ran.
///
/// # Errors
/// With what the function `migrate` said.
pub async fn migrate(workspace: &Workspace, state: &mut State, force: bool) -> anyhow::Result<bool> {
    let digest = migrations(workspace)?;
    if !force && state.migrated.as_ref() == Some(&digest) {
        return Ok(false);
    }
    invoke(workspace, state, "migrate", &json!({})).await.context("the database cannot be migrated")?;
    state.migrated = Some(digest);
    Ok(true)
}

/// Has Postgres close what a function's idle environment keeps open. A laptop keeps an environment of each function for as long as the
/// stack runs, and has no RDS Proxy that would share connections among them.
///
/// # Errors
/// With what Postgres said.
pub fn close_idle_connections(cluster: &Cluster) -> anyhow::Result<()> {
    cluster.sql("lotse", "ALTER ROLE lotse_app SET idle_session_timeout = '10s'").context("cannot set a time-out")?;
    Ok(())
}

fn migrations(workspace: &Workspace) -> anyhow::Result<String> {
    let folder = workspace.root.join("shared/migrations");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut content = Vec::new();
    for file in files.iter().filter(|file| file.is_file()) {
        content.push(fs::read(file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    Ok(digest(&content.iter().map(Vec::as_slice).collect::<Vec<_>>()))
}

/// Makes the demo tenant, or adds what the demo has gained since. Gives whether it ran.
///
/// # Errors
/// With what the function `tenant-create` said.
pub async fn tenant(workspace: &Workspace, state: &mut State) -> anyhow::Result<bool> {
    let secrets = state.secrets.clone().context("the local stack has no secrets yet: run `cargo dev up`")?;
    let input = input(&secrets)?;
    let digest = digest(&[input.to_string().as_bytes()]);
    if state.seeded.as_ref() == Some(&digest) && state.tenant_id.is_some() {
        return Ok(false);
    }
    let made = invoke(workspace, state, "tenant-create", &input).await.context("the demo tenant cannot be made")?;
    let id = made["tenant_id"].as_str().context("tenant-create gave no tenant_id")?;
    state.tenant_id = Some(id.to_owned());
    state.seeded = Some(digest);
    Ok(true)
}

/// The e-mail address of the demo's administrator; empty when the demo has none, which a test forbids.
pub fn administrator() -> String {
    let demo: Value = serde_json::from_str(DEMO).unwrap_or_default();
    let members = demo["tenant"]["members"].as_array().into_iter().flatten();
    let mut admins = members.filter(|member| member["role"] == "admin").filter_map(|member| member["email"].as_str());
    admins.next().unwrap_or_default().to_owned()
}

fn input(secrets: &Secrets) -> anyhow::Result<Value> {
    let mut demo: Value = serde_json::from_str(DEMO).context("demo.json is no JSON")?;
    let mut input = demo["tenant"].take();
    let keys = secrets.source_keys.iter().map(|(source, key)| {
        let scopes: &[&str] = match source.as_str() {
            "portal" => &["events:write", "leads:read", "pipelines:read", "deals:read", "tasks:read", "scoring:read", "routing:read"],
            _ => &["events:write"],
        };
        json!({"source": source, "name": format!("{source} (demo)"), "key": key, "scopes": scopes, "requests_per_minute": 6000})
    });
    input["api_keys"] = keys.collect();
    for member in input["members"].as_array_mut().into_iter().flatten() {
        member["password"] = json!(secrets.console_password);
    }
    input["webhook_sources"] = json!([
        {"source": "website", "token": secrets.website_token, "secret": null},
        {"source": "lemlist", "token": secrets.lemlist_token, "secret": secrets.lemlist_secret},
    ]);
    input["integrations"] = json!({"slack": {"bot_token": "xoxb-local-demo"}});
    Ok(input)
}

/// Runs one function's own binary once, with the variables the template gives it.
async fn invoke(workspace: &Workspace, state: &State, name: &str, event: &Value) -> anyhow::Result<Value> {
    let environment = environment(workspace, state, name)?;
    let function = Function::spawn(name, &workspace.functions_program(), &environment)?;
    function.set_timeout(MIGRATION_LIMIT);
    match function.invoke(event).await {
        Ok(answer) => Ok(answer),
        Err(error) => Err(anyhow!("{error}\nIts log:\n{}", function.logs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_tenant_gets_a_key_for_each_source() {
        let secrets = crate::keys::random_secrets();
        let input = input(&secrets).unwrap();
        let keys = input["api_keys"].as_array().unwrap();
        assert_eq!(keys.len(), secrets.source_keys.len());
        assert!(keys.iter().any(|key| key["source"] == "portal" && key["scopes"].to_string().contains("leads:read")));
    }

    #[test]
    fn the_demo_has_somebody_of_every_role_who_can_sign_in() {
        let secrets = crate::keys::random_secrets();
        let input = input(&secrets).unwrap();
        let members = input["members"].as_array().unwrap();
        for (role, count) in [("admin", 1), ("manager", 1), ("sales", 2), ("viewer", 1)] {
            assert_eq!(members.iter().filter(|member| member["role"] == role).count(), count, "{role}");
        }
        assert!(members.iter().all(|member| member["password"] == secrets.console_password.as_str()));
        assert!(secrets.console_password.len() >= 12);
        assert!(administrator().contains('@'));
    }
}
