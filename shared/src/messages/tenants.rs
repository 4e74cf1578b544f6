//! What `tenant-create` is told of a new tenant, and what is wrong with it.

mod check;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// A tenant with its people, keys, webhook sources and partners.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenant {
    /// Short name in addresses: lower-case letters, digits and hyphens.
    pub slug: String,
    pub name: String,
    /// IANA name; left out: `Europe/Berlin`, or what the tenant has.
    pub zone: Option<String>,
    /// `de` or `en`; left out: `de`, or what the tenant has.
    pub language: Option<String>,
    /// Completes telephone numbers; stays as it is when the tenant exists.
    #[serde(default = "germany")]
    pub default_country: String,
    /// Keeps its id when a tenant moves here from elsewhere.
    pub id: Option<Uuid>,
    #[serde(default)]
    pub members: Vec<NewTenantMember>,
    #[serde(default)]
    pub api_keys: Vec<NewTenantKey>,
    #[serde(default)]
    pub webhook_sources: Vec<NewTenantSource>,
    /// Per partner its settings; `webhook_url`, `bot_token`, `api_key` and `secret` are sealed.
    #[serde(default)]
    pub integrations: serde_json::Map<String, Value>,
}

/// A member of the team.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenantMember {
    pub email: String,
    pub name: String,
    pub role: String,
    #[serde(default)]
    pub capacity: i32,
    pub slack_user_id: Option<String>,
    #[serde(default)]
    pub lead_of_team: bool,
    /// Slugs of the pipelines served; `*` for all.
    #[serde(default)]
    pub pipelines: Vec<String>,
    /// For the first sign-in; a password that a member has already stays.
    pub password: Option<String>,
}

/// An API key; it is stored as a hash.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenantKey {
    pub source: String,
    pub name: String,
    /// At least 32 characters; left out: made here and answered with, once.
    pub key: Option<String>,
    pub scopes: Vec<String>,
    #[serde(default = "rate")]
    pub requests_per_minute: i32,
}

/// A source of webhooks: its path token, and the secret it signs with. What is left out of a source that exists stays as it is; of a new
/// one it is made here and answered with, once.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenantSource {
    pub source: String,
    /// At least 32 characters.
    pub token: Option<String>,
    /// At least 32 characters. Another one than before begins a rotation: for seven days the one before counts too.
    pub secret: Option<String>,
    /// Ends a rotation now: the secret before counts no longer.
    #[serde(default)]
    pub end_rotation: bool,
}

fn germany() -> String {
    "DE".to_owned()
}
fn rate() -> i32 {
    600
}
