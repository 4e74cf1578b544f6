//! What people send to add or change a member, and what is wrong with it.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;

use super::patch::Patch;
use super::team::{Language, MemberRole};
use crate::domain::faults::Fault;
use crate::domain::identity::normalize_email;
use crate::domain::ids::PipelineId;
use crate::domain::passwords;
use crate::integrations::slack::{NO_MEMBER_ID, is_member_id};
use crate::store::team::MemberProfile;

/// The longest name, in characters.
const MAX_TEXT: usize = 200;
const MAX_CAPACITY: i32 = 10_000;
const MAX_PIPELINES: usize = 200;

/// A new member of the team.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    pub email: String,
    pub name: String,
    pub role: MemberRole,
    /// Open deals this member takes.
    #[serde(default)]
    pub capacity: i32,
    #[serde(default)]
    pub pipeline_ids: Vec<PipelineId>,
    pub slack_user_id: Option<String>,
    /// IANA name such as `Europe/Berlin`; absent: the tenant's.
    pub zone: Option<String>,
    pub language: Option<Language>,
    #[serde(default)]
    pub lead_of_team: bool,
    #[serde(default = "yes")]
    pub active: bool,
    /// At least twelve characters; without one the member cannot sign in here.
    pub password: Option<String>,
}

fn yes() -> bool {
    true
}

/// A change of a member: absent keeps, null clears.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MemberPatch {
    pub email: Patch<String>,
    pub name: Patch<String>,
    pub role: Patch<MemberRole>,
    pub capacity: Patch<i32>,
    pub pipeline_ids: Patch<Vec<PipelineId>>,
    pub slack_user_id: Patch<String>,
    /// IANA name such as `Europe/Berlin`; null: the tenant's.
    pub zone: Patch<String>,
    /// Null: the tenant's.
    pub language: Patch<Language>,
    pub lead_of_team: Patch<bool>,
    pub active: Patch<bool>,
    /// At least twelve characters. Ends the member's sessions, but for the one that asks.
    pub password: Patch<String>,
    /// Needed to change one's own password.
    pub current_password: Patch<String>,
}

/// A checked change.
pub struct Change {
    pub profile: MemberProfile,
    pub password: Option<String>,
    pub current_password: Option<String>,
}

impl NewMember {
    /// The member, checked.
    ///
    /// # Errors
    /// Every fault of the input.
    pub fn check(self) -> Result<(MemberProfile, Option<String>), Vec<Fault>> {
        let mut faults = Vec::new();
        let profile = MemberProfile {
            email: email(&self.email, &mut faults),
            name: text("/name", &self.name, &mut faults),
            role: self.role.as_str().to_owned(),
            capacity: capacity(self.capacity, &mut faults),
            slack_user_id: self.slack_user_id.map(|id| slack_id(&id, &mut faults)),
            zone: self.zone.map(|name| zone(name, &mut faults)),
            language: self.language.map(|language| language.as_str().to_owned()),
            lead_of_team: self.lead_of_team,
            active: self.active,
            pipelines: pipelines(self.pipeline_ids, &mut faults),
        };
        password(self.password.as_deref(), &profile.email, &mut faults);
        if faults.is_empty() { Ok((profile, self.password)) } else { Err(faults) }
    }
}

impl MemberPatch {
    /// Whether only fields are sent that members may change of themselves.
    pub fn is_personal(&self) -> bool {
        !(self.email.is_sent()
            || self.role.is_sent()
            || self.capacity.is_sent()
            || self.pipeline_ids.is_sent()
            || self.slack_user_id.is_sent()
            || self.lead_of_team.is_sent()
            || self.active.is_sent())
    }

    /// Whether it could take an administrator away.
    pub fn touches_access(&self) -> bool {
        self.role.is_sent() || self.active.is_sent()
    }

    /// What the member becomes, checked.
    ///
    /// # Errors
    /// Every fault of the input.
    pub fn check(self, before: &MemberProfile) -> Result<Change, Vec<Fault>> {
        let mut faults = Vec::new();
        let given = &mut faults;
        let new_email = needed("/email", self.email, given);
        let name = needed("/name", self.name, given);
        let role = needed("/role", self.role, given);
        let new_capacity = needed("/capacity", self.capacity, given);
        let pipeline_ids = needed("/pipeline_ids", self.pipeline_ids, given);
        let lead_of_team = needed("/lead_of_team", self.lead_of_team, given);
        let active = needed("/active", self.active, given);
        let new_password = needed("/password", self.password, given);
        let current_password = needed("/current_password", self.current_password, given);
        let before = before.clone();
        let profile = MemberProfile {
            email: new_email.map_or(before.email, |address| email(&address, given)),
            name: name.map_or(before.name, |name| text("/name", &name, given)),
            role: role.map_or(before.role, |role| role.as_str().to_owned()),
            capacity: new_capacity.map_or(before.capacity, |number| capacity(number, given)),
            slack_user_id: match self.slack_user_id {
                Patch::Set(id) => Some(slack_id(&id, given)),
                other => other.apply(before.slack_user_id),
            },
            zone: match self.zone {
                Patch::Set(name) => Some(zone(name, given)),
                other => other.apply(before.zone),
            },
            language: match self.language {
                Patch::Set(language) => Some(language.as_str().to_owned()),
                Patch::Clear => None,
                Patch::Keep => before.language,
            },
            lead_of_team: lead_of_team.unwrap_or(before.lead_of_team),
            active: active.unwrap_or(before.active),
            pipelines: pipeline_ids.map_or(before.pipelines, |ids| pipelines(ids, given)),
        };
        password(new_password.as_deref(), &profile.email, given);
        if faults.is_empty() { Ok(Change { profile, password: new_password, current_password }) } else { Err(faults) }
    }
}

/// The value that was sent; a member cannot be without it.
fn needed<T>(pointer: &str, patch: Patch<T>, faults: &mut Vec<Fault>) -> Option<T> {
    match patch {
        Patch::Keep => None,
        Patch::Set(value) => Some(value),
        Patch::Clear => {
            faults.push(Fault::new(pointer, "null", "This field cannot be cleared. Leave it out to keep it."));
            None
        }
    }
}

fn email(address: &str, faults: &mut Vec<Fault>) -> String {
    normalize_email(address).unwrap_or_else(|fault| {
        faults.push(Fault::new("/email", "bad_identifier", fault.to_string()));
        address.to_owned()
    })
}

fn text(pointer: &str, value: &str, faults: &mut Vec<Fault>) -> String {
    let value = value.trim();
    if value.is_empty() {
        faults.push(Fault::new(pointer, "empty", "Write something."));
    } else if value.chars().count() > MAX_TEXT {
        faults.push(Fault::new(pointer, "too_long", format!("Write at most {MAX_TEXT} characters.")));
    } else if value.chars().any(char::is_control) {
        faults.push(Fault::new(pointer, "control_character", "Remove control characters such as line breaks."));
    }
    value.to_owned()
}

/// Reminders go there, and messages call the person by it: anything else would call nobody, or everybody.
fn slack_id(id: &str, faults: &mut Vec<Fault>) -> String {
    let id = id.trim();
    if !is_member_id(id) {
        faults.push(Fault::new("/slack_user_id", "bad_identifier", NO_MEMBER_ID));
    }
    id.to_owned()
}

fn capacity(number: i32, faults: &mut Vec<Fault>) -> i32 {
    if !(0..=MAX_CAPACITY).contains(&number) {
        faults.push(Fault::new("/capacity", "range", format!("Use a number from 0 to {MAX_CAPACITY}.")));
    }
    number
}

fn zone(name: String, faults: &mut Vec<Fault>) -> String {
    if TimeZone::get(&name).is_err() {
        faults.push(Fault::new("/zone", "unknown_value", "Use an IANA time zone such as Europe/Berlin."));
    }
    name
}

fn pipelines(ids: Vec<PipelineId>, faults: &mut Vec<Fault>) -> BTreeSet<PipelineId> {
    if ids.len() > MAX_PIPELINES {
        faults.push(Fault::new("/pipeline_ids", "too_many", format!("List at most {MAX_PIPELINES} pipelines.")));
    }
    ids.into_iter().collect()
}

fn password(password: Option<&str>, email: &str, faults: &mut Vec<Fault>) {
    if let Some((code, detail)) = password.and_then(|password| passwords::fault(password, email)) {
        faults.push(Fault::new("/password", code, detail));
    }
}
