//! A tenant's settings, as they are shown and sent.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::input::{not_null, text};
use super::patch::Patch;
use super::team::Language;
use crate::domain::codes::country_code;
use crate::domain::faults::Fault;
use crate::domain::identity::Country;
use crate::domain::ids::TenantId;
use crate::domain::settings::{default_lost_reasons, state_code};
use crate::failure::Failure;
use crate::store::settings::{Goal, Settings, SettingsFacts};

const MAX_NAME: usize = 200;
const MAX_REASONS: usize = 50;
const MAX_REASON: usize = 100;
const MAX_GOALS: usize = 200;

/// Ten billion in any currency with two decimal places: beyond it is a slip of the pen.
const MOST_WON: i64 = 1_000_000_000_000;

/// A tenant's settings.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SettingsView {
    pub id: TenantId,
    /// Its short name, in addresses.
    pub slug: String,
    pub name: String,
    /// IANA name of the time zone: when its days begin.
    pub zone: String,
    #[schemars(with = "Language")]
    pub language: String,
    /// ISO 3166-1, two letters: completes telephone numbers that come from now on.
    pub country: String,
    /// ISO 3166-2, such as `DE-BY` or `AT-9`: whose public holidays count. Null: only the country's.
    pub state: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// Why deals are lost, to choose from.
    pub lost_reasons: Vec<String>,
    /// An open deal that stands longer in one stage is stuck.
    pub stuck_after_days: i32,
    pub goals: Vec<Goal>,
    pub updated_at: Timestamp,
    pub version: i64,
}

impl From<Settings> for SettingsView {
    fn from(settings: Settings) -> Self {
        let facts = settings.facts;
        Self {
            id: settings.id,
            slug: settings.slug,
            name: facts.name,
            lost_reasons: facts.lost_reasons.unwrap_or_else(|| default_lost_reasons(&facts.language)),
            zone: facts.zone,
            language: facts.language,
            country: facts.country,
            state: facts.state,
            currency: settings.currency,
            stuck_after_days: facts.stuck_after_days,
            goals: facts.goals,
            updated_at: settings.updated_at,
            version: settings.version,
        }
    }
}

/// A change of the settings: absent keeps, null clears.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsPatch {
    pub name: Patch<String>,
    /// IANA name such as `Europe/Berlin`.
    pub zone: Patch<String>,
    pub language: Patch<Language>,
    /// ISO 3166-1, two letters. Numbers that were stored stay as they are.
    pub country: Patch<String>,
    /// ISO 3166-2, such as `DE-BY` or `AT-9`: a state of Germany or Austria.
    pub state: Patch<String>,
    /// All of them, in their order; null: those every tenant begins with.
    pub lost_reasons: Patch<Vec<String>>,
    /// 1 to 365.
    pub stuck_after_days: Patch<i32>,
    /// All of them.
    pub goals: Patch<Vec<Goal>>,
}

impl SettingsPatch {
    /// The settings after the change.
    ///
    /// # Errors
    /// `Invalid` with every fault.
    pub fn check(self, before: SettingsFacts) -> Result<SettingsFacts, Failure> {
        let mut faults = Vec::new();
        let given = &mut faults;
        let name = needed("/name", self.name, given).and_then(|name| text("/name", &name, MAX_NAME, given));
        let zone = needed("/zone", self.zone, given).inspect(|zone| {
            if TimeZone::get(zone).is_err() {
                given.push(Fault::new("/zone", "unknown_value", "Use an IANA time zone such as Europe/Berlin."));
            }
        });
        let country =
            needed("/country", self.country, given).map_or(before.country, |country| checked_country(&country, given));
        let state = match self.state {
            Patch::Set(state) => Some(state),
            other => other.apply(before.state),
        };
        let facts = SettingsFacts {
            name: name.unwrap_or(before.name),
            zone: zone.unwrap_or(before.zone),
            language: needed("/language", self.language, given)
                .map_or(before.language, |language| language.as_str().to_owned()),
            // Also one that was right before, when the country is another now.
            state: state.map(|state| checked_state(&country, &state, given)),
            country,
            lost_reasons: match self.lost_reasons {
                Patch::Set(reasons) => Some(checked_reasons(&reasons, given)),
                other => other.apply(before.lost_reasons),
            },
            stuck_after_days: needed("/stuck_after_days", self.stuck_after_days, given)
                .inspect(|days| {
                    if !(1..=365).contains(days) {
                        given.push(Fault::new("/stuck_after_days", "range", "Use 1 to 365 days."));
                    }
                })
                .unwrap_or(before.stuck_after_days),
            goals: match self.goals {
                Patch::Set(goals) => checked_goals(goals, given),
                Patch::Clear => Vec::new(),
                Patch::Keep => before.goals,
            },
        };
        if faults.is_empty() { Ok(facts) } else { Err(Failure::Invalid(faults)) }
    }
}

fn needed<T>(pointer: &str, patch: Patch<T>, faults: &mut Vec<Fault>) -> Option<T> {
    match patch {
        Patch::Set(value) => Some(value),
        Patch::Keep => None,
        Patch::Clear => {
            not_null(pointer, faults);
            None
        }
    }
}

fn checked_country(text: &str, faults: &mut Vec<Fault>) -> String {
    match country_code(text).filter(|code| code.parse::<Country>().is_ok()) {
        Some(code) => code.to_owned(),
        None => {
            faults.push(Fault::new("/country", "unknown_value", "Write the ISO 3166 code of a country, such as DE."));
            text.to_owned()
        }
    }
}

fn checked_state(country: &str, text: &str, faults: &mut Vec<Fault>) -> String {
    state_code(country, text).unwrap_or_else(|| {
        let detail =
            "Use the ISO 3166-2 code of a state of the country, such as DE-BY or AT-9; null where there is none.";
        faults.push(Fault::new("/state", "unknown_value", detail));
        text.to_owned()
    })
}

fn checked_reasons(reasons: &[String], faults: &mut Vec<Fault>) -> Vec<String> {
    if reasons.len() > MAX_REASONS {
        faults.push(Fault::new("/lost_reasons", "too_many", format!("Keep at most {MAX_REASONS} reasons.")));
        return Vec::new();
    }
    let mut checked: Vec<String> = Vec::with_capacity(reasons.len());
    for (n, reason) in reasons.iter().enumerate() {
        let at = format!("/lost_reasons/{n}");
        let Some(reason) = text(&at, reason, MAX_REASON, faults) else { continue };
        if checked.contains(&reason) {
            faults.push(Fault::new(at, "repeated", "Name every reason once."));
        }
        checked.push(reason);
    }
    checked
}

fn checked_goals(goals: Vec<Goal>, faults: &mut Vec<Fault>) -> Vec<Goal> {
    if goals.len() > MAX_GOALS {
        faults.push(Fault::new("/goals", "too_many", format!("Keep at most {MAX_GOALS} goals.")));
        return Vec::new();
    }
    for (n, goal) in goals.iter().enumerate() {
        if !(0..=MOST_WON).contains(&goal.won_minor_per_month) {
            let at = format!("/goals/{n}/won_minor_per_month");
            faults.push(Fault::new(at, "range", format!("Use an amount from 0 to {MOST_WON}, in minor units.")));
        }
        if goals.iter().take(n).any(|other| other.member_id == goal.member_id) {
            faults.push(Fault::new(format!("/goals/{n}/member_id"), "repeated", "Everybody has one goal."));
        }
    }
    goals
}
