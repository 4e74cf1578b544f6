//! The same `Idempotency-Key`, the same answer, also where requests are accepted while the database is away.
//!
//! With the database, a request that comes again gets the answer of the first, receipts and all, and sends nothing. Without it nobody
//! can know that answer: the request is taken, its events count once (see [`super::judge`]), and only the receipts are new.

use sha2::{Digest as _, Sha256};

use super::origin::{Origin, in_time, is_away};
use crate::app::App;
use crate::domain::hex;
use crate::failure::Failure;
use crate::http::{PublicCall, RawReply};
use crate::store::{Tx, idempotency};

/// What is known of earlier requests with a key.
pub enum Repeat {
    /// Nothing: there is no key, or the database is away.
    Unknown,
    /// This is the first. The key is held until the answer is saved, or given back when this is dropped.
    First(Claim),
    /// The answer of the first.
    Answered(RawReply),
}

/// A key that is held.
pub struct Claim {
    tx: Tx,
    key: String,
}

impl Repeat {
    /// Looks for the answer of an earlier request and holds the key if there is none. Another request with the same key waits
    /// meanwhile. Sources do not know each other's keys, so each has its own.
    ///
    /// # Errors
    /// `Conflict` when the key was used for another request; never because the database is away.
    pub async fn of(call: &PublicCall, sender: &Origin, request: &str, key: Option<&str>) -> Result<Self, Failure> {
        let (Some(key), Origin::Known { tenant, source, country: Some(_), .. }) = (key, sender) else {
            return Ok(Self::Unknown);
        };
        let key = match source {
            Some(source) => hex::encode(&Sha256::digest(format!("{source}\n{key}").as_bytes())),
            None => key.to_owned(),
        };
        let hash: [u8; 32] = Sha256::digest(&call.body).into();
        let asked = async {
            let tx = call.app.begin(*tenant).await?;
            match idempotency::claim(&tx, &key, request, &hash, call.now).await {
                Ok(None) => Ok(Self::First(Claim { tx, key })),
                Ok(Some(saved)) => {
                    tx.rollback().await;
                    Ok(Self::Answered(saved.into()))
                }
                Err(failure) => {
                    tx.rollback().await;
                    Err(failure)
                }
            }
        };
        match in_time(&call.app, asked).await {
            Err(failure) if is_away(&failure) => Ok(Self::Unknown),
            outcome => outcome,
        }
    }

    /// Saves the answer of the first. What it promises is on the queue already, so losing the database now is no failure.
    pub async fn save(self, app: &App, reply: &RawReply) {
        let Self::First(Claim { tx, key }) = self else { return };
        let saving = async {
            idempotency::save(&tx, &key, &reply.into()).await?;
            tx.commit().await
        };
        if let Err(failure) = in_time(app, saving).await {
            tracing::warn!(reason = %failure, "could not keep the answer; the same request would get new receipts");
        }
    }
}
