//! New tenants: the tenant, its rules and pipelines as `domain::defaults` has them, its people, keys and webhook sources.
//! Every step may run again: what is there stays, what is new is added.

use std::collections::BTreeSet;

use jiff::Timestamp;
use postgres_types::Json;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::sql::{params, section};
use super::{Database, Tx};
use crate::domain::defaults::Defaults;
use crate::domain::ids::{ApiKeyId, MemberId, RuleId, TenantId};
use crate::failure::Failure;

const SQL: &str = include_str!("tenants.sql");

/// Makes a tenant, or finds the one of that slug as it is.
///
/// # Errors
/// When the database does not answer.
pub async fn create(
    db: &Database,
    id: TenantId,
    slug: &str,
    name: &str,
    zone: &str,
    language: &str,
    country: &str,
) -> Result<TenantId, Failure> {
    let rows = db.query(const { section(SQL, "create") }, params![id, slug, name, zone, language, country]).await?;
    rows.first().map(|row| row.get(0)).ok_or_else(|| Failure::internal("creating a tenant gave no id"))
}

/// Gives the tenant of this transaction another name, zone or language; none keeps. Functions learn of it by the tenant's version.
///
/// # Errors
/// When the database does not answer.
pub async fn rename(tx: &Tx, name: &str, zone: Option<&str>, language: Option<&str>) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "rename") }, params![tx.tenant(), name, zone, language]).await?;
    Ok(())
}

/// What every statement of a tenant's life needs to know of it.
#[derive(Debug, Clone, Serialize)]
pub struct Tenant {
    pub slug: String,
    pub name: String,
    pub zone: String,
    pub language: String,
    pub default_country: String,
    pub currency: String,
}

/// The tenant of this transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn get(tx: &Tx) -> Result<Tenant, Failure> {
    let row = tx
        .find(const { section(SQL, "get") }, params![tx.tenant()])
        .await?
        .ok_or_else(|| Failure::internal("the transaction's tenant is gone"))?;
    Ok(Tenant {
        slug: row.get("slug"),
        name: row.get("name"),
        zone: row.get("zone"),
        language: row.get("language"),
        default_country: row.get("default_country"),
        currency: row.get("currency"),
    })
}

/// Puts the default rules, settings, pipelines and stages in place, where they are missing. Answers whether anything was new.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_defaults(
    tx: &Tx,
    defaults: &Defaults,
    new_id: impl Fn() -> Uuid,
    now: Timestamp,
) -> Result<bool, Failure> {
    let scoring: Vec<Value> = defaults
        .scoring_rules
        .iter()
        .map(|rule| {
            let mut row = json!(rule);
            row["id"] = json!(RuleId(new_id()));
            row
        })
        .collect();
    let intent: Vec<Value> = defaults
        .intent_rules
        .iter()
        .map(|rule| {
            let mut row = json!(rule);
            row["id"] = json!(RuleId(new_id()));
            row
        })
        .collect();
    let mut pipelines = Vec::new();
    let mut stages = Vec::new();
    for (position, pipeline) in defaults.pipelines.iter().enumerate() {
        let id = new_id();
        let mut row = json!(pipeline);
        row["id"] = json!(id);
        row["position"] = json!(position + 1);
        pipelines.push(row);
        for stage in &pipeline.stages {
            let mut row = json!(stage);
            row["id"] = json!(new_id());
            row["pipeline_id"] = json!(id);
            stages.push(row);
        }
    }
    let settings = defaults.intent_settings();
    let tenant = tx.tenant();
    let mut new =
        tx.execute(const { section(SQL, "insert_scoring_rules") }, params![tenant, json!(scoring), now]).await?;
    new += tx.execute(const { section(SQL, "insert_intent_rules") }, params![tenant, json!(intent), now]).await?;
    new += tx.execute(const { section(SQL, "insert_pipelines") }, params![tenant, json!(pipelines), now]).await?;
    new += tx.execute(const { section(SQL, "insert_stages") }, params![tenant, json!(stages)]).await?;
    new += tx
        .execute(
            const { section(SQL, "insert_settings") },
            params![
                tenant,
                Json(defaults.tiers),
                defaults.intents,
                json!(settings),
                json!({
                    "min_score": defaults.routing.min_score,
                    "min_confidence": defaults.routing.min_confidence,
                    "discovery_after_days": defaults.routing.discovery_after_days,
                    "follow_up_working_days": defaults.routing.follow_up_working_days,
                }),
            ],
        )
        .await?;
    Ok(new > 0)
}

/// A member of the team as a deployment or seed describes them.
pub struct NewMember {
    pub id: MemberId,
    /// In normal form.
    pub email: String,
    pub name: String,
    pub role: String,
    pub capacity: i32,
    pub slack_user_id: Option<String>,
    pub lead_of_team: bool,
    /// Slugs of pipelines; `*` for all.
    pub pipelines: Vec<String>,
}

/// Adds members (known by e-mail address) and which pipelines they serve.
///
/// # Errors
/// When the database does not answer.
pub async fn upsert_members(tx: &Tx, members: &[NewMember], now: Timestamp) -> Result<(), Failure> {
    let rows: Vec<Value> = members
        .iter()
        .map(|member| {
            json!({
                "id": member.id, "email": member.email, "name": member.name, "role": member.role, "capacity": member.capacity,
                "slack_user_id": member.slack_user_id, "lead_of_team": member.lead_of_team, "pipelines": member.pipelines,
            })
        })
        .collect();
    tx.execute(const { section(SQL, "upsert_members") }, params![tx.tenant(), json!(rows), now]).await?;
    tx.execute(const { section(SQL, "insert_member_pipelines") }, params![tx.tenant(), json!(rows)]).await?;
    Ok(())
}

/// An API key to be stored; only its hash arrives here.
pub struct NewApiKey {
    pub id: ApiKeyId,
    pub source: String,
    pub name: String,
    pub hash: [u8; 32],
    pub scopes: Vec<String>,
    pub requests_per_minute: i32,
}

/// Adds a key, or gives a known one these scopes and this rate.
///
/// # Errors
/// When the database does not answer.
pub async fn upsert_api_key(tx: &Tx, key: &NewApiKey, now: Timestamp) -> Result<(), Failure> {
    tx.execute(
        const { section(SQL, "upsert_api_key") },
        params![
            key.id,
            tx.tenant(),
            key.source,
            key.name,
            key.hash.as_slice(),
            key.scopes,
            key.requests_per_minute,
            now
        ],
    )
    .await?;
    Ok(())
}

/// Source and name of every key that was not revoked.
///
/// # Errors
/// When the database does not answer.
pub async fn list_key_names(tx: &Tx) -> Result<BTreeSet<(String, String)>, Failure> {
    let rows = tx.query(const { section(SQL, "list_key_names") }, params![]).await?;
    Ok(rows.iter().map(|row| (row.get("source"), row.get("name"))).collect())
}

/// A source of webhooks as it is stored; its secrets are sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSource {
    pub token_hash: [u8; 32],
    pub secret: Option<Vec<u8>>,
    /// While senders are being changed, what they signed with before counts too.
    pub previous: Option<Vec<u8>>,
    /// Until then.
    pub previous_until: Option<Timestamp>,
}

/// A source, locked until the end of the transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_webhook_source(tx: &Tx, source: &str) -> Result<Option<WebhookSource>, Failure> {
    let row = tx.find(const { section(SQL, "lock_webhook_source") }, params![source]).await?;
    let Some(row) = row else { return Ok(None) };
    let hash: Vec<u8> = row.get("token_hash");
    Ok(Some(WebhookSource {
        token_hash: hash.try_into().map_err(|_| Failure::internal("a token's hash has another length"))?,
        secret: row.get("secret"),
        previous: row.get("previous_secret"),
        previous_until: row.get("previous_secret_until"),
    }))
}

/// Adds a source of webhooks, or gives a known one this token and these secrets.
///
/// # Errors
/// `Conflict` when the token is in use for another source.
pub async fn upsert_webhook_source(
    tx: &Tx,
    id: Uuid,
    source: &str,
    new: &WebhookSource,
    now: Timestamp,
) -> Result<(), Failure> {
    let (hash, secret, previous) = (new.token_hash.as_slice(), new.secret.as_deref(), new.previous.as_deref());
    let outcome = tx
        .execute(
            const { section(SQL, "upsert_webhook_source") },
            params![id, tx.tenant(), source, hash, secret, previous, new.previous_until, now],
        )
        .await;
    match outcome {
        Ok(_) => Ok(()),
        Err(error) => match error.as_db_error().and_then(|db| db.constraint()) {
            Some("webhook_sources_token_hash_key") => Err(Failure::conflict(
                "token_in_use",
                format!(
                    "The token of the webhook source {source} is used for another source. Every source needs its own."
                ),
            )),
            _ => Err(error.into()),
        },
    }
}

/// Forgets the secrets whose rotation is over, and gives an end to rotations that have none. Answers with how many were forgotten.
///
/// # Errors
/// When the database does not answer.
pub async fn end_rotations(db: &Database, now: Timestamp) -> Result<i32, Failure> {
    let rows = db.query(const { section(SQL, "end_rotations") }, params![now]).await?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// Sets a partner's settings and sealed credentials.
///
/// # Errors
/// When the database does not answer.
pub async fn upsert_integration(
    tx: &Tx,
    name: &str,
    settings: &Value,
    secret: Option<&[u8]>,
    now: Timestamp,
) -> Result<(), Failure> {
    tx.execute(const { section(SQL, "upsert_integration") }, params![tx.tenant(), name, settings, secret, now]).await?;
    Ok(())
}
