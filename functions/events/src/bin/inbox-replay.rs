//! Sends deliveries that were put aside again, to be processed with today's code: chosen ones, or a source's of a time range.
//!
//! A webhook goes back as the delivery it was, checked again unless its check was passed; a dead letter goes back onto its queue
//! letter for letter. Nothing is counted twice, because ids and keys stay the same. At most 1000 a request; what does not fit
//! stays open and is counted in `remaining`. Answers 404 when none of the chosen ones exists.

use std::process::ExitCode;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use shared::flows::inbox::Replayed;
use shared::flows::inbox::replay::{self, Selection};
use shared::http::{self, Call, Json};
use shared::store::audit::AuditEntry;
use shared::{Failure, Fault, Scope};
use uuid::Uuid;

pub fn main() -> ExitCode {
    http::post("/api/v1/inbox/replay", Scope::InboxWrite, handle)
}

/// Either `ids`, or `source`, `from` and `to`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Body {
    #[schemars(length(min = 1, max = 1000))]
    ids: Option<Vec<Uuid>>,
    source: Option<String>,
    /// Received from this moment on.
    from: Option<Timestamp>,
    /// Received before this moment.
    to: Option<Timestamp>,
}

impl Body {
    fn choice(&self) -> Result<Selection, Failure> {
        let invalid = |pointer: &str, code, detail: &str| Err(Failure::invalid(pointer, code, detail));
        match self {
            Self { ids: Some(ids), source: None, from: None, to: None } => match ids.len() {
                1..=replay::MAX_ROWS => Ok(Selection::Named(ids.clone())),
                0 => invalid("/ids", "empty", "Name at least one delivery."),
                _ => invalid("/ids", "too_many", "Name at most 1000 deliveries a request."),
            },
            Self { ids: Some(_), .. } => {
                invalid("/ids", "conflict", "Send either `ids`, or `source`, `from` and `to`.")
            }
            Self { source: Some(source), from: Some(from), to: Some(to), .. } if from < to => {
                Ok(Selection::Range { source: source.clone(), from: *from, to: *to })
            }
            Self { source: Some(_), from: Some(_), to: Some(_), .. } => {
                invalid("/to", "range", "`to` must be after `from`.")
            }
            Self { source, from, to, .. } => {
                let missing = [("/source", source.is_none()), ("/from", from.is_none()), ("/to", to.is_none())];
                let detail = "Send `source`, `from` and `to` together, or `ids`.";
                let missing = missing.iter().filter(|(_, missing)| *missing);
                Err(Failure::Invalid(missing.map(|(pointer, _)| Fault::new(*pointer, "required", detail)).collect()))
            }
        }
    }
}

async fn handle(call: Call<Body>) -> Result<Json<Replayed>, Failure> {
    let choice = call.body.choice()?;
    let (reply, sent) = replay::replay(&call.tx, &choice, call.now).await?;
    if !sent.is_empty() {
        let entry = AuditEntry {
            action: "replay",
            record: "inbox",
            id: call.app.new_id(),
            before: None,
            after: Some(json!({"deliveries": sent})),
        };
        call.audit(entry).await?;
    }
    Ok(Json::new(reply))
}
