//! The inbox as people see it: raw, but without what proves a sender.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::redact;
use crate::flows::inbox::replay::shown_headers;
use crate::store::inbox::Kept;

/// Why a delivery is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It was not believed, not understood, or breaks a rule.
    Quarantine,
    /// Processing it failed again and again.
    DeadLetter,
}

impl Kind {
    /// As the database has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quarantine => "quarantine",
            Self::DeadLetter => "dead_letter",
        }
    }

    fn of(text: &str) -> Self {
        if text == Self::DeadLetter.as_str() { Self::DeadLetter } else { Self::Quarantine }
    }
}

/// What was done about a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Open,
    /// Sent again; open once more when it fails once more.
    Replayed,
    Discarded,
}

impl Status {
    /// As the database has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Replayed => "replayed",
            Self::Discarded => "discarded",
        }
    }

    fn of(text: &str) -> Self {
        [Self::Replayed, Self::Discarded].into_iter().find(|status| status.as_str() == text).unwrap_or(Self::Open)
    }
}

/// One delivery that was put aside.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InboxView {
    pub id: Uuid,
    pub kind: Kind,
    pub source: String,
    /// The queue a dead letter or a single event goes back to; null for a webhook.
    pub queue: Option<String>,
    /// A stable word.
    pub reason: String,
    /// What is wrong and what to do.
    pub detail: String,
    /// As received, without secrets. Cut when `body_bytes` is larger; ask for it alone by `id` to see more.
    pub body: String,
    /// The size of the whole body.
    pub body_bytes: i32,
    pub headers: BTreeMap<String, String>,
    pub received_at: Timestamp,
    pub status: Status,
    pub replayed_at: Option<Timestamp>,
    /// How often it was sent again.
    pub replays: i32,
}

impl From<Kept> for InboxView {
    fn from(row: Kept) -> Self {
        Self {
            id: row.id,
            body: redact::shown(&row.body),
            headers: shown_headers(&row.headers),
            kind: Kind::of(&row.kind),
            source: row.source,
            queue: row.queue,
            reason: row.reason,
            detail: row.detail,
            body_bytes: row.body_bytes,
            received_at: row.received_at,
            status: Status::of(&row.status),
            replayed_at: row.replayed_at,
            replays: row.replays,
        }
    }
}
