//! Keys for tests: an RSA pair for access tokens and signatures of webhooks. The private key is public: it signs
//! nothing outside tests.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use uuid::Uuid;

/// The public half, as `JWT_PUBLIC_KEY` wants it.
pub const PUBLIC_KEY: &str = include_str!("keys/test-public.pem");

/// The private half, for the functions that sign people in.
pub const PRIVATE_KEY: &str = include_str!("keys/test-private.pem");

/// `iss` of the kit's tokens, and what the functions are told to expect.
pub const ISSUER: &str = "lotse-test";

/// `aud` of the kit's tokens, and what the functions are told to expect.
pub const AUDIENCE: &str = "lotse-test-api";

/// The claims of an access token; [`Token::sign`] makes the token.
#[derive(Debug, Clone)]
pub struct Token {
    claims: Map<String, Value>,
}

impl Token {
    /// A token for a person of `tenant`: valid from now on for an hour, without role or scope.
    pub fn new(tenant: &str) -> Self {
        let now = epoch_seconds();
        let claims = json!({
            "sub": Uuid::new_v4(),
            "tenant_id": tenant,
            "roles": [],
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 3600,
            "jti": Uuid::new_v4(),
        });
        match claims {
            Value::Object(claims) => Self { claims },
            _ => Self { claims: Map::new() },
        }
    }

    /// Adds a role: `admin`, `manager`, `sales`, `viewer`, `ingest`.
    #[must_use]
    pub fn role(self, role: &str) -> Self {
        self.claim("roles", json!([role]))
    }

    /// Sets exactly these scopes.
    #[must_use]
    pub fn scopes(self, scopes: &[&str]) -> Self {
        self.claim("scope", json!(scopes.join(" ")))
    }

    /// Lets it expire the given time ago.
    #[must_use]
    pub fn expired(self, ago: Duration) -> Self {
        self.claim("exp", json!(epoch_seconds().saturating_sub(ago.as_secs())))
    }

    /// Sets any claim; `null` removes it.
    #[must_use]
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        if value.is_null() {
            self.claims.remove(name);
        } else {
            self.claims.insert(name.to_owned(), value);
        }
        self
    }

    /// Signs it with RS256.
    ///
    /// # Panics
    /// Never with the kit's own key; a broken key file must fail every test loudly.
    #[expect(clippy::expect_used, reason = "the key is a file of the kit")]
    pub fn sign(&self) -> String {
        let key = EncodingKey::from_rsa_pem(PRIVATE_KEY.as_bytes()).expect("the test key is readable");
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &self.claims, &key).expect("a token can be signed")
    }
}

/// `X-Signature` of a webhook: hexadecimal HMAC-SHA256 over `timestamp + "." + body`.
pub fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    hmac_sha256(secret.as_bytes(), &[timestamp.as_bytes(), b".", body].concat())
}

/// Hexadecimal HMAC-SHA256.
#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    hex(&mac.finalize().into_bytes())
}

/// Hexadecimal SHA-256, as tokens are stored.
pub fn sha256_hex(message: &[u8]) -> String {
    use sha2::Digest as _;
    hex(&Sha256::digest(message))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Seconds since 1970.
pub fn epoch_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation};

    use super::*;

    #[test]
    fn tokens_verify_with_the_public_key() {
        let token = Token::new("tenant").role("sales").scopes(&["leads:read", "deals:read"]).sign();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        let key = DecodingKey::from_rsa_pem(PUBLIC_KEY.as_bytes()).unwrap();
        let claims = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap().claims;
        assert_eq!(claims["roles"], json!(["sales"]));
        assert_eq!(claims["scope"], "leads:read deals:read");
    }

    #[test]
    fn signatures_agree_with_a_known_vector() {
        // RFC 4231, test case 2.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hmac_sha256(b"Jefe", b"what do ya want for nothing?"), expected);
        assert_eq!(signature("s", "1", b"{}"), hmac_sha256(b"s", b"1.{}"));
    }
}
