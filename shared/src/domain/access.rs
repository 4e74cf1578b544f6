//! Who may do what: scopes, the roles of people, and a caller with what they may do.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::identity::normalize_email;
use super::ids::{MemberId, TenantId};

macro_rules! scopes {
    ($($variant:ident => $text:literal,)*) => {
        /// One thing a caller may do. Each endpoint needs exactly one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Scope { $(#[doc = $text] $variant,)* }

        impl Scope {
            /// Every scope, for administrators.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// As written in tokens and API keys.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl FromStr for Scope {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($text => Ok(Self::$variant),)* _ => Err(()) }
            }
        }
    };
}

scopes! {
    EventsWrite => "events:write",
    InboxRead => "inbox:read",
    InboxWrite => "inbox:write",
    LeadsRead => "leads:read",
    LeadsWrite => "leads:write",
    PipelinesRead => "pipelines:read",
    PipelinesWrite => "pipelines:write",
    DealsRead => "deals:read",
    DealsWrite => "deals:write",
    TasksRead => "tasks:read",
    TasksWrite => "tasks:write",
    ScoringRead => "scoring:read",
    ScoringWrite => "scoring:write",
    RoutingRead => "routing:read",
    RoutingWrite => "routing:write",
    TeamRead => "team:read",
    TeamWrite => "team:write",
    IntegrationsRead => "integrations:read",
    IntegrationsWrite => "integrations:write",
    KeysWrite => "keys:write",
    AuditRead => "audit:read",
    SettingsWrite => "settings:write",
}

/// What a person is in their tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Admin,
    Manager,
    Sales,
    Viewer,
    Ingest,
}

impl Role {
    /// Whether somebody with this role may do it.
    pub fn allows(self, scope: Scope) -> bool {
        match self {
            Self::Admin => true,
            Self::Manager => !matches!(scope, Scope::KeysWrite | Scope::IntegrationsWrite | Scope::SettingsWrite),
            Self::Sales => matches!(
                scope,
                Scope::LeadsRead
                    | Scope::LeadsWrite
                    | Scope::PipelinesRead
                    | Scope::DealsRead
                    | Scope::DealsWrite
                    | Scope::TasksRead
                    | Scope::TasksWrite
                    | Scope::ScoringRead
                    | Scope::RoutingRead
                    | Scope::TeamRead
            ),
            Self::Viewer => matches!(
                scope,
                Scope::LeadsRead
                    | Scope::PipelinesRead
                    | Scope::DealsRead
                    | Scope::TasksRead
                    | Scope::ScoringRead
                    | Scope::RoutingRead
                    | Scope::TeamRead
            ),
            Self::Ingest => scope == Scope::EventsWrite,
        }
    }
}

/// What a token allows: what its roles do, and of that only what it names, if it names any scope of ours. What identity providers
/// write there of their own (`openid profile email`, or nothing) says nothing about us. Some put the name of the service before a
/// scope: `https://crm.example/leads:read` is `leads:read`.
pub fn granted<'a>(roles: &[Role], named: impl Iterator<Item = &'a str>) -> BTreeSet<Scope> {
    let named: BTreeSet<Scope> =
        named.filter_map(|name| name.rsplit('/').next()).filter_map(|name| name.parse().ok()).collect();
    let allowed = Scope::ALL.iter().copied().filter(|scope| roles.iter().any(|role| role.allows(*scope)));
    allowed.filter(|scope| named.is_empty() || named.contains(scope)).collect()
}

/// Who is calling, proved.
#[derive(Debug, Clone)]
pub struct Caller {
    pub tenant: TenantId,
    /// The token's `sub`, or the API key's id.
    pub subject: String,
    pub kind: CallerKind,
    /// For API keys: the one source whose events it may send.
    pub source: Option<String>,
    /// The token's id, checked against the revoked ones on entering the tenant.
    pub jti: Option<String>,
    /// The e-mail addresses a token names, in normal form. They open nothing: they are looked for among the members who are inactive.
    pub emails: Vec<String>,
    /// When the token ends by itself.
    pub expires_at: Option<Timestamp>,
    pub scopes: BTreeSet<Scope>,
    pub rate: Option<Rate>,
}

/// A right that a caller lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("This needs the scope `{}`. Ask an administrator for a key or role that has it.", .0.as_str())]
pub struct MissingScope(pub Scope);

/// A person or a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    Person,
    ApiKey,
}

/// What is left of an API key's minute.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    pub limit: i32,
    pub remaining: i32,
    pub resets_in: Duration,
}

/// What a person shows on entering a tenant. Whoever shows a token that was revoked, or is known there as an inactive member, does not
/// get in; a machine of ours shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown<'a> {
    pub jti: Option<&'a str>,
    pub member: Option<MemberId>,
    pub emails: &'a [String],
}

/// The e-mail addresses among what identity providers call people by, in normal form: all of them, because people may change some of
/// these names themselves.
pub fn named_emails<'a>(names: impl IntoIterator<Item = Option<&'a str>>) -> Vec<String> {
    let mut emails: Vec<String> = names.into_iter().flatten().filter_map(|name| normalize_email(name).ok()).collect();
    emails.sort_unstable();
    emails.dedup();
    emails
}

impl Caller {
    /// What this caller shows on entering their tenant.
    pub fn shown(&self) -> Shown<'_> {
        Shown { jti: self.jti.as_deref(), member: self.member(), emails: &self.emails }
    }

    /// The member that a person says to be. Whether there is one of this id only the team knows: an identity provider may name people
    /// by UUIDs of its own.
    pub fn member(&self) -> Option<MemberId> {
        match self.kind {
            CallerKind::Person => Uuid::try_parse(&self.subject).ok().map(MemberId),
            CallerKind::ApiKey => None,
        }
    }

    /// Whether this caller may do it.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Passes, or says which scope is missing.
    ///
    /// # Errors
    /// When it is missing.
    pub fn need(&self, scope: Scope) -> Result<(), MissingScope> {
        if self.may(scope) { Ok(()) } else { Err(MissingScope(scope)) }
    }

    /// Everything this caller may do.
    pub fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.scopes.iter().copied()
    }

    /// Whether this caller may do all that somebody with the role may. Nobody gives away, takes or changes what is beyond them.
    pub fn covers(&self, role: Role) -> bool {
        Scope::ALL.iter().all(|scope| self.may(*scope) || !role.allows(*scope))
    }

    /// `person`, `api_key`: as the audit log names it.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            CallerKind::Person => "person",
            CallerKind::ApiKey => "api_key",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(role: Role, named: &str, expected: &[&str]) {
        let granted = granted(&[role], named.split_whitespace());
        assert_eq!(granted.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(), expected, "{role:?} {named}");
    }

    const VIEWER: [&str; 7] =
        ["leads:read", "pipelines:read", "deals:read", "tasks:read", "scoring:read", "routing:read", "team:read"];

    #[test]
    fn scopes_only_narrow_and_only_if_one_is_ours() {
        for foreign in ["", "openid profile email", "access_as_user", "aws.cognito.signin.user.admin", "leads:reads"] {
            check(Role::Viewer, foreign, &VIEWER);
        }
        check(Role::Viewer, "openid leads:read", &["leads:read"]);
        check(Role::Viewer, "leads:read leads:write inbox:write", &["leads:read"]);
        check(Role::Viewer, "inbox:write", &[]);
        check(Role::Admin, "https://crm.example/deals:read lotse/leads:write", &["leads:write", "deals:read"]);
        assert_eq!(
            granted(&[], ["leads:read"].into_iter()),
            BTreeSet::new(),
            "without a role there is nothing to narrow"
        );
    }

    #[test]
    fn two_roles_do_what_either_does() {
        let both = granted(&[Role::Viewer, Role::Ingest], std::iter::empty());
        assert_eq!(both.len(), VIEWER.len() + 1);
    }

    #[test]
    fn addresses_are_found_among_names() {
        let names = [Some("B@x.example"), None, Some("ada"), Some("Ada@X.example"), Some("b@x.example")];
        assert_eq!(named_emails(names), ["ada@x.example", "b@x.example"]);
        assert_eq!(named_emails([None, Some("ada")]), [""; 0]);
    }
}
