//! What is wrong with the description of a tenant: every fault at once, each with its pointer.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::{NewTenant, NewTenantKey, NewTenantMember, NewTenantSource};
use crate::domain::access::Scope;
use crate::domain::events::parse_source;
use crate::domain::faults::Fault;
use crate::domain::identity::{Country, normalize_email};
use crate::domain::passwords;

/// Who knows a key or token needs nothing else, and it is stored under a fast hash: it has to be beyond guessing.
const MIN_SECRET: usize = 32;

/// Fewer different characters are no random ones.
const MIN_VARIETY: usize = 8;

const MAX_RATE: i32 = 1_000_000;
const MAX_CAPACITY: i32 = 10_000;

impl NewTenant {
    /// Puts e-mail addresses into normal form, as signing in looks for them.
    ///
    /// # Errors
    /// Every fault of the description.
    pub fn check(&mut self) -> Result<(), Vec<Fault>> {
        let mut faults = Faults(Vec::new());
        if !is_slug(&self.slug) {
            faults.add(
                "/slug",
                "bad_slug",
                "Write lower-case letters and digits, words joined by hyphens, at most 64.",
            );
        }
        if self.name.trim().is_empty() || self.name.chars().count() > 200 {
            faults.add("/name", "length", "Write 1 to 200 characters.");
        }
        if self.zone.as_deref().is_some_and(|zone| TimeZone::get(zone).is_err()) {
            faults.add("/zone", "unknown_value", "Use an IANA time zone such as Europe/Berlin.");
        }
        if self.language.as_deref().is_some_and(|language| !["de", "en"].contains(&language)) {
            faults.add("/language", "unknown_value", "Write `de` or `en`.");
        }
        if self.default_country.parse::<Country>().is_err() {
            faults.add("/default_country", "unknown_value", "Write the ISO 3166 code of a country, such as DE.");
        }
        self.default_country.make_ascii_uppercase();
        for (n, member) in self.members.iter_mut().enumerate() {
            member.check(&format!("/members/{n}"), &mut faults);
        }
        for (n, key) in self.api_keys.iter().enumerate() {
            key.check(&format!("/api_keys/{n}"), &mut faults);
        }
        let mut seen = BTreeSet::new();
        for (n, source) in self.webhook_sources.iter().enumerate() {
            let at = format!("/webhook_sources/{n}");
            source.check(&at, &mut faults);
            if !seen.insert(&source.source) {
                faults.add(format!("{at}/source"), "repeated", "Name every source once.");
            }
        }
        if faults.0.is_empty() { Ok(()) } else { Err(faults.0) }
    }
}

impl NewTenantMember {
    fn check(&mut self, at: &str, faults: &mut Faults) {
        match normalize_email(&self.email) {
            Ok(email) => self.email = email,
            Err(fault) => faults.add(format!("{at}/email"), "bad_identifier", fault.to_string()),
        }
        if self.name.trim().is_empty() || self.name.chars().count() > 200 {
            faults.add(format!("{at}/name"), "length", "Write 1 to 200 characters.");
        }
        if !["admin", "manager", "sales", "viewer"].contains(&self.role.as_str()) {
            faults.add(format!("{at}/role"), "unknown_value", "Write one of admin, manager, sales, viewer.");
        }
        if !(0..=MAX_CAPACITY).contains(&self.capacity) {
            faults.add(format!("{at}/capacity"), "range", format!("Use a number from 0 to {MAX_CAPACITY}."));
        }
        let fault = self.password.as_deref().and_then(|password| passwords::fault(password, &self.email));
        if let Some((code, detail)) = fault {
            faults.add(format!("{at}/password"), code, detail);
        } else if self.password.as_deref().is_some_and(is_sample) {
            faults.add(format!("{at}/password"), "sample", "Choose a password of your own; that one is in an example.");
        }
    }
}

impl NewTenantKey {
    fn check(&self, at: &str, faults: &mut Faults) {
        faults.source(at, &self.source);
        faults.secret(at, "key", self.key.as_deref());
        for (n, scope) in self.scopes.iter().enumerate().filter(|(_, scope)| scope.parse::<Scope>().is_err()) {
            let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
            let detail = format!("There is no scope `{scope}`. Write one of {}.", known.join(", "));
            faults.add(format!("{at}/scopes/{n}"), "unknown_value", detail);
        }
        if !(1..=MAX_RATE).contains(&self.requests_per_minute) {
            let detail = format!("Use a number from 1 to {MAX_RATE}.");
            faults.add(format!("{at}/requests_per_minute"), "range", detail);
        }
    }
}

impl NewTenantSource {
    fn check(&self, at: &str, faults: &mut Faults) {
        faults.source(at, &self.source);
        faults.secret(at, "token", self.token.as_deref());
        faults.secret(at, "secret", self.secret.as_deref());
    }
}

struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.0.push(Fault::new(pointer, code, detail));
    }

    fn source(&mut self, at: &str, source: &str) {
        if parse_source(source).is_err() {
            let detail = "Write lower-case letters, digits and underscores, beginning with a letter.";
            self.add(format!("{at}/source"), "bad_source", detail);
        }
    }

    fn secret(&mut self, at: &str, field: &str, secret: Option<&str>) {
        let Some(secret) = secret else { return };
        let made = format!("Leave `{field}` out to have one made, or make one: `openssl rand -hex 32`.");
        let different: BTreeSet<char> = secret.chars().collect();
        if secret.chars().count() < MIN_SECRET {
            self.add(format!("{at}/{field}"), "too_short", format!("Use at least {MIN_SECRET} characters. {made}"));
        } else if is_sample(secret) {
            self.add(format!("{at}/{field}"), "sample", format!("That is one of an example. {made}"));
        } else if different.len() < MIN_VARIETY {
            self.add(format!("{at}/{field}"), "guessable", format!("That can be guessed. {made}"));
        }
    }
}

/// Out of an example that was copied.
fn is_sample(secret: &str) -> bool {
    secret.to_ascii_lowercase().contains("sample")
}

fn is_slug(slug: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    slug.len() <= 64 && slug.split('-').all(word)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(input: Value, expected: &[&str]) {
        let mut input: NewTenant = serde_json::from_value(input).unwrap();
        let faults = input.check().err().unwrap_or_default();
        assert!(faults.iter().all(|fault| fault.detail.ends_with('.') || fault.detail.ends_with('`')), "{faults:?}");
        let found: Vec<String> = faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        check(
            json!({"slug": "North Lab", "name": " ", "zone": "Europe/Bonn", "language": "fr", "default_country": "XX",
                   "members": [{"email": "nobody", "name": "", "role": "boss", "capacity": -1, "password": "short"},
                               {"email": "a@x.example", "name": "A", "role": "admin", "password": "a sample password"}],
                   "api_keys": [{"source": "Portal", "name": "p", "key": "a", "scopes": ["nonsense", "leads:read"], "requests_per_minute": 0},
                                {"source": "portal", "name": "q", "key": "x".repeat(40), "scopes": []}],
                   "webhook_sources": [{"source": "waalaxy", "token": "x", "secret": ""},
                                       {"source": "waalaxy", "token": "a-sample-token-that-somebody-has-copied"}]}),
            &[
                "/slug bad_slug",
                "/name length",
                "/zone unknown_value",
                "/language unknown_value",
                "/default_country unknown_value",
                "/members/0/email bad_identifier",
                "/members/0/name length",
                "/members/0/role unknown_value",
                "/members/0/capacity range",
                "/members/0/password too_short",
                "/members/1/password sample",
                "/api_keys/0/source bad_source",
                "/api_keys/0/key too_short",
                "/api_keys/0/scopes/0 unknown_value",
                "/api_keys/0/requests_per_minute range",
                "/api_keys/1/key guessable",
                "/webhook_sources/0/token too_short",
                "/webhook_sources/0/secret too_short",
                "/webhook_sources/1/token sample",
                "/webhook_sources/1/source repeated",
            ],
        );
    }

    #[test]
    fn what_is_left_out_is_no_fault() {
        check(
            json!({"slug": "north-lab-2", "name": "North", "members": [{"email": "A@X.example", "name": "A", "role": "viewer"}],
                   "api_keys": [{"source": "portal", "name": "p", "scopes": ["leads:read"]}],
                   "webhook_sources": [{"source": "website"}]}),
            &[],
        );
    }

    #[test]
    fn the_sample_can_be_copied_as_it_is_but_for_its_people() {
        let sample = include_str!("../../../../events/operations/tenant-create.json");
        check(serde_json::from_str(sample).unwrap(), &[]);
    }
}
