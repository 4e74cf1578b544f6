//! The cookie of the refresh token: out of reach of scripts, and sent to the sign-in endpoints of this site only.

use ::http::HeaderMap;
use jiff::Timestamp;

use crate::config::Stage;

const NAME: &str = "lotse_refresh";

/// No other endpoint ever sees it.
const PATH: &str = "/api/v1/auth";

/// Sets the token until it expires.
pub fn refresh_cookie(token: &str, now: Timestamp, until: Timestamp) -> String {
    let seconds = until.duration_since(now).as_secs().max(0);
    cookie(token, seconds, Stage::from_env())
}

/// Takes the cookie away.
pub fn cleared_cookie() -> String {
    cookie("", 0, Stage::from_env())
}

/// A laptop's stack speaks plain HTTP on loopback, where a `Secure` cookie would not be kept by every browser.
fn cookie(value: &str, seconds: i64, stage: Stage) -> String {
    let secure = if stage == Stage::Local { "" } else { "; Secure" };
    format!("{NAME}={value}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// The refresh token a request carries.
pub fn refresh_token(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all("cookie").into_iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(name, value)| *name == NAME && !value.is_empty()).map(|(_, value)| value);
    found.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everywhere_but_on_a_laptop_it_is_secure() {
        assert_eq!(
            cookie("t", 60, Stage::Cloud),
            "lotse_refresh=t; Path=/api/v1/auth; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        assert!(!cookie("t", 60, Stage::Local).contains("Secure"));
    }

    #[test]
    fn it_is_found_among_others() {
        let mut headers = HeaderMap::new();
        assert_eq!(refresh_token(&headers), None);
        headers.insert("cookie", "theme=dark; lotse_refresh=abc; x=y".parse().unwrap());
        assert_eq!(refresh_token(&headers), Some("abc"));
        headers.insert("cookie", "lotse_refresh=; not_lotse_refresh=abc".parse().unwrap());
        assert_eq!(refresh_token(&headers), None);
    }
}
