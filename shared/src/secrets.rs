//! Sealing of tenants' secrets: AES-256-GCM with the installation's key, the nonce in front. And the hashes under which API keys
//! and path tokens are stored.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;

/// Seals and opens small secrets.
pub struct Sealer {
    key: RandomizedNonceKey,
}

impl Sealer {
    /// From the key of `SECRETS_KEY`.
    ///
    /// # Errors
    /// When the key cannot be used.
    pub fn new(key: &[u8; 32]) -> Result<Self, Failure> {
        RandomizedNonceKey::new(&AES_256_GCM, key)
            .map(|key| Self { key })
            .map_err(|_| Failure::internal("SECRETS_KEY cannot be used as an AES-256 key"))
    }

    /// `context` (for instance the tenant's id and the integration's name) must be the same when opening: a sealed secret that is
    /// copied to another row does not open there.
    ///
    /// # Errors
    /// When the random generator fails.
    pub fn seal(&self, context: &str, secret: &str) -> Result<Vec<u8>, Failure> {
        let mut sealed = secret.as_bytes().to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut sealed)
            .map_err(|_| Failure::internal("could not seal a secret"))?;
        let mut out = nonce.as_ref().to_vec();
        out.append(&mut sealed);
        Ok(out)
    }

    /// The secret that [`Self::seal`] sealed with the same context.
    ///
    /// # Errors
    /// When it was sealed with another key or context, or was changed.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<String, Failure> {
        let unreadable = || {
            Failure::internal(
                "a stored secret does not open with SECRETS_KEY; was the key replaced? enter the secret again",
            )
        };
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or_else(unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| unreadable())?;
        let mut rest = rest.to_vec();
        let opened =
            self.key.open_in_place(nonce, Aad::from(context.as_bytes()), &mut rest).map_err(|_| unreadable())?;
        String::from_utf8(opened.to_vec()).map_err(|_| unreadable())
    }
}

/// SHA-256 of a key or token of high entropy: what the database knows of it.
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// A token nobody can guess: 256 random bits, in characters that need no quoting anywhere.
///
/// # Errors
/// When the random generator fails.
pub fn random_token() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| Failure::internal("no random bytes for a token"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Compares without telling by time where the difference is.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    use subtle::ConstantTimeEq as _;
    left.ct_eq(right).into()
}
