//! Signs access tokens, where this installation signs people in itself.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::config::{JwtConfig, JwtKey, signing_key};
use crate::domain::ids::{MemberId, TenantId};
use crate::environment::ConfigError;
use crate::failure::Failure;

/// Holds the private key. No `Debug`: it must not get into a log.
pub struct Signer {
    key: EncodingKey,
    issuer: String,
    audience: String,
}

#[derive(Serialize, Deserialize)]
struct Claims<'a> {
    sub: MemberId,
    tenant_id: TenantId,
    roles: [&'a str; 1],
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
}

impl Signer {
    /// From `JWT_PRIVATE_KEY`, `JWT_PUBLIC_KEY`, `JWT_ISSUER` and `JWT_AUDIENCE`.
    ///
    /// # Errors
    /// `Missing` where there is no private key or an identity provider's keys are the believed ones; `Bad` when the private key
    /// does not belong to the public one: nobody would believe its tokens.
    pub fn from_env() -> Result<Self, ConfigError> {
        let config = JwtConfig::from_env()?;
        let JwtKey::Pem(public) = &config.key else { return Err(ConfigError::Missing("JWT_PUBLIC_KEY".to_owned())) };
        Self::new(&signing_key()?, public, config.issuer, config.audience)
    }

    fn new(private: &str, public: &str, issuer: String, audience: String) -> Result<Self, ConfigError> {
        let bad = |problem: &str| ConfigError::Bad { name: "JWT_PRIVATE_KEY", problem: problem.to_owned() };
        let key = EncodingKey::from_rsa_pem(private.as_bytes()).map_err(|_| bad("not an RSA private key in PEM"))?;
        let signer = Self { key, issuer, audience };
        let public = DecodingKey::from_rsa_pem(public.as_bytes()).map_err(|_| ConfigError::Bad {
            name: "JWT_PUBLIC_KEY",
            problem: "not an RSA public key in PEM".to_owned(),
        })?;
        let mut anything = Validation::new(Algorithm::RS256);
        anything.validate_exp = false;
        anything.validate_aud = false;
        anything.set_required_spec_claims::<&str>(&[]);
        let token = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &serde_json::json!({}), &signer.key);
        let token = token.map_err(|_| bad("not usable for RS256"))?;
        match jsonwebtoken::decode::<serde_json::Value>(&token, &public, &anything) {
            Ok(_) => Ok(signer),
            Err(_) => Err(bad("not the one that belongs to JWT_PUBLIC_KEY")),
        }
    }

    /// A token for a member with this role.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn sign(
        &self,
        tenant: TenantId,
        member: MemberId,
        role: &str,
        jti: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<String, Failure> {
        let claims = Claims {
            sub: member,
            tenant_id: tenant,
            roles: [role],
            iss: &self.issuer,
            aud: &self.audience,
            iat: now.as_second(),
            exp: until.as_second(),
            jti,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key).map_err(Failure::internal)
    }
}

/// The signer of this installation, made at the first use.
///
/// # Errors
/// `NotFound` where an identity provider signs people in; `Internal` when the keys do not fit each other.
pub(crate) fn signer_from_env() -> Result<Signer, Failure> {
    match Signer::from_env() {
        Ok(signer) => Ok(signer),
        Err(ConfigError::Missing(_)) => Err(Failure::NotFound(
            "This installation has no sign-in with password: people sign in at its identity provider, and its tokens \
             are sent as `Authorization: Bearer`."
                .to_owned(),
        )),
        Err(error) => Err(Failure::internal(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: &str = include_str!("../testing/src/keys/test-private.pem");
    const PUBLIC: &str = include_str!("../testing/src/keys/test-public.pem");
    const FOREIGN: &str = include_str!("../../functions/operations/tests/it/foreign.pem");

    #[test]
    fn the_keys_must_belong_together() {
        let with = |private: &str| Signer::new(private, PUBLIC, "i".to_owned(), "a".to_owned());
        assert!(with(PRIVATE).is_ok());
        for private in [FOREIGN, "", PUBLIC] {
            let Err(ConfigError::Bad { name, problem }) = with(private) else { panic!("{private} is believed") };
            assert_eq!(name, "JWT_PRIVATE_KEY");
            assert!(!problem.contains("BEGIN"), "{problem}");
        }
    }
}
