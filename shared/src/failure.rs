//! The one failure type. It knows no HTTP and no SQS: `http::problem` and `queue` each render it with an exhaustive `match`.
//!
//! What a caller may read and what only the log may hold are different fields, so a leak is a type mistake.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::domain::access::MissingScope;

pub use crate::domain::faults::Fault;

/// Why something could not be done, in the terms that callers branch on.
#[derive(Debug)]
pub enum Failure {
    /// The record does not exist, or belongs to another tenant, which is the same to a caller.
    NotFound(String),
    /// The input breaks a rule; every bad field is named.
    Invalid(Vec<Fault>),
    /// The state of the record does not allow it. Carries a stable code, a sentence, and optionally what it conflicts with.
    Conflict { code: &'static str, detail: String, matches: Option<serde_json::Value> },
    /// The caller edited a version that is no longer current.
    Stale { current: i64 },
    /// No valid credentials.
    Unauthenticated(String),
    /// Valid credentials that do not reach this far.
    Forbidden(String),
    /// The input is larger than the stated limit in bytes.
    TooLarge { limit: usize },
    /// Too many requests; the same request may succeed after the delay. `limit` is the requests a minute, where that is the reason.
    TooMany { retry_after: Duration, limit: Option<i32> },
    /// Something this depends on is not answering; nothing was lost.
    Unavailable { retry_after: Duration, cause: Cause },
    /// A fault of ours. The public answer is bare; the cause is for the log.
    Internal(Cause),
}

/// The internal reason behind a failure: for the log, never for a caller.
pub type Cause = Box<dyn Error + Send + Sync>;

impl Failure {
    /// The record called `what` (for instance `"lead"`) is not there for this caller.
    pub fn not_found(what: &str) -> Self {
        Self::NotFound(format!("There is no such {what}."))
    }

    /// One bad field. `pointer` is an RFC 6901 JSON pointer, or the query parameter's name after a `?`.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault::new(pointer, code, detail)])
    }

    /// The state does not allow it.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Conflict { code, detail: detail.into(), matches: None }
    }

    /// A fault of ours, with the reason for the log.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// A dependency does not answer.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable { retry_after: Duration::from_secs(5), cause: cause.into() }
    }

    /// Whether Postgres refused the values themselves (data exceptions, broken constraints, values beyond a limit), so that other
    /// values might pass. Everything else of ours fails whatever is written.
    pub fn blames_values(&self) -> bool {
        let Self::Internal(cause) = self else { return false };
        let refused = cause.downcast_ref::<Refused>();
        refused.is_some_and(|refused| ["22", "23", "54"].iter().any(|class| refused.state.starts_with(class)))
    }

    /// Whether the same work may succeed later without anybody changing anything.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::TooMany { .. } | Self::Unavailable { .. } | Self::Internal(_) => true,
            Self::NotFound(_)
            | Self::Invalid(_)
            | Self::Conflict { .. }
            | Self::Stale { .. }
            | Self::Unauthenticated(_)
            | Self::Forbidden(_)
            | Self::TooLarge { .. } => false,
        }
    }

    /// A short stable word for logs and for the reason of a parked message.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::Invalid(_) => "invalid",
            Self::Conflict { code, .. } => code,
            Self::Stale { .. } => "stale",
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::TooLarge { .. } => "too_large",
            Self::TooMany { .. } => "too_many",
            Self::Unavailable { .. } => "unavailable",
            Self::Internal(_) => "internal",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(detail) | Self::Unauthenticated(detail) | Self::Forbidden(detail) => f.write_str(detail),
            Self::Invalid(faults) => {
                for (n, fault) in faults.iter().enumerate() {
                    let separator = if n == 0 { "" } else { "; " };
                    write!(f, "{separator}{}: {}", fault.pointer, fault.detail)?;
                }
                Ok(())
            }
            Self::Conflict { detail, .. } => f.write_str(detail),
            Self::Stale { current } => write!(f, "the current version is {current}"),
            Self::TooLarge { limit } => write!(f, "larger than {limit} bytes"),
            Self::TooMany { retry_after, .. } => {
                write!(f, "too many requests, retry after {} s", retry_after.as_secs())
            }
            Self::Unavailable { cause, .. } => write!(f, "a dependency is unavailable: {cause}"),
            Self::Internal(cause) => write!(f, "{cause}"),
        }
    }
}

impl Error for Failure {}

impl From<MissingScope> for Failure {
    fn from(missing: MissingScope) -> Self {
        Self::Forbidden(missing.to_string())
    }
}

/// A statement that Postgres refused, as the log shows it.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The five characters of SQLSTATE.
    pub state: String,
    pub text: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wrong_with_values_is_blamed_on_them() {
        let refused = |state: &str| Failure::internal(Refused { state: state.to_owned(), text: "no".to_owned() });
        for state in ["22003", "22P05", "23514", "54000"] {
            assert!(refused(state).blames_values(), "{state}");
        }
        // No privilege, no such column, a transaction that failed before.
        for state in ["42501", "42703", "25P02"] {
            assert!(!refused(state).blames_values(), "{state}");
        }
        assert!(!Failure::internal("22003").blames_values());
        assert!(!Failure::unavailable("gone").blames_values());
        assert_eq!(refused("23514").to_string(), "no");
    }
}
