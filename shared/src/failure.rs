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
    /// The answer to a change was lost on its way, so it may have been made or not. Who repeats it has to look first, or to know that
    /// a repetition is harmless.
    Unsure(Cause),
    /// A fault of ours. The public answer is bare; the cause is for the log.
    Internal(Cause),
}

/// The internal reason behind a failure: for the log, never for a caller.
pub type Cause = Box<dyn Error + Send + Sync>;

/// When it is worth asking again, where nobody says it better.
pub const PAUSE: Duration = Duration::from_secs(5);

impl Failure {
    /// The record called `what` (for instance `"lead"`) is not there for this caller.
    pub fn not_found(what: &str) -> Self {
        Self::NotFound(format!("There is no such {what}."))
    }

    /// One bad field. `pointer` is an RFC 6901 JSON pointer, or the query parameter's name after a `?`.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault::new(pointer, code, detail)])
    }

    /// The same with every bad field below another one, for a body that holds what was checked.
    #[must_use]
    pub fn below(self, pointer: &str) -> Self {
        match self {
            Self::Invalid(faults) => Self::Invalid(
                faults
                    .into_iter()
                    .map(|fault| Fault { pointer: format!("{pointer}{}", fault.pointer), ..fault })
                    .collect(),
            ),
            other => other,
        }
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
        Self::Unavailable { retry_after: PAUSE, cause: cause.into() }
    }

    /// What this depends on answers, but not to this: others hold what it needs, or it takes too long. Something else may succeed.
    pub fn busy(cause: impl Into<Cause>) -> Self {
        Self::unavailable(Busy(cause.into()))
    }

    /// Whether it is [`Self::busy`].
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Unavailable { cause, .. } if cause.is::<Busy>())
    }

    /// Whether something did not answer at all, so that there is no use in asking it for something else at once.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Unavailable { .. } => !self.is_busy(),
            Self::Unsure(_) => true,
            _ => false,
        }
    }

    /// The same for something else that failed with this: what was to be done in one transaction, for instance. None when it is not
    /// temporary.
    pub fn shared(&self) -> Option<Self> {
        match self {
            Self::TooMany { retry_after, limit } => Some(Self::TooMany { retry_after: *retry_after, limit: *limit }),
            Self::Unavailable { retry_after, cause } => {
                let text = cause.to_string();
                let cause = if self.is_busy() { Busy(text.into()).into() } else { text.into() };
                Some(Self::Unavailable { retry_after: *retry_after, cause })
            }
            Self::Unsure(cause) => Some(Self::Unsure(cause.to_string().into())),
            Self::Internal(cause) => Some(Self::Internal(cause.to_string().into())),
            Self::NotFound(_)
            | Self::Invalid(_)
            | Self::Conflict { .. }
            | Self::Stale { .. }
            | Self::Unauthenticated(_)
            | Self::Forbidden(_)
            | Self::TooLarge { .. } => None,
        }
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
            Self::TooMany { .. } | Self::Unavailable { .. } | Self::Unsure(_) | Self::Internal(_) => true,
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
            Self::Unsure(_) => "unsure",
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
            Self::Unsure(cause) => write!(f, "it may have been done or not: {cause}"),
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

/// Why something is busy, as the log shows it.
#[derive(Debug)]
struct Busy(Cause);

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Busy {}

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
    fn what_is_busy_answers_and_what_is_away_does_not() {
        let (busy, away) = (Failure::busy("locked"), Failure::unavailable("gone"));
        assert!(busy.is_busy() && !busy.is_away() && busy.is_temporary());
        assert!(!away.is_busy() && away.is_away());
        assert!(Failure::Unsure("lost".into()).is_away() && Failure::Unsure("lost".into()).is_temporary());
        assert!(!Failure::internal("x").is_away());
    }

    #[test]
    fn what_is_shared_stays_what_it_is() {
        let same =
            |failure: Failure| failure.shared().map(|shared| (shared.to_string(), shared.is_busy(), shared.is_away()));
        assert_eq!(
            same(Failure::busy("locked")),
            Some(("a dependency is unavailable: locked".to_owned(), true, false))
        );
        assert_eq!(
            same(Failure::unavailable("gone")),
            Some(("a dependency is unavailable: gone".to_owned(), false, true))
        );
        assert_eq!(same(Failure::internal("x")), Some(("x".to_owned(), false, false)));
        assert!(same(Failure::not_found("lead")).is_none());
        let asked = Failure::Unavailable { retry_after: Duration::from_secs(90), cause: "later".into() };
        assert!(
            matches!(asked.shared(), Some(Failure::Unavailable { retry_after, .. }) if retry_after.as_secs() == 90)
        );
    }

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
