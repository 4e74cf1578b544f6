//! Requests that act with a cookie must come from our own pages.
//!
//! Three things together, each enough by itself in today's browsers: the cookie is `SameSite=Strict`; the request must be JSON,
//! which a form of another site cannot send and its script may only after a preflight that this API does not answer; and the
//! `Origin`, which browsers put on every POST, must be this host's or the console's. A request without an `Origin` comes from no
//! browser, and so carries nobody's cookie by mistake.

use ::http::HeaderMap;
use url::{Host, Url};

use crate::config::Stage;
use crate::failure::Failure;

/// Passes a request of our own pages, or of a program.
///
/// # Errors
/// `Invalid` when it is not JSON, `Forbidden` when another site's page sent it.
pub fn from_our_pages(headers: &HeaderMap, console: Option<&str>, stage: Stage) -> Result<(), Failure> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = text("content-type").unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Failure::invalid("Content-Type", "format", "Send `content-type: application/json`."));
    }
    let ours = match headers.get("origin") {
        None => true,
        Some(_) => text("origin").is_some_and(|origin| is_ours(origin, text("host"), console, stage)),
    };
    match ours {
        true => Ok(()),
        false => Err(Failure::Forbidden("A page of another site may not do this.".to_owned())),
    }
}

fn is_ours(origin: &str, host: Option<&str>, console: Option<&str>, stage: Stage) -> bool {
    let Ok(origin) = Url::parse(origin) else { return false };
    let same = |url: &str| Url::parse(url).is_ok_and(|url| url.origin().is_tuple() && url.origin() == origin.origin());
    // The gateway ends TLS, so the host's own pages are https; on a laptop any port counts: the console under development is
    // served from another one.
    match stage {
        Stage::Local => is_loopback(&origin) || console.is_some_and(same),
        Stage::Cloud => host.is_some_and(|host| same(&format!("https://{host}"))) || console.is_some_and(same),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Option<&str>, origin: Option<&str>, stage: Stage, passes: bool) {
        let mut headers = HeaderMap::new();
        headers.insert("host", "api.example.com".parse().unwrap());
        for (name, value) in [("content-type", kind), ("origin", origin)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        let outcome = from_our_pages(&headers, Some("https://crm.example.com/console"), stage);
        assert_eq!(outcome.is_ok(), passes, "{kind:?} {origin:?}");
    }

    #[test]
    fn only_our_own_pages_in_the_cloud() {
        let json = Some("application/json");
        for (origin, passes) in [
            (None, true),
            (Some("https://api.example.com"), true),
            (Some("https://crm.example.com"), true),
            (Some("http://api.example.com"), false),
            (Some("https://api.example.com:8443"), false),
            (Some("https://evil.example.com"), false),
            (Some("https://api.example.com.evil.example"), false),
            (Some("http://localhost:5173"), false),
            (Some("null"), false),
        ] {
            check(json, origin, Stage::Cloud, passes);
        }
    }

    #[test]
    fn any_port_of_a_laptop() {
        let json = Some("application/json; charset=utf-8");
        for (origin, passes) in [
            (Some("http://localhost:5173"), true),
            (Some("http://127.0.0.1:4566"), true),
            (Some("http://[::1]:1"), true),
            (Some("http://localhost.evil.example"), false),
            (Some("https://api.example.com"), false),
        ] {
            check(json, origin, Stage::Local, passes);
        }
    }

    #[test]
    fn what_a_form_can_send_is_refused() {
        for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("multipart/form-data")] {
            check(kind, Some("https://api.example.com"), Stage::Cloud, false);
        }
    }
}
