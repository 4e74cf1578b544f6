//! Who calls: an access token (`Authorization: Bearer`, RS256) or an API key (`X-API-Key: <source>:<key>`), and what they may do.

mod jwks;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::config::{JwtConfig, JwtKey};
use crate::domain::access::{Caller, CallerKind, Rate, Role, Scope, granted, named_emails};
use crate::domain::ids::TenantId;
use crate::failure::Failure;
use crate::secrets::token_hash;

/// In place of a scope: whoever is signed in may do it.
pub struct Anyone;

impl From<Anyone> for Option<Scope> {
    fn from(_: Anyone) -> Self {
        None
    }
}

/// Adds what is left of an API key's minute to an answer's headers, unless they say it already.
pub(super) fn note_rate(rate: Rate, headers: &mut Vec<(&'static str, String)>) {
    if headers.iter().any(|(name, _)| *name == "ratelimit-limit") {
        return;
    }
    headers.push(("ratelimit-limit", rate.limit.to_string()));
    headers.push(("ratelimit-remaining", rate.remaining.to_string()));
    headers.push(("ratelimit-reset", rate.resets_in.as_secs().to_string()));
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

/// What Keycloak, Auth0, Cognito and Entra write, as far as it concerns us. Roles are in `roles` and nowhere else: groups and roles
/// that these keep under names of their own are given that name there.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    tenant_id: Option<TenantId>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    scope: Words,
    /// Entra's scopes.
    #[serde(default)]
    scp: Words,
    jti: Option<String>,
    /// Entra's `jti`.
    uti: Option<String>,
    email: Option<String>,
    preferred_username: Option<String>,
    upn: Option<String>,
    /// Whole seconds here; identity providers may write fractions.
    exp: f64,
}

/// Words in one text, or in a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    Text(String),
    List(Vec<String>),
}

impl Default for Words {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Words {
    fn iter(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::Text(text) => std::slice::from_ref(text),
            Self::List(texts) => texts.as_slice(),
        };
        texts.iter().flat_map(|text| text.split_whitespace())
    }
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
        if let Some(token) = authorization.and_then(bearer) {
            return Ok(Credentials::Token(Box::new(self.verify(token, now).await?)));
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
        // RFC 7515: whoever does not know an extension that counts must not believe the token. None is known here.
        if header.crit.is_some() {
            return Err(unauthenticated("This token asks for an extension (`crit`) that is not known here."));
        }
        let key = self.key(header.kid.as_deref(), now).await?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(invalid)?.claims;
        let lacks = |claim: &str| {
            unauthenticated(&format!("This token has no `{claim}`. Have whoever issues it add that claim."))
        };
        let tenant = claims.tenant_id.ok_or_else(|| lacks("tenant_id"))?;
        let jti = claims.jti.or(claims.uti).ok_or_else(|| lacks("jti"))?;
        let roles: Vec<Role> = claims
            .roles
            .iter()
            .filter_map(|role| serde_json::from_value(serde_json::Value::from(role.as_str())).ok())
            .collect();
        let names = [&claims.email, &claims.preferred_username, &claims.upn];
        Ok(Caller {
            tenant,
            subject: claims.sub,
            kind: CallerKind::Person,
            source: None,
            jti: Some(jti),
            emails: named_emails(names.map(Option::as_deref)),
            // A time beyond what there is cannot be waited for: the latest one then.
            #[expect(clippy::cast_possible_truncation, reason = "a number that is too large becomes the largest")]
            expires_at: Some(Timestamp::from_second(claims.exp.ceil() as i64).unwrap_or(Timestamp::MAX)),
            scopes: granted(&roles, claims.scope.iter().chain(claims.scp.iter())),
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

/// The token of an `Authorization` header; how the scheme is written does not matter (RFC 9110).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim_start().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unauthenticated(detail: &str) -> Failure {
    Failure::Unauthenticated(detail.to_owned())
}
