//! What an error of Postgres is to us.

use std::error::Error as _;

use tokio_postgres::error::SqlState;

use super::database::is_outdated;
use crate::failure::{Failure, Refused};

impl From<tokio_postgres::Error> for Failure {
    /// A lost connection, a shutdown or a resource limit is temporary, and so is whatever took too long or met others on its way;
    /// everything else is our fault. Expected constraint violations are mapped by the store function that expects them, by name and
    /// nowhere else.
    fn from(error: tokio_postgres::Error) -> Self {
        let text = described(&error);
        match error.code() {
            None if is_lost(&error) => Self::unavailable(text),
            None => Self::internal(text),
            Some(code) if BUSY.contains(code) || is_outdated(&error) => Self::busy(text),
            Some(code)
                if ENDED.contains(code) || ["08", "53", "57"].iter().any(|class| code.code().starts_with(class)) =>
            {
                Self::unavailable(text)
            }
            Some(code) => Self::internal(Refused { state: code.code().to_owned(), text }),
        }
    }
}

/// The database answers; another statement, or the same one a little later, may succeed.
const BUSY: [SqlState; 4] = [
    SqlState::T_R_DEADLOCK_DETECTED,
    SqlState::T_R_SERIALIZATION_FAILURE,
    // The role's `lock_timeout`.
    SqlState::LOCK_NOT_AVAILABLE,
    // Its `statement_timeout`, or the one of this transaction.
    SqlState::QUERY_CANCELED,
];

/// The server has ended the transaction and the connection with it, because nothing was heard for too long: nothing was committed.
const ENDED: [SqlState; 1] = [SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT];

/// What to make of an error of COMMIT. When the connection is gone, nobody can tell whether it was carried out.
pub(super) fn of_commit(error: tokio_postgres::Error) -> Failure {
    let lost = match error.code() {
        None => is_lost(&error),
        Some(code) => ["08", "57"].iter().any(|class| code.code().starts_with(class)) && !BUSY.contains(code),
    };
    match lost {
        true => Failure::Unsure(
            format!("the connection was lost while COMMIT was on its way: {}", described(&error)).into(),
        ),
        false => error.into(),
    }
}

/// The connection is gone, whoever ended it.
fn is_lost(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || is_io(error)
}

/// What Postgres said, for the log. The client's own `Display` says "db error" and leaves the rest to its source. The detail of a constraint is
/// left out: it quotes the row.
pub(super) fn described(error: &tokio_postgres::Error) -> String {
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
