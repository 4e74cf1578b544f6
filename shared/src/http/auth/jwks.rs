//! The signing keys at a JWKS address, kept for an hour.
//!
//! An unknown key's id asks again at most once a minute, so that made-up tokens cannot make us hammer the address, and keys that
//! once worked go on working while the address does not answer.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse};
use tokio::sync::Mutex;

use super::unauthenticated;
use crate::failure::Failure;

/// Keys older than this are asked for again, so that one that was withdrawn stops working.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// The shortest time between two questions while there are keys to go on with.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// How long the address may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The keys of one address.
#[derive(Default)]
pub struct Keys {
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    set: JwkSet,
    fetched_at: Timestamp,
    asked_at: Timestamp,
}

impl Keys {
    /// The key called `kid`, or the only one when a token names none.
    ///
    /// # Errors
    /// `Unauthenticated` when there is no such key; `Unavailable` when the keys were never there and the address does not answer.
    pub async fn find(&self, url: &str, kid: Option<&str>, now: Timestamp) -> Result<DecodingKey, Failure> {
        let mut slot = self.kept.lock().await;
        if let Some(kept) = slot.as_mut() {
            let known = find(&kept.set, kid);
            let fresh = now.duration_since(kept.fetched_at) < FRESH;
            let asked = now.duration_since(kept.asked_at) < PAUSE;
            match known {
                Some(key) if fresh || asked => return key,
                None if asked => return Err(unknown()),
                _ => {}
            }
            kept.asked_at = now;
        }
        match (fetch(url).await, slot.as_ref()) {
            (Ok(set), _) => *slot = Some(Kept { set, fetched_at: now, asked_at: now }),
            (Err(failure), Some(_)) => {
                tracing::warn!(reason = %failure, "no new signing keys; the old ones stay in use")
            }
            (Err(failure), None) => return Err(failure),
        }
        slot.as_ref().and_then(|kept| find(&kept.set, kid)).unwrap_or_else(|| Err(unknown()))
    }
}

fn unknown() -> Failure {
    unauthenticated("This token is signed with an unknown key.")
}

fn find(set: &JwkSet, kid: Option<&str>) -> Option<Result<DecodingKey, Failure>> {
    let named = |jwk: &&Jwk| kid.is_none() || jwk.common.key_id.as_deref() == kid;
    let jwk = set.keys.iter().filter(|jwk| is_for_signing(jwk)).find(named)?;
    Some(DecodingKey::from_jwk(jwk).map_err(Failure::internal))
}

/// Whether a key is meant for what it would be used for here: checking RS256 signatures. Addresses also list keys for encryption and
/// for other algorithms.
fn is_for_signing(jwk: &Jwk) -> bool {
    matches!(jwk.algorithm, AlgorithmParameters::RSA(_))
        && jwk.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && jwk.common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::RS256)
        && jwk.common.key_operations.as_ref().is_none_or(|uses| uses.contains(&KeyOperations::Verify))
}

async fn fetch(url: &str) -> Result<JwkSet, Failure> {
    let asked = crate::integrations::client()?.get(url).timeout(PATIENCE).send().await;
    let answer = asked.and_then(reqwest::Response::error_for_status).map_err(Failure::unavailable)?;
    let set: JwkSet = answer.json().await.map_err(Failure::unavailable)?;
    if set.keys.is_empty() {
        return Err(Failure::unavailable("the JWKS address lists no keys"));
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex as SyncMutex};

    use super::*;
    use crate::config::{JwtConfig, JwtKey};
    use crate::http::auth::Verifier;

    /// An address that answers with these documents, one after the other, and then with errors; counts the questions.
    fn address(documents: &'static [&'static str]) -> (String, Arc<SyncMutex<usize>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let asked = Arc::new(SyncMutex::new(0));
        let counter = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = [0; 4096];
                let _bytes = stream.read(&mut head).unwrap();
                let mut count = counter.lock().unwrap();
                let (status, body) = documents.get(*count).map_or(("500 Oops", ""), |body| ("200 OK", *body));
                *count += 1;
                let length = body.len();
                write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
                    .unwrap();
            }
        });
        (url, asked)
    }

    const FIRST: &str = r#"{"keys":[{"kty":"RSA","kid":"a","alg":"RS256","use":"sig","n":"sXch","e":"AQAB"}]}"#;
    const SECOND: &str = r#"{"keys":[{"kty":"RSA","kid":"b","alg":"RS256","use":"sig","n":"sXch","e":"AQAB"}]}"#;

    fn minute(n: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * n).unwrap()
    }

    #[tokio::test]
    async fn unknown_keys_ask_once_a_minute() {
        let (url, asked) = address(&[FIRST, FIRST, SECOND]);
        let keys = Keys::default();
        assert!(keys.find(&url, Some("a"), minute(0)).await.is_ok());
        for _ in 0..3 {
            assert!(matches!(keys.find(&url, Some("b"), minute(0)).await, Err(Failure::Unauthenticated(_))));
        }
        assert_eq!(*asked.lock().unwrap(), 1);
        assert!(keys.find(&url, Some("b"), minute(1)).await.is_err());
        assert!(keys.find(&url, Some("b"), minute(2)).await.is_ok(), "the address has it by now");
        assert!(matches!(keys.find(&url, Some("a"), minute(2)).await, Err(Failure::Unauthenticated(_))));
        assert_eq!(*asked.lock().unwrap(), 3);
    }

    #[tokio::test]
    async fn a_withdrawn_key_ends_after_an_hour() {
        let (url, asked) = address(&[FIRST, SECOND]);
        let keys = Keys::default();
        assert!(keys.find(&url, Some("a"), minute(0)).await.is_ok());
        assert!(keys.find(&url, Some("a"), minute(59)).await.is_ok());
        assert_eq!(*asked.lock().unwrap(), 1);
        assert!(matches!(keys.find(&url, Some("a"), minute(60)).await, Err(Failure::Unauthenticated(_))));
    }

    #[tokio::test]
    async fn old_keys_outlive_an_address_that_fails_or_lists_none() {
        let (url, asked) = address(&[FIRST, r#"{"keys":[]}"#]);
        let keys = Keys::default();
        assert!(keys.find(&url, Some("a"), minute(0)).await.is_ok());
        assert!(keys.find(&url, Some("a"), minute(60)).await.is_ok(), "no keys at all");
        assert!(keys.find(&url, Some("a"), minute(60)).await.is_ok(), "not asked again at once");
        assert!(keys.find(&url, Some("a"), minute(61)).await.is_ok(), "an error");
        assert_eq!(*asked.lock().unwrap(), 3);
        assert!(matches!(Keys::default().find(&url, None, minute(0)).await, Err(Failure::Unavailable { .. })));
    }

    #[tokio::test]
    async fn only_keys_for_rs256_signatures_count() {
        const MIXED: &str = r#"{"keys":[
            {"kty":"RSA","kid":"enc","use":"enc","n":"sXch","e":"AQAB"},
            {"kty":"RSA","kid":"rs512","alg":"RS512","use":"sig","n":"sXch","e":"AQAB"},
            {"kty":"RSA","kid":"wrap","key_ops":["wrapKey"],"n":"sXch","e":"AQAB"},
            {"kty":"oct","kid":"shared","k":"sXch"},
            {"kty":"RSA","kid":"plain","n":"sXch","e":"AQAB"}]}"#;
        let (url, _) = address(&[MIXED]);
        let keys = Keys::default();
        for kid in ["enc", "rs512", "wrap", "shared"] {
            let refused = keys.find(&url, Some(kid), minute(0)).await;
            assert!(matches!(refused, Err(Failure::Unauthenticated(_))), "{kid}");
        }
        for kid in [Some("plain"), None] {
            assert!(keys.find(&url, kid, minute(0)).await.is_ok(), "{kid:?}");
        }
    }

    #[tokio::test]
    async fn another_algorithm_is_refused_before_anybody_is_asked() {
        let (url, asked) = address(&[FIRST]);
        let config = JwtConfig { key: JwtKey::JwksUrl(url), issuer: "i".into(), audience: "a".into() };
        // {"alg":"HS256","kid":"zzz"}
        let token = "Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6Inp6eiJ9.e30.AAAA";
        let refused = Verifier::new(config).credentials(Some(token), None, minute(0)).await;
        assert!(matches!(refused, Err(Failure::Unauthenticated(_))));
        assert_eq!(*asked.lock().unwrap(), 0);
    }
}
