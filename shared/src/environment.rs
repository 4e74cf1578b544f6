//! The only place that reads environment variables.

/// A variable that is missing or cannot be used. Its text never holds the value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the environment variable {0} is not set; template.yaml should give it to this function")]
    Missing(String),
    #[error("the environment variable {name} is {problem}")]
    Bad { name: &'static str, problem: String },
}

/// The variable's value; absent and empty are the same.
pub fn optional(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this module is the one reader of the environment")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The variable's value, or an error that names it.
pub fn required(name: &str) -> Result<String, ConfigError> {
    optional(name).ok_or_else(|| ConfigError::Missing(name.to_owned()))
}
