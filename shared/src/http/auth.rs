//! Who calls: an access token (`Authorization: Bearer`, RS256) or an API key (`X-API-Key: <source>:<key>`), and what they may do.

mod jwks;

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::config::{JwtConfig, JwtKey};
use crate::domain::ids::TenantId;
use crate::failure::Failure;
use crate::secrets::token_hash;
use crate::store::{Database, auth as store};

macro_rules! scopes {
    ($($variant:ident => $text:literal,)*) => {
        /// One thing a caller may do. Each endpoint needs exactly one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Scope { $(#[doc = $text] $variant,)* }

        impl Scope {
            /// Every scope, for administrators.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// As written in tokens and API keys.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl FromStr for Scope {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($text => Ok(Self::$variant),)* _ => Err(()) }
            }
        }
    };
}

scopes! {
    EventsWrite => "events:write",
    InboxRead => "inbox:read",
    InboxWrite => "inbox:write",
    LeadsRead => "leads:read",
    LeadsWrite => "leads:write",
    PipelinesRead => "pipelines:read",
    PipelinesWrite => "pipelines:write",
    DealsRead => "deals:read",
    DealsWrite => "deals:write",
    TasksRead => "tasks:read",
    TasksWrite => "tasks:write",
    ScoringRead => "scoring:read",
    ScoringWrite => "scoring:write",
    RoutingRead => "routing:read",
    RoutingWrite => "routing:write",
    TeamRead => "team:read",
    TeamWrite => "team:write",
    IntegrationsRead => "integrations:read",
    IntegrationsWrite => "integrations:write",
    KeysWrite => "keys:write",
    AuditRead => "audit:read",
}

/// In place of a scope: whoever is signed in may do it.
pub struct Anyone;

impl From<Anyone> for Option<Scope> {
    fn from(_: Anyone) -> Self {
        None
    }
}

/// What a person is in their tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Admin,
    Manager,
    Sales,
    Viewer,
    Ingest,
}

impl Role {
    fn allows(self, scope: Scope) -> bool {
        match self {
            Self::Admin => true,
            Self::Manager => !matches!(scope, Scope::KeysWrite | Scope::IntegrationsWrite),
            Self::Sales => matches!(
                scope,
                Scope::LeadsRead
                    | Scope::LeadsWrite
                    | Scope::PipelinesRead
                    | Scope::DealsRead
                    | Scope::DealsWrite
                    | Scope::TasksRead
                    | Scope::TasksWrite
                    | Scope::ScoringRead
                    | Scope::RoutingRead
                    | Scope::TeamRead
            ),
            Self::Viewer => matches!(
                scope,
                Scope::LeadsRead
                    | Scope::PipelinesRead
                    | Scope::DealsRead
                    | Scope::TasksRead
                    | Scope::ScoringRead
                    | Scope::RoutingRead
                    | Scope::TeamRead
            ),
            Self::Ingest => scope == Scope::EventsWrite,
        }
    }
}

/// Who is calling, proved.
#[derive(Debug, Clone)]
pub struct Caller {
    pub tenant: TenantId,
    /// The token's `sub`, or the API key's id.
    pub subject: String,
    pub kind: CallerKind,
    /// For API keys: the one source whose events it may send.
    pub source: Option<String>,
    /// The token's id, checked against the revoked ones on entering the tenant.
    pub jti: Option<String>,
    /// When the token ends by itself.
    pub expires_at: Option<Timestamp>,
    scopes: BTreeSet<Scope>,
    pub rate: Option<Rate>,
}

/// A person or a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    Person,
    ApiKey,
}

/// What is left of an API key's minute.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub limit: i32,
    pub remaining: i32,
    pub resets_in: Duration,
}

impl Rate {
    /// Adds what is left to an answer's headers, unless they say it already.
    pub fn note(self, headers: &mut Vec<(&'static str, String)>) {
        if headers.iter().any(|(name, _)| *name == "ratelimit-limit") {
            return;
        }
        headers.push(("ratelimit-limit", self.limit.to_string()));
        headers.push(("ratelimit-remaining", self.remaining.to_string()));
        headers.push(("ratelimit-reset", self.resets_in.as_secs().to_string()));
    }
}

impl Caller {
    /// Whether this caller may do it.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Passes, or says which scope is missing.
    ///
    /// # Errors
    /// `Forbidden` naming the scope.
    pub fn need(&self, scope: Scope) -> Result<(), Failure> {
        if self.may(scope) {
            return Ok(());
        }
        Err(Failure::Forbidden(format!(
            "This needs the scope `{}`. Ask an administrator for a key or role that has it.",
            scope.as_str()
        )))
    }

    /// Everything this caller may do.
    pub fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.scopes.iter().copied()
    }

    /// Whether this caller may do all that somebody with the role may. Nobody gives away, takes or changes what is beyond them.
    pub fn covers(&self, role: Role) -> bool {
        Scope::ALL.iter().all(|scope| self.may(*scope) || !role.allows(*scope))
    }

    /// `person`, `api_key`: as the audit log names it.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            CallerKind::Person => "person",
            CallerKind::ApiKey => "api_key",
        }
    }
}

/// What the request's headers claim, before anything was asked of the database.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A verified token.
    Token(Box<Caller>),
    /// An API key that still has to be looked up.
    Key { source: String, hash: [u8; 32] },
}

/// Verifies access tokens.
pub struct Verifier {
    config: JwtConfig,
    /// Of a JWKS address, when that is where the keys are.
    keys: jwks::Keys,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    tenant_id: TenantId,
    #[serde(default)]
    roles: Vec<String>,
    scope: Option<String>,
    jti: String,
    /// Whole seconds here; identity providers may write fractions.
    exp: f64,
}

impl Verifier {
    /// With the installation's configuration.
    pub fn new(config: JwtConfig) -> Self {
        Self { config, keys: jwks::Keys::default() }
    }

    /// Reads the credentials of a request.
    ///
    /// # Errors
    /// `Unauthenticated` when there are none, or they are malformed, expired, or signed by somebody else.
    pub async fn credentials(
        &self,
        authorization: Option<&str>,
        api_key: Option<&str>,
        now: Timestamp,
    ) -> Result<Credentials, Failure> {
        if let Some(token) = authorization.and_then(|value| value.strip_prefix("Bearer ")) {
            return Ok(Credentials::Token(Box::new(self.verify(token.trim(), now).await?)));
        }
        if let Some((source, key)) = api_key.and_then(|value| value.split_once(':')) {
            if source.is_empty() || key.is_empty() {
                return Err(unauthenticated("X-API-Key must be `<source>:<key>`."));
            }
            return Ok(Credentials::Key { source: source.to_owned(), hash: token_hash(key) });
        }
        Err(unauthenticated("Send `Authorization: Bearer <token>` or `X-API-Key: <source>:<key>`."))
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, Failure> {
        let invalid = |_| unauthenticated("This token is malformed, expired, or not signed for this service.");
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_audience(&[&self.config.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 30;
        let header = jsonwebtoken::decode_header(token).map_err(invalid)?;
        // Before keys are fetched for a token that could not be believed anyway.
        if header.alg != Algorithm::RS256 {
            return Err(unauthenticated("This token is not signed with RS256."));
        }
        let key = self.key(header.kid.as_deref(), now).await?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(invalid)?.claims;
        let scopes = match &claims.scope {
            Some(list) => list.split_whitespace().filter_map(|scope| scope.parse().ok()).collect(),
            None => {
                let roles: Vec<Role> = claims
                    .roles
                    .iter()
                    .filter_map(|role| serde_json::from_value(serde_json::Value::from(role.as_str())).ok())
                    .collect();
                Scope::ALL.iter().copied().filter(|scope| roles.iter().any(|role| role.allows(*scope))).collect()
            }
        };
        Ok(Caller {
            tenant: claims.tenant_id,
            subject: claims.sub,
            kind: CallerKind::Person,
            source: None,
            jti: Some(claims.jti),
            // A time beyond what there is cannot be waited for: the latest one then.
            #[expect(clippy::cast_possible_truncation, reason = "a number that is too large becomes the largest")]
            expires_at: Some(Timestamp::from_second(claims.exp.ceil() as i64).unwrap_or(Timestamp::MAX)),
            scopes,
            rate: None,
        })
    }

    async fn key(&self, kid: Option<&str>, now: Timestamp) -> Result<DecodingKey, Failure> {
        match &self.config.key {
            JwtKey::Pem(pem) => DecodingKey::from_rsa_pem(pem.as_bytes())
                .map_err(|error| Failure::internal(format!("JWT_PUBLIC_KEY is not an RSA public key in PEM: {error}"))),
            JwtKey::JwksUrl(url) => self.keys.find(url, kid, now).await,
        }
    }
}

fn unauthenticated(detail: &str) -> Failure {
    Failure::Unauthenticated(detail.to_owned())
}

/// Looks an API key up and takes one request of its minute.
///
/// # Errors
/// `Unauthenticated` for an unknown, expired or revoked key; `TooMany` when its minute is used up.
pub async fn use_key(database: &Database, source: &str, hash: &[u8; 32], now: Timestamp) -> Result<Caller, Failure> {
    let key = store::use_api_key(database, source, hash, now).await?.ok_or_else(no_such_key)?;
    let rate = Rate { limit: key.limit, remaining: key.remaining, resets_in: key.resets_in };
    if !key.allowed {
        return Err(Failure::TooMany { retry_after: rate.resets_in, limit: Some(rate.limit) });
    }
    Ok(machine(key.id, key.tenant, source, &key.scopes, Some(rate)))
}

/// Looks an API key up as it was when something was received, and takes nothing of its minute.
///
/// # Errors
/// `Unauthenticated` for a key that was unknown, expired or revoked then.
pub async fn find_key(database: &Database, source: &str, hash: &[u8; 32], at: Timestamp) -> Result<Caller, Failure> {
    let key = store::find_api_key(database, source, hash, at).await?.ok_or_else(no_such_key)?;
    Ok(machine(key.id, key.tenant, source, &key.scopes, None))
}

fn no_such_key() -> Failure {
    unauthenticated("This API key is unknown, expired or revoked, or belongs to another source.")
}

fn machine(id: Uuid, tenant: TenantId, source: &str, scopes: &[String], rate: Option<Rate>) -> Caller {
    Caller {
        tenant,
        subject: id.to_string(),
        kind: CallerKind::ApiKey,
        source: Some(source.to_owned()),
        jti: None,
        expires_at: None,
        scopes: scopes.iter().filter_map(|scope| scope.parse().ok()).collect(),
        rate,
    }
}
