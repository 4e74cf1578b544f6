//! What an error of Postgres is to us.

use std::error::Error as _;

use super::database::is_outdated;
use crate::failure::{Failure, Refused};

impl From<tokio_postgres::Error> for Failure {
    /// A lost connection, a shutdown or a resource limit is temporary; everything else is our fault. Expected constraint
    /// violations are mapped by the store function that expects them, by name and nowhere else.
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let temporary = match error.code() {
            None => true,
            Some(code) => {
                code.code().starts_with("08")
                    || code.code().starts_with("53")
                    || code.code().starts_with("57")
                    || is_outdated(&error)
                    || [
                        SqlState::T_R_DEADLOCK_DETECTED,
                        SqlState::T_R_SERIALIZATION_FAILURE,
                        SqlState::LOCK_NOT_AVAILABLE,
                    ]
                    .contains(code)
            }
        };
        let lost = error.code().is_some() || error.is_closed() || is_io(&error);
        let text = full_text(&error);
        match error.code() {
            _ if temporary && lost => Self::unavailable(text),
            Some(code) => Self::internal(Refused { state: code.code().to_owned(), text }),
            None => Self::internal(text),
        }
    }
}

/// What Postgres said. The client's own `Display` says "db error" and leaves the rest to its source. The detail of a constraint is
/// left out: it quotes the row.
fn full_text(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        None => error.to_string(),
        Some(db) => {
            let place = [db.table(), db.constraint(), db.column()].into_iter().flatten().collect::<Vec<_>>().join(", ");
            let hint = db.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            let place = if place.is_empty() { place } else { format!(" ({place})") };
            format!("{} {}{place}{hint}", db.code().code(), db.message())
        }
    }
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<std::io::Error>() {
            return true;
        }
        source = inner.source();
    }
    false
}
