//! How mails leave the house.

use url::Url;

use crate::config::Stage;
use crate::environment::{ConfigError, optional, required};

/// A relay, and who mails come from.
#[derive(Clone)]
pub struct SmtpConfig {
    pub host: String,
    pub port: u16,
    pub security: SmtpSecurity,
    /// User and password.
    pub login: Option<(String, String)>,
    /// `Name <address>`.
    pub from: String,
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// From the beginning (`smtps://`).
    Tls,
    /// After a word in the open, and not without (`smtp+starttls://`).
    StartTls,
    /// Not at all (`smtp://`): only on the local stage.
    None,
}

/// Whether this installation sends mails.
pub fn sends_mails() -> bool {
    optional("MAIL_FROM").is_some()
}

impl SmtpConfig {
    /// Reads `SMTP_URL` and `MAIL_FROM`.
    ///
    /// # Errors
    /// When one is missing, the address is none, names port 25, or is unprotected in the cloud.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::of(&required("SMTP_URL")?, required("MAIL_FROM")?, Stage::from_env())
    }

    fn of(url: &str, from: String, stage: Stage) -> Result<Self, ConfigError> {
        let bad = |problem: &str| ConfigError::Bad { name: "SMTP_URL", problem: problem.to_owned() };
        let url = Url::parse(url).map_err(|_| bad("no address"))?;
        let (security, usual) = match url.scheme() {
            "smtps" => (SmtpSecurity::Tls, 465),
            "smtp+starttls" => (SmtpSecurity::StartTls, 587),
            "smtp" if stage == Stage::Local => (SmtpSecurity::None, 1025),
            "smtp" => return Err(bad("unprotected: use smtps:// or smtp+starttls://")),
            _ => return Err(bad("neither smtps:// nor smtp+starttls://")),
        };
        let port = url.port().unwrap_or(usual);
        if port == 25 {
            return Err(bad("on port 25, which functions cannot reach: use 465 or 587"));
        }
        let decoded = |text: &str| percent_decoded(text).ok_or_else(|| bad("wrongly percent-encoded"));
        let login = match (url.username(), url.password()) {
            ("", _) => None,
            (user, password) => Some((decoded(user)?, decoded(password.unwrap_or_default())?)),
        };
        let host = url.host_str().ok_or_else(|| bad("without a host"))?.trim_matches(['[', ']']).to_owned();
        Ok(Self { host, port, security, login, from })
    }
}

/// As it is written in an address.
fn percent_decoded(text: &str) -> Option<String> {
    // A query's pair decodes the same, but for `+`.
    let pair = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(url: &str, stage: Stage) -> Option<(String, u16, SmtpSecurity, Option<(String, String)>)> {
        let config = SmtpConfig::of(url, "Lotse <lotse@x.example>".to_owned(), stage).ok()?;
        Some((config.host, config.port, config.security, config.login))
    }

    #[test]
    fn a_relay_is_an_address() {
        let login = Some(("AKIA".to_owned(), "p+a/ss:ä".to_owned()));
        assert_eq!(
            read("smtps://AKIA:p+a%2Fss%3A%C3%A4@mail.x.example", Stage::Cloud),
            Some(("mail.x.example".to_owned(), 465, SmtpSecurity::Tls, login))
        );
        assert_eq!(
            read("smtp+starttls://mail.x.example:2587", Stage::Cloud),
            Some(("mail.x.example".to_owned(), 2587, SmtpSecurity::StartTls, None))
        );
        assert_eq!(
            read("smtp://127.0.0.1:1025", Stage::Local),
            Some(("127.0.0.1".to_owned(), 1025, SmtpSecurity::None, None))
        );
        for refused in ["smtp://mail.x.example", "smtps://mail.x.example:25", "https://mail.x.example", "mail", ""] {
            assert_eq!(read(refused, Stage::Cloud), None, "{refused}");
        }
    }
}
