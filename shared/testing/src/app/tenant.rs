//! Tenants for tests, made by the real `tenant-create` function.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::TestApp;
use crate::keys::Token;

/// Sources that send events with an API key of their own.
const SOURCES: [&str; 9] =
    ["portal", "website", "waalaxy", "lemlist", "linkedin_ads", "google_ads", "meta_ads", "conference", "import"];

/// Sources that send webhooks.
const HOOKS: [&str; 3] = ["website", "lemlist", "partner"];

/// What the key of `portal` may do; the other sources' keys may only write events.
const PORTAL_SCOPES: [&str; 9] = [
    "events:write",
    "leads:read",
    "pipelines:read",
    "deals:read",
    "tasks:read",
    "scoring:read",
    "routing:read",
    "inbox:read",
    "inbox:write",
];

/// A tenant and how to be somebody in it.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its id.
    pub id: String,
    /// Its short name.
    pub slug: String,
    /// All that `tenant-create` answered.
    pub created: Value,
}

impl Tenant {
    pub(super) fn read(input: &Value, created: Value) -> anyhow::Result<Self> {
        let id = created["tenant_id"].as_str().map(str::to_owned);
        let id = id.with_context(|| format!("tenant-create answered without a tenant_id: {created}"))?;
        Ok(Self { id, slug: input["slug"].as_str().unwrap_or_default().to_owned(), created })
    }

    /// The value of `X-API-Key` for a source: `portal` may also read, the others only write events.
    pub fn api_key(&self, source: &str) -> String {
        format!("{source}:{}", secret(&self.slug, "key", source))
    }

    /// The token in the path of a source's webhook.
    pub fn webhook_token(&self, source: &str) -> String {
        secret(&self.slug, "token", source)
    }

    /// The secret a source signs its webhooks with.
    pub fn webhook_secret(&self, source: &str) -> String {
        secret(&self.slug, "secret", source)
    }

    /// An access token for a person with this role.
    pub fn token(&self, role: &str) -> String {
        Token::new(&self.id).role(role).sign()
    }

    /// An access token that may do exactly this: a scope only narrows what a role may, so it is that of an administrator; and whoever has
    /// no role may do nothing.
    pub fn token_with_scopes(&self, scopes: &[&str]) -> String {
        match scopes.is_empty() {
            true => Token::new(&self.id).sign(),
            false => Token::new(&self.id).role("admin").scopes(scopes).sign(),
        }
    }

    /// The address of a member: `ada` (admin), `mia` (manager), `sam` or `sophie` (sales).
    pub fn email(&self, member: &str) -> String {
        email(&self.slug, member)
    }

    /// The password a member signs in with.
    pub fn password(&self, member: &str) -> String {
        secret(&self.slug, "password", member)
    }

    /// The path of the Slack hook this tenant posts to.
    pub fn slack_hook(&self) -> String {
        slack_hook(&self.slug)
    }
}

/// What `tenant-create` is given for [`TestApp::new_tenant`]; tests may change it and use [`TestApp::create_tenant`].
pub fn input(slug: &str) -> Value {
    let keys = SOURCES.map(|source| {
        let scopes: &[&str] = if source == "portal" { &PORTAL_SCOPES } else { &["events:write"] };
        json!({ "source": source, "name": "test", "key": secret(slug, "key", source), "scopes": scopes,
                "requests_per_minute": 100_000 })
    });
    let hooks = HOOKS.map(|source| {
        json!({ "source": source, "token": secret(slug, "token", source), "secret": secret(slug, "secret", source) })
    });
    let members = [("ada", "admin", 0), ("mia", "manager", 10), ("sam", "sales", 10), ("sophie", "sales", 10)];
    let members = members.map(|(name, role, capacity)| {
        json!({
            "email": email(slug, name),
            "password": secret(slug, "password", name),
            "name": name,
            "role": role,
            "capacity": capacity,
            "pipelines": ["*"],
            "slack_user_id": null,
            "lead_of_team": role == "manager",
        })
    });
    json!({
        "slug": slug,
        "name": format!("Test {slug}"),
        "zone": "Europe/Berlin",
        "language": "de",
        "api_keys": keys,
        "members": members,
        "integrations": { "slack": { "webhook_url": format!("https://hooks.slack.com{}", slack_hook(slug)) } },
        "webhook_sources": hooks,
    })
}

fn email(slug: &str, member: &str) -> String {
    format!("{member}@{slug}.example")
}

/// Differs by tenant and use, and is long enough for a real one.
fn secret(slug: &str, kind: &str, source: &str) -> String {
    format!("test-{kind}-{slug}-{source}-0123456789abcdef")
}

fn slack_hook(slug: &str) -> String {
    let id: String = slug.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    format!("/services/T00000000/B{id:0<8}/0123456789abcdefghijklmn")
}

impl TestApp {
    /// Makes another tenant, with keys, members and hooks like the first.
    ///
    /// # Panics
    /// When `tenant-create` fails.
    pub async fn new_tenant(&self, slug: &str) -> Tenant {
        self.create_tenant(input(slug)).await
    }

    /// Makes a tenant from an input of the test's own.
    ///
    /// # Panics
    /// When `tenant-create` fails or its answer names no id.
    pub async fn create_tenant(&self, input: Value) -> Tenant {
        let created = match self.invoke("tenant-create", input.clone()).await {
            Ok(created) => created,
            Err(error) => panic!("tenant-create failed: {error}\n{}", self.logs("tenant-create")),
        };
        Tenant::read(&input, created).unwrap_or_else(|error| panic!("{error:#}"))
    }
}
