//! Reads a `postgres://` URL.

use crate::failure::Failure;

/// Where the database is and as whom to go there.
pub struct Address {
    pub config: tokio_postgres::Config,
    pub host: String,
    pub port: u16,
    pub user: String,
}

impl Address {
    /// Parses `postgres://user[:password]@host[:port]/name`. `sslmode` in the URL is ignored: outside the local stage,
    /// connections are always encrypted and certificates always checked.
    ///
    /// # Errors
    /// `Internal` naming what is wrong; never with the URL, which may hold a password.
    pub fn parse(url: &str) -> Result<Self, Failure> {
        let mut parsed =
            url::Url::parse(url).map_err(|error| Failure::internal(format!("DATABASE_URL is not a URL: {error}")))?;
        parsed.set_query(None);
        let host = parsed.host_str().ok_or_else(|| Failure::internal("DATABASE_URL names no host"))?.to_owned();
        let port = parsed.port().unwrap_or(5432);
        let user = parsed.username().to_owned();
        let mut config: tokio_postgres::Config = parsed
            .as_str()
            .parse()
            .map_err(|_| Failure::internal("DATABASE_URL cannot be used by the Postgres client"))?;
        config.application_name(crate::telemetry::function_name());
        Ok(Self { config, host, port, user })
    }
}
