//! The generic webhook: one event of our own shape, or an array of them.

use serde_json::Value;

use super::Piece;
use crate::domain::events::MAX_BATCH;
use crate::domain::events::raw::{self, Batch};
use crate::domain::faults::sentences;
use crate::integrations::Unknown;

/// The events of a body, each by itself. An event without a `source` gets the webhook's own; one that names another stays as it is and is
/// refused by validation.
///
/// # Errors
/// When the body as a whole is not JSON, or no event or too many are in it.
pub fn translate(source: &str, body: &str) -> Result<Vec<Piece>, Unknown> {
    let Batch { events, .. } =
        raw::split(body).map_err(|error| Unknown::new("malformed", format!("The body is not JSON: {error}.")))?;
    if events.is_empty() {
        return Err(Unknown::new("empty", "The body is an empty array; send at least one event."));
    }
    if events.len() > MAX_BATCH {
        return Err(Unknown::new(
            "too_many",
            format!("The body has {} events; send at most {MAX_BATCH}.", events.len()),
        ));
    }
    let pieces = events.into_iter().map(|event| match raw::parse(event) {
        Ok(mut parsed) => {
            if let Value::Object(fields) = &mut parsed {
                fields.entry("source").or_insert_with(|| Value::from(source));
            }
            Piece { body: event.get().to_owned(), event: Ok(parsed) }
        }
        Err(fault) => {
            Piece { body: event.get().to_owned(), event: Err(Unknown::new("malformed", sentences(&[fault]))) }
        }
    });
    Ok(pieces.collect())
}
