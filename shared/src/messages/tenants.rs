//! What `tenant-create` is told of a new tenant.

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::identity::Country;
use crate::failure::{Failure, Fault};

/// A tenant with its people, keys, webhook sources and partners.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenant {
    /// Short name in addresses: lower-case letters, digits and hyphens.
    pub slug: String,
    pub name: String,
    #[serde(default = "berlin")]
    pub zone: String,
    #[serde(default = "german")]
    pub language: String,
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

impl NewTenant {
    /// Passes when the zone and the country exist: a wrong one would quietly become UTC or Germany wherever it is read.
    ///
    /// # Errors
    /// `Invalid` naming what does not exist.
    pub fn check(&self) -> Result<(), Failure> {
        let mut faults = Vec::new();
        if TimeZone::get(&self.zone).is_err() {
            faults.push(Fault::new("/zone", "unknown_value", "Use an IANA time zone such as Europe/Berlin."));
        }
        if let Err(unknown) = self.default_country.parse::<Country>() {
            faults.push(Fault::new("/default_country", "unknown_value", format!("{unknown}.")));
        }
        if faults.is_empty() { Ok(()) } else { Err(Failure::Invalid(faults)) }
    }
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
    pub key: String,
    pub scopes: Vec<String>,
    #[serde(default = "rate")]
    pub requests_per_minute: i32,
}

/// A source of webhooks: its path token, and the secret it signs with.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenantSource {
    pub source: String,
    pub token: String,
    pub secret: Option<String>,
}

fn berlin() -> String {
    "Europe/Berlin".to_owned()
}
fn german() -> String {
    "de".to_owned()
}
fn germany() -> String {
    "DE".to_owned()
}
fn rate() -> i32 {
    600
}
