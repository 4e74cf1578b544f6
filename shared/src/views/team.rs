//! The team, and who is signed in.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::preferences::PreferencesView;
use crate::domain::access::{Role, Scope};
use crate::domain::ids::{MemberId, PipelineId, TenantId};
use crate::flows::account_mails::GOOD_FOR;
use crate::store::preferences::Preferences;
use crate::store::team::Member;
use crate::store::tenants::Tenant;

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MemberRole {
    /// Everything.
    Admin,
    /// Everything but API keys and partners' settings.
    Manager,
    /// Works with leads, deals and tasks.
    Sales,
    /// Reads.
    Viewer,
}

impl MemberRole {
    /// As in JSON, in tokens and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Sales => "sales",
            Self::Viewer => "viewer",
        }
    }

    /// The role that scopes follow from.
    pub fn role(self) -> Role {
        match self {
            Self::Admin => Role::Admin,
            Self::Manager => Role::Manager,
            Self::Sales => Role::Sales,
            Self::Viewer => Role::Viewer,
        }
    }

    /// The role as the database has it; an unknown one counts as the strongest.
    pub fn stored(text: &str) -> Self {
        match text {
            "manager" => Self::Manager,
            "sales" => Self::Sales,
            "viewer" => Self::Viewer,
            _ => Self::Admin,
        }
    }
}

/// A language of the console and of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    De,
    En,
}

impl Language {
    /// As in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
        }
    }
}

/// A member of the team.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MemberView {
    pub id: MemberId,
    pub email: String,
    pub name: String,
    #[schemars(with = "MemberRole")]
    pub role: String,
    /// Open deals this member takes; the machine gives no more.
    pub capacity: i32,
    /// Open deals this member has.
    pub load: i64,
    /// The pipelines whose deals this member gets.
    pub pipeline_ids: Vec<PipelineId>,
    /// For messages that mention somebody.
    pub slack_user_id: Option<String>,
    /// IANA name of the time zone; none: the tenant's.
    pub zone: Option<String>,
    /// None: the tenant's.
    #[schemars(with = "Option<Language>")]
    pub language: Option<String>,
    /// Gets the task when nobody is free for a deal.
    pub lead_of_team: bool,
    /// One who is not active gets no deals and cannot sign in.
    pub active: bool,
    pub last_assigned_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: i64,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        let profile = member.profile;
        Self {
            id: member.id,
            email: profile.email,
            name: profile.name,
            role: profile.role,
            capacity: profile.capacity,
            load: member.load,
            pipeline_ids: profile.pipelines.into_iter().collect(),
            slack_user_id: profile.slack_user_id,
            zone: profile.zone,
            language: profile.language,
            lead_of_team: profile.lead_of_team,
            active: profile.active,
            last_assigned_at: member.last_assigned_at,
            created_at: member.created_at,
            updated_at: member.updated_at,
            version: member.version,
        }
    }
}

/// A mail is on its way, if there is somebody to get it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MailPromisedView {
    /// Seconds for which its link is good.
    pub expires_in: i64,
}

impl MailPromisedView {
    /// The same for everybody.
    pub fn new() -> Self {
        Self { expires_in: GOOD_FOR.as_secs() }
    }
}

impl Default for MailPromisedView {
    fn default() -> Self {
        Self::new()
    }
}

/// Whose password was set: with these they sign in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AccountView {
    pub email: String,
    /// The tenant's short name.
    pub tenant: String,
}

/// Who is calling.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MeView {
    /// None for API keys and for people of an identity provider who are not in the team.
    pub member: Option<MeMemberView>,
    /// What the caller may do, as `leads:read`.
    pub scopes: Vec<&'static str>,
    pub tenant: MeTenantView,
    /// How the member wants the console; none without a member.
    pub preferences: Option<PreferencesView>,
}

/// The member who is signed in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MeMemberView {
    pub id: MemberId,
    pub name: String,
    pub email: String,
    #[schemars(with = "MemberRole")]
    pub role: String,
    /// None: the tenant's.
    #[schemars(with = "Option<Language>")]
    pub language: Option<String>,
    /// IANA name of the time zone; none: the tenant's.
    pub zone: Option<String>,
}

/// The tenant whose data the caller sees.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MeTenantView {
    pub id: TenantId,
    pub name: String,
    pub slug: String,
    /// IANA name of the time zone.
    pub zone: String,
    #[schemars(with = "Language")]
    pub language: String,
    /// ISO 4217 code.
    pub currency: String,
}

impl MeView {
    /// Of what somebody may do, the member behind it if there is one with how they want the console, and the tenant.
    pub fn of(
        scopes: impl Iterator<Item = Scope>,
        member: Option<(Member, Preferences)>,
        id: TenantId,
        tenant: Tenant,
    ) -> Self {
        let preferences = member.as_ref().map(|(member, set)| PreferencesView::of(member, set.clone()));
        Self {
            member: member.map(|(member, _)| MeMemberView {
                id: member.id,
                name: member.profile.name,
                email: member.profile.email,
                role: member.profile.role,
                language: member.profile.language,
                zone: member.profile.zone,
            }),
            scopes: scopes.map(Scope::as_str).collect(),
            tenant: MeTenantView {
                id,
                name: tenant.name,
                slug: tenant.slug,
                zone: tenant.zone,
                language: tenant.language,
                currency: tenant.currency,
            },
            preferences,
        }
    }
}
