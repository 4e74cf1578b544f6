//! Who may do what: scopes, the roles of people, and a caller with what they may do.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::TenantId;

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
            Self::Manager => !matches!(scope, Scope::KeysWrite | Scope::IntegrationsWrite),
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

impl Caller {
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
