//! Whether a delivery comes from whom it says. Pure: the same for the receiver, the processor and a replay.
//!
//! | receiver | check |
//! |---|---|
//! | generic | `X-Signature` is the hex HMAC-SHA256 of `X-Timestamp + "." + body`, at most 5 minutes from the moment of receipt |
//! | lemlist | the `secret` inside the body is ours; the receiver took it out and left its hash |
//! | website | the token in the path is all there is: a form in a browser cannot keep a secret |

use std::collections::BTreeMap;
use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use crate::domain::hex;
use crate::messages::events::Via;
use crate::secrets::{same, token_hash};

/// The header with the hex HMAC.
pub const SIGNATURE: &str = "x-signature";
/// The header with the moment of signing, in Unix seconds.
pub const TIMESTAMP: &str = "x-timestamp";
/// Not sent by anybody: where a receiver keeps the SHA-256 (hex) of a secret it took out of a body, so that the secret itself is
/// neither queued nor stored and the delivery can still be checked later.
pub const BODY_SECRET_HASH: &str = "body-secret-sha256";

/// How far the sender's clock may be from ours, in seconds.
pub const MAX_CLOCK_DIFFERENCE: u64 = 300;

/// Why a delivery is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    NoToken,
    UnknownToken,
    NotText,
    NoSignature,
    NoTimestamp,
    StaleTimestamp,
    BadSignature,
    NoSecretInBody,
    WrongSecret,
    NoSecretConfigured,
    /// Nothing is wrong with it: there were too many at once.
    OverRate,
}

impl Rejection {
    const ALL: [Self; 11] = [
        Self::NoToken,
        Self::UnknownToken,
        Self::NotText,
        Self::NoSignature,
        Self::NoTimestamp,
        Self::StaleTimestamp,
        Self::BadSignature,
        Self::NoSecretInBody,
        Self::WrongSecret,
        Self::NoSecretConfigured,
        Self::OverRate,
    ];

    /// A stable word, for the inbox and its filter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::UnknownToken => "unknown_token",
            Self::NotText => "not_text",
            Self::NoSignature => "no_signature",
            Self::NoTimestamp => "no_timestamp",
            Self::StaleTimestamp => "stale_timestamp",
            Self::BadSignature => "bad_signature",
            Self::NoSecretInBody => "no_secret",
            Self::WrongSecret => "wrong_secret",
            Self::NoSecretConfigured => "no_secret_configured",
            Self::OverRate => "over_rate",
        }
    }

    /// The reason of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// What is wrong and what to do, for people.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::NoToken => "Send the source's name in X-Source and its token in X-Webhook-Token.",
            Self::UnknownToken => {
                "No webhook source has this token. Check the token, and the source's name if you send one."
            }
            Self::NotText => "The body is not UTF-8 text. Send JSON or a form in UTF-8.",
            Self::NoSignature => "Send X-Signature: the hexadecimal HMAC-SHA256 of timestamp, dot and raw body.",
            Self::NoTimestamp => "Send X-Timestamp: the moment of signing in Unix seconds.",
            Self::StaleTimestamp => {
                "X-Timestamp is more than 5 minutes away from the moment of receipt. Sign right before sending."
            }
            Self::BadSignature => "X-Signature does not fit the body, the timestamp and the source's secret.",
            Self::NoSecretInBody => {
                "The body carries no `secret`. Enter the source's secret where the webhook is set up."
            }
            Self::WrongSecret => {
                "The `secret` in the body is not the source's. Correct it where the webhook is set up."
            }
            Self::NoSecretConfigured => "This webhook source has no secret yet. Give it one, then replay the delivery.",
            Self::OverRate => {
                "More came with this public token within a minute than is worked on. Look whether people sent it, then replay it."
            }
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail())
    }
}

/// Checks a delivery against the source's secrets: the current one and, while senders are being changed, the one before.
/// `headers` have lower-case names; `received_at` is the moment of receipt, also when the check comes later.
///
/// # Errors
/// Why it is not believed.
pub fn verify(
    via: Via,
    headers: &BTreeMap<String, String>,
    body: &[u8],
    secrets: &[String],
    received_at: Timestamp,
) -> Result<(), Rejection> {
    match via {
        Via::Website => Ok(()),
        Via::Generic => verify_signature(headers, body, secrets, received_at),
        Via::Lemlist => verify_body_secret(headers, secrets),
    }
}

fn verify_signature(
    headers: &BTreeMap<String, String>,
    body: &[u8],
    secrets: &[String],
    received_at: Timestamp,
) -> Result<(), Rejection> {
    let signature = headers.get(SIGNATURE).ok_or(Rejection::NoSignature)?;
    let timestamp = headers.get(TIMESTAMP).ok_or(Rejection::NoTimestamp)?;
    let seconds: i64 = timestamp.parse().map_err(|_| Rejection::NoTimestamp)?;
    if seconds.abs_diff(received_at.as_second()) > MAX_CLOCK_DIFFERENCE {
        return Err(Rejection::StaleTimestamp);
    }
    if secrets.is_empty() {
        return Err(Rejection::NoSecretConfigured);
    }
    let signature = hex::decode(signature.trim()).ok_or(Rejection::BadSignature)?;
    // Every secret is tried whatever the others say, so that time does not tell which one fits.
    let fits = secrets.iter().fold(false, |fits, secret| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
            return fits;
        };
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        same(&mac.finalize().into_bytes(), &signature) | fits
    });
    if fits { Ok(()) } else { Err(Rejection::BadSignature) }
}

fn verify_body_secret(headers: &BTreeMap<String, String>, secrets: &[String]) -> Result<(), Rejection> {
    let presented = headers.get(BODY_SECRET_HASH).ok_or(Rejection::NoSecretInBody)?;
    if secrets.is_empty() {
        return Err(Rejection::NoSecretConfigured);
    }
    let presented = hex::decode_hash(presented).ok_or(Rejection::WrongSecret)?;
    let fits = secrets.iter().fold(false, |fits, secret| same(&token_hash(secret), &presented) | fits);
    if fits { Ok(()) } else { Err(Rejection::WrongSecret) }
}
