//! The only place that reads environment variables.

use crate::config::ConfigError;

/// The variable's value; absent and empty are the same.
pub fn optional(name: &'static str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this module is the one reader of the environment")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The variable's value, or an error that names it.
pub fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}
