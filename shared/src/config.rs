//! Typed configuration: one small struct per capability, read once at start-up, failing with the variable's name.
//!
//! | variable | meaning |
//! |---|---|
//! | `STAGE` | `local`, `staging` or `production`; default `production`, the strictest |
//! | `LOG_LEVEL` | a filter of targets and levels, as `info,shared::queue=debug`; default `info` |
//! | `DATABASE_URL` | `postgres://user[:password]@host:port/name[?sslmode=…]` of the role the functions use |
//! | `DATABASE_AUTH` | `password` (in the URL) or `iam` (a token signed per connection); default `password` |
//! | `MIGRATION_DATABASE_URL` | the owner's connection, only for `migrate` |
//! | `APP_DATABASE_PASSWORD` | the password `migrate` gives the functions' role; RDS Proxy signs in with it |
//! | `QUEUE_BASE_URL` | where the queues are, the installation's prefix included: a queue's address is this and its name |
//! | `QUEUE_REMINDERS_ARN`, `SCHEDULER_GROUP`, `SCHEDULER_ROLE_ARN` | one-time schedules |
//! | `JWT_PUBLIC_KEY` or `JWT_JWKS_URL` (https) | who may sign access tokens |
//! | `JWT_PRIVATE_KEY` | signs access tokens; only for the functions that sign people in |
//! | `JWT_ISSUER`, `JWT_AUDIENCE` | what a token must say of itself |
//! | `SECRETS_KEY` | base64 of 32 bytes; seals tenants' secrets in the database |
//! | `SLACK_BASE_URL` | a stand-in for Slack's hosts; empty means Slack itself |
//! | `SMTP_URL` | the mail relay: `smtps://user:password@host` or `smtp+starttls://…`; only for the function that sends |
//! | `MAIL_FROM` | who mails come from, `Name <address>`; empty: this installation sends none |
//! | `CONSOLE_URL` | the console's address: for links in messages, and its pages may sign people in |

mod aws;
mod smtp;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::environment::{ConfigError, optional, required};

pub use aws::aws;
pub use smtp::{SmtpConfig, SmtpSecurity, sends_mails};

/// Where this runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A laptop: plain connections on loopback are allowed.
    Local,
    /// The cloud: TLS with certificate checks everywhere.
    Cloud,
}

impl Stage {
    /// Reads `STAGE`; anything but `local` is the cloud, so that a typing error is the strict choice.
    pub fn from_env() -> Self {
        match optional("STAGE").as_deref() {
            Some("local") => Self::Local,
            _ => Self::Cloud,
        }
    }
}

/// How to reach Postgres.
#[derive(Clone)]
pub struct DatabaseConfig {
    pub url: String,
    /// Sign a token per connection instead of sending a password.
    pub iam: bool,
    /// TLS with certificate checks; off only on the local stage.
    pub tls: bool,
}

impl DatabaseConfig {
    /// Reads `DATABASE_URL`, `DATABASE_AUTH`, `STAGE`.
    ///
    /// # Errors
    /// When the URL is missing or the kind of authentication is unknown.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::of("DATABASE_URL")
    }

    /// The owner's connection: reads `MIGRATION_DATABASE_URL`.
    ///
    /// # Errors
    /// As [`Self::from_env`].
    pub fn owner_from_env() -> Result<Self, ConfigError> {
        Self::of("MIGRATION_DATABASE_URL")
    }

    fn of(name: &'static str) -> Result<Self, ConfigError> {
        let url = required(name)?;
        let iam = match optional("DATABASE_AUTH").as_deref() {
            None | Some("password") => false,
            Some("iam") => true,
            Some(_) => {
                return Err(ConfigError::Bad {
                    name: "DATABASE_AUTH",
                    problem: "neither `password` nor `iam`".to_owned(),
                });
            }
        };
        Ok(Self { url, iam, tls: Stage::from_env() != Stage::Local })
    }
}

/// Whose access tokens are believed.
#[derive(Clone)]
pub struct JwtConfig {
    pub key: JwtKey,
    pub issuer: String,
    pub audience: String,
}

/// Where the public key comes from.
#[derive(Clone)]
pub enum JwtKey {
    Pem(String),
    JwksUrl(String),
}

impl JwtConfig {
    /// Reads `JWT_PUBLIC_KEY` or `JWT_JWKS_URL`, `JWT_ISSUER`, `JWT_AUDIENCE`.
    ///
    /// # Errors
    /// When none of the two keys, or the issuer or audience, is given.
    pub fn from_env() -> Result<Self, ConfigError> {
        let key = match (optional("JWT_PUBLIC_KEY"), optional("JWT_JWKS_URL")) {
            // Deployment parameters hold one line: `\n` stands for a line break.
            (Some(pem), _) => JwtKey::Pem(pem.replace("\\n", "\n")),
            (None, Some(url)) => JwtKey::JwksUrl(jwks_address(url, Stage::from_env())?),
            (None, None) => return Err(ConfigError::Missing("JWT_PUBLIC_KEY (or JWT_JWKS_URL)".to_owned())),
        };
        Ok(Self { key, issuer: required("JWT_ISSUER")?, audience: required("JWT_AUDIENCE")? })
    }
}

/// Whoever answers at this address says whom we believe: in the cloud nobody on the way may.
fn jwks_address(url: String, stage: Stage) -> Result<String, ConfigError> {
    match url.starts_with("https://") || stage == Stage::Local && url.starts_with("http://") {
        true => Ok(url),
        false => Err(ConfigError::Bad {
            name: "JWT_JWKS_URL",
            problem: "not an https:// address; give the one of the identity provider".to_owned(),
        }),
    }
}

/// The private key that signs access tokens: `JWT_PRIVATE_KEY`.
///
/// # Errors
/// When it is missing: an identity provider signs people in, or this function does not.
pub fn signing_key() -> Result<String, ConfigError> {
    // Deployment parameters hold one line, as for the public key.
    Ok(required("JWT_PRIVATE_KEY")?.replace("\\n", "\n"))
}

/// One-time schedules that put a message on the reminders queue.
#[derive(Clone)]
pub struct SchedulerConfig {
    pub group: String,
    pub role_arn: String,
    pub reminders_queue_arn: String,
}

impl SchedulerConfig {
    /// Reads `SCHEDULER_GROUP`, `SCHEDULER_ROLE_ARN`, `QUEUE_REMINDERS_ARN`.
    ///
    /// # Errors
    /// When one of them is missing.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            group: required("SCHEDULER_GROUP")?,
            role_arn: required("SCHEDULER_ROLE_ARN")?,
            reminders_queue_arn: required("QUEUE_REMINDERS_ARN")?,
        })
    }
}

/// The key that seals tenants' secrets. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct SecretsConfig {
    pub key: [u8; 32],
}

impl SecretsConfig {
    /// Reads `SECRETS_KEY`.
    ///
    /// # Errors
    /// When it is missing or is not base64 of 32 bytes.
    pub fn from_env() -> Result<Self, ConfigError> {
        let text = required("SECRETS_KEY")?;
        let bytes = STANDARD.decode(text.trim()).unwrap_or_default();
        let key = bytes.try_into().map_err(|_| ConfigError::Bad {
            name: "SECRETS_KEY",
            problem: "not base64 of 32 bytes; `head -c 32 /dev/urandom | base64` makes one".to_owned(),
        })?;
        Ok(Self { key })
    }
}

/// A stand-in for a partner's hosts, as `http://127.0.0.1:8080`, from the variable the partner names; none means the partner itself.
pub fn stand_in(variable: &'static str) -> Option<String> {
    optional(variable).map(|url| url.trim_end_matches('/').to_owned())
}

/// The console's address for links, without a trailing slash; `None` leaves links out.
pub fn console_url() -> Option<String> {
    optional("CONSOLE_URL").map(|url| url.trim_end_matches('/').to_owned())
}

/// The address of a queue: `QUEUE_BASE_URL` and its name. Whether this function may use it, its role says.
///
/// # Errors
/// When the base is missing.
pub fn queue_url(queue: &str) -> Result<String, ConfigError> {
    Ok(required("QUEUE_BASE_URL")? + queue)
}

/// The password that `migrate` gives the functions' role: `APP_DATABASE_PASSWORD`. In the cloud RDS Proxy signs in with it.
pub fn app_database_password() -> Option<String> {
    optional("APP_DATABASE_PASSWORD")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_keys_come_over_tls_in_the_cloud() {
        let taken = |url: &str, stage| jwks_address(url.to_owned(), stage).is_ok();
        for stage in [Stage::Local, Stage::Cloud] {
            assert!(taken("https://id.example/keys", stage));
            assert!(!taken("ftp://id.example/keys", stage) && !taken("id.example/keys", stage) && !taken("", stage));
        }
        assert!(taken("http://127.0.0.1:8080/keys", Stage::Local));
        assert!(!taken("http://id.example/keys", Stage::Cloud));
    }
}
