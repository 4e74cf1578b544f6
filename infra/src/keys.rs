//! Keys of the local stack: the RSA pair that signs its tokens, the administrator's token, and random secrets.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use crate::state::{Secrets, write_private};

/// `iss` of the local stack's tokens.
pub const ISSUER: &str = "lotse-local";

/// `aud` of the local stack's tokens.
pub const AUDIENCE: &str = "lotse-api";

/// The local administrator's token lives ten years: it opens nothing but this laptop's own data.
const TOKEN_DAYS: i64 = 3650;

/// The public key as PEM; the pair is made on first use.
///
/// # Errors
/// When the key files cannot be written or read.
pub fn public_key(dev: &Path) -> anyhow::Result<String> {
    let (private, public) = (dev.join("keys/jwt-private.pem"), dev.join("keys/jwt-public.pem"));
    if !(private.exists() && public.exists()) {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok().context("cannot make an RSA key")?;
        let secret = AsDer::<Pkcs8V1Der>::as_der(&pair).ok().context("cannot encode the RSA key")?;
        let open = AsDer::<PublicKeyX509Der>::as_der(pair.public_key()).ok().context("cannot encode the public key")?;
        write_private(&private, pem("PRIVATE KEY", secret.as_ref()).as_bytes())?;
        write_private(&public, pem("PUBLIC KEY", open.as_ref()).as_bytes())?;
    }
    fs::read_to_string(&public).with_context(|| format!("cannot read {}", public.display()))
}

/// The private key as PEM, for the functions that sign people in; made with the public one.
///
/// # Errors
/// As [`public_key`].
pub fn private_key(dev: &Path) -> anyhow::Result<String> {
    public_key(dev)?;
    let private = dev.join("keys/jwt-private.pem");
    fs::read_to_string(&private).with_context(|| format!("cannot read {}", private.display()))
}

fn pem(kind: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<String> =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

/// A token for an administrator of the tenant.
///
/// # Errors
/// When the private key cannot be read or is damaged.
pub fn administrator(dev: &Path, tenant: &str) -> anyhow::Result<String> {
    let private = dev.join("keys/jwt-private.pem");
    let pem = fs::read(&private).with_context(|| format!("cannot read {}", private.display()))?;
    let key = EncodingKey::from_rsa_pem(&pem).context("the private key is damaged: run `cargo dev reset`")?;
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({
        "sub": "local-administrator",
        "tenant_id": tenant,
        "roles": ["admin"],
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + TOKEN_DAYS * 86_400,
        "jti": uuid::Uuid::new_v4(),
    });
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).context("cannot sign the token")
}

/// Sources that the demo tenant gives an API key.
const SOURCES: &[&str] = &["portal", "website", "conference", "waalaxy"];

/// Secrets nobody has seen before.
pub fn random_secrets() -> Secrets {
    let token = || URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
    Secrets {
        superuser: password(),
        owner: password(),
        app: password(),
        sealing_key: STANDARD.encode(rand::random::<[u8; 32]>()),
        source_keys: SOURCES.iter().map(|&source| (source.to_owned(), token())).collect(),
        website_token: token(),
        lemlist_token: token(),
        lemlist_secret: token(),
        console_password: console_password(),
    }
}

/// Letters and digits only: passwords stand in connection strings.
fn password() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// What the demo's people sign in with: four groups of four, since somebody may have to type it.
pub fn console_password() -> String {
    let letters = password();
    let groups: Vec<&str> = (0..4).filter_map(|group| letters.get(group * 4..group * 4 + 4)).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_verifies_with_the_public_key() {
        let dev = std::env::temp_dir().join(format!("lotse-keys-{}", std::process::id()));
        let public = public_key(&dev).unwrap();
        let token = administrator(&dev, "0190a000-0000-7000-8000-000000000001").unwrap();
        let key = jsonwebtoken::DecodingKey::from_rsa_pem(public.as_bytes()).unwrap();
        let mut rules = jsonwebtoken::Validation::new(Algorithm::RS256);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[ISSUER]);
        let claims = jsonwebtoken::decode::<serde_json::Value>(&token, &key, &rules).unwrap().claims;
        assert_eq!(claims["tenant_id"], "0190a000-0000-7000-8000-000000000001");
        fs::remove_dir_all(dev).unwrap();
    }

    #[test]
    fn the_sealing_key_has_32_bytes() {
        assert_eq!(STANDARD.decode(random_secrets().sealing_key).unwrap().len(), 32);
    }
}
