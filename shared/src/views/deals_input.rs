//! What people send to make, change or close a deal, and what is wrong with it.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::input::{day, no_contacts, not_null, text};
use super::patch::Patch;
use crate::domain::codes::is_currency;
use crate::domain::faults::Fault;
use crate::domain::ids::{LeadId, MemberId, OrganizationId, PipelineId, StageId};
use crate::failure::Failure;
use crate::store::deals::write::DealFacts;
use crate::store::pipelines::Pipeline;

const MAX_NAME: usize = 200;
const MAX_WORD: usize = 200;

/// The largest amount, in minor units: beyond it JavaScript's numbers are no longer exact.
const MAX_VALUE: i64 = 9_007_199_254_740_991;

/// A deal opened by a person. It needs a lead or a company.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDeal {
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    pub lead_id: Option<LeadId>,
    /// Contacts are not kept yet: refused.
    pub contact_id: Option<Uuid>,
    /// An organisation.
    pub company_id: Option<OrganizationId>,
    pub pipeline_id: PipelineId,
    /// A stage of the pipeline that is neither won nor lost; the first one unless given.
    pub stage_id: Option<StageId>,
    pub owner_id: Option<MemberId>,
    /// In minor units of `currency`; what the pipeline expects unless given.
    #[schemars(range(min = 0, max = 9_007_199_254_740_991_i64))]
    pub value_minor: Option<i64>,
    /// ISO 4217 code; the pipeline's unless given.
    pub currency: Option<String>,
    pub expected_close_on: Option<Date>,
    /// Where it came from.
    pub source: Option<String>,
    /// The campaign's name.
    pub campaign: Option<String>,
}

/// A change of a deal: absent keeps, null clears. Where it stands is changed by move and close, whose it is by lead.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DealPatch {
    pub name: Patch<String>,
    /// Contacts are not kept yet: refused.
    pub contact_id: Patch<Uuid>,
    /// An organisation.
    pub company_id: Patch<OrganizationId>,
    pub owner_id: Patch<MemberId>,
    /// In minor units of `currency`.
    pub value_minor: Patch<i64>,
    /// ISO 4217 code.
    pub currency: Patch<String>,
    pub expected_close_on: Patch<Date>,
    pub source: Patch<String>,
    /// The campaign's name.
    pub campaign: Patch<String>,
}

impl NewDeal {
    /// What is said about the deal, with the pipeline's value where nothing is said.
    ///
    /// # Errors
    /// `Invalid` with every fault, also that there is no such pipeline.
    pub fn check(self, pipeline: Option<&Pipeline>) -> Result<DealFacts, Failure> {
        let mut faults = Vec::new();
        if self.lead_id.is_none() && self.company_id.is_none() {
            let detail = "A deal is somebody's: name a lead or a company.";
            faults.push(Fault::new("/lead_id", "required", detail));
        }
        if pipeline.is_none_or(|pipeline| pipeline.archived_at.is_some()) {
            let detail = "There is no such pipeline, or it is archived.";
            faults.push(Fault::new("/pipeline_id", "unknown_value", detail));
        }
        let set = |value: Option<String>| value.map_or(Patch::Keep, Patch::Set);
        let patch = DealPatch {
            name: Patch::Set(self.name),
            contact_id: self.contact_id.map_or(Patch::Keep, Patch::Set),
            company_id: self.company_id.map_or(Patch::Keep, Patch::Set),
            owner_id: self.owner_id.map_or(Patch::Keep, Patch::Set),
            value_minor: self.value_minor.map_or(Patch::Keep, Patch::Set),
            currency: set(self.currency),
            expected_close_on: self.expected_close_on.map_or(Patch::Keep, Patch::Set),
            source: set(self.source),
            campaign: set(self.campaign),
        };
        let unsaid = DealFacts {
            name: String::new(),
            company: None,
            owner: None,
            value_minor: pipeline.map_or(0, |pipeline| pipeline.expected_value_minor),
            currency: pipeline.map_or_else(String::new, |pipeline| pipeline.currency.clone()),
            expected_close_on: None,
            source: None,
            campaign: None,
        };
        let facts = patch.apply(unsaid, &mut faults);
        if faults.is_empty() { Ok(facts) } else { Err(Failure::Invalid(faults)) }
    }
}

impl DealPatch {
    /// The facts after the change.
    ///
    /// # Errors
    /// `Invalid` with every fault.
    pub fn check(self, before: DealFacts) -> Result<DealFacts, Failure> {
        let mut faults = Vec::new();
        let facts = self.apply(before, &mut faults);
        if faults.is_empty() { Ok(facts) } else { Err(Failure::Invalid(faults)) }
    }

    fn apply(self, before: DealFacts, faults: &mut Vec<Fault>) -> DealFacts {
        if let Patch::Set(_) = self.contact_id {
            no_contacts("/contact_id", faults);
        }
        let name =
            needed("/name", self.name, before.name, faults, |name, faults| text("/name", &name, MAX_NAME, faults));
        let value_minor = needed("/value_minor", self.value_minor, before.value_minor, faults, amount);
        let currency = needed("/currency", self.currency, before.currency, faults, currency);
        let mut word = |pointer: &str, value: Patch<String>, before| match value {
            Patch::Set(value) => text(pointer, &value, MAX_WORD, faults),
            other => other.apply(before),
        };
        let source = word("/source", self.source, before.source);
        let campaign = word("/campaign", self.campaign, before.campaign);
        let expected_close_on = match self.expected_close_on {
            Patch::Set(date) => day("/expected_close_on", date, faults),
            other => other.apply(before.expected_close_on),
        };
        DealFacts {
            name,
            company: self.company_id.apply(before.company),
            owner: self.owner_id.apply(before.owner),
            value_minor,
            currency,
            expected_close_on,
            source,
            campaign,
        }
    }
}

/// A field that every deal has: a checked value, or the one before.
fn needed<T>(
    pointer: &str,
    value: Patch<T>,
    before: T,
    faults: &mut Vec<Fault>,
    check: impl FnOnce(T, &mut Vec<Fault>) -> Option<T>,
) -> T {
    match value {
        Patch::Keep => before,
        Patch::Set(value) => check(value, faults).unwrap_or(before),
        Patch::Clear => {
            not_null(pointer, faults);
            before
        }
    }
}

fn amount(value: i64, faults: &mut Vec<Fault>) -> Option<i64> {
    if (0..=MAX_VALUE).contains(&value) {
        return Some(value);
    }
    faults.push(Fault::new("/value_minor", "range", format!("Send a number from 0 to {MAX_VALUE}.")));
    None
}

fn currency(code: String, faults: &mut Vec<Fault>) -> Option<String> {
    if is_currency(&code) {
        return Some(code);
    }
    let detail = "Write the ISO 4217 code of a currency that exists, for example EUR.";
    faults.push(Fault::new("/currency", "unknown_value", detail));
    None
}

/// How a deal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DealOutcome {
    Won,
    Lost,
}

impl DealOutcome {
    /// As in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }
}

/// The end of a deal.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseDeal {
    pub outcome: DealOutcome,
    /// Why. A lost deal needs a reason.
    #[schemars(length(min = 1, max = 500))]
    pub reason: Option<String>,
}

impl CloseDeal {
    /// The reason, if one was given.
    ///
    /// # Errors
    /// `Invalid` when it is missing for a lost deal, empty or too long.
    pub fn reason(&self) -> Result<Option<String>, Failure> {
        let mut faults = Vec::new();
        let reason = match &self.reason {
            Some(reason) => text("/reason", reason, 500, &mut faults),
            None => {
                if self.outcome == DealOutcome::Lost {
                    faults.push(Fault::new("/reason", "required", "Say why the deal was lost."));
                }
                None
            }
        };
        if faults.is_empty() { Ok(reason) } else { Err(Failure::Invalid(faults)) }
    }
}
