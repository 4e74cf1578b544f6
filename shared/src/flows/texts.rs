//! What the machine writes to people, in the tenant's language.

use serde_json::Value;

use crate::app::App;
use crate::domain::engine::Standing;
use crate::domain::ids::LeadId;
use crate::domain::profile::{Profile, ProfileField};
use crate::domain::routing::{DecisionRecord, explain};
use crate::integrations::slack::{self, Language, LeadFacts, Person};
use crate::store::event_path::LoadedLead;
use crate::store::routing::{LockedMember, Target};
use crate::store::tenants::Tenant;

fn english(language: &str) -> bool {
    Language::of(language) == Language::English
}

/// "Follow up with …".
pub fn follow_up_title(language: &str, name: &str) -> String {
    if english(language) { format!("Follow up with {name}") } else { format!("{name} kontaktieren") }
}

/// "Find an owner for …".
pub fn assign_owner_title(language: &str, name: &str) -> String {
    if english(language) { format!("Find an owner for {name}") } else { format!("Zuständigkeit für {name} klären") }
}

/// "Decide the pipeline of …".
pub fn decide_pipeline_title(language: &str, name: &str) -> String {
    if english(language) { format!("Decide the pipeline of {name}") } else { format!("Pipeline für {name} festlegen") }
}

/// Why, in a sentence or two.
pub fn explanation(language: &str, record: &DecisionRecord) -> String {
    let explanation = explain(record);
    if english(language) { explanation.en } else { explanation.de }
}

/// The message about a lead that became hot.
pub fn hot_lead(app: &App, tenant: &Tenant, lead: LeadId, profile: &Profile, standing: &Standing) -> Value {
    let name = profile.display_name();
    let url = link(app, lead);
    let facts = LeadFacts {
        score: standing.total,
        tier: standing.tier,
        intent: standing.primary_intent.as_deref(),
        confidence: standing.primary_intent.is_some().then_some(standing.intent_confidence),
        ..facts(profile, &name, url.as_deref())
    };
    slack::hot_lead_alert(Language::of(&tenant.language), &facts, None)
}

/// The message about a routed lead; about a missing owner when nobody was free.
pub fn routed(
    app: &App,
    tenant: &Tenant,
    lead: &LoadedLead,
    record: &DecisionRecord,
    target: &Target,
    owner: Option<&LockedMember>,
    why: &str,
) -> Value {
    let name = lead.state.profile.display_name();
    let url = link(app, lead.id);
    let facts = decided_facts(lead, record, &name, url.as_deref());
    let language = Language::of(&tenant.language);
    match owner {
        Some(owner) => {
            let person = Person { name: &owner.name, slack_id: owner.slack_user_id.as_deref() };
            slack::lead_routed(language, &facts, &target.name, Some(person), why)
        }
        None => slack::no_owner(language, &facts, &target.name, why),
    }
}

/// The message that a person has to choose a pipeline.
pub fn conflict(app: &App, tenant: &Tenant, lead: &LoadedLead, record: &DecisionRecord, why: &str) -> Value {
    let name = lead.state.profile.display_name();
    let url = link(app, lead.id);
    let facts = decided_facts(lead, record, &name, url.as_deref());
    slack::routing_conflict(Language::of(&tenant.language), &facts, why)
}

fn link(app: &App, lead: LeadId) -> Option<String> {
    app.console_link(&format!("/leads/{lead}"))
}

fn facts<'a>(profile: &'a Profile, name: &'a str, url: Option<&'a str>) -> LeadFacts<'a> {
    LeadFacts {
        name,
        company: profile.get(ProfileField::Company),
        score: 0,
        tier: crate::domain::scoring::Tier::Cold,
        intent: None,
        confidence: None,
        url,
    }
}

fn decided_facts<'a>(
    lead: &'a LoadedLead,
    record: &'a DecisionRecord,
    name: &'a str,
    url: Option<&'a str>,
) -> LeadFacts<'a> {
    let ahead = record.inputs.intents.iter().max_by_key(|intent| intent.weight).filter(|intent| intent.weight > 0);
    LeadFacts {
        score: record.inputs.total_score,
        tier: record.inputs.tier,
        intent: record.outcome.intent.as_deref().or(ahead.map(|intent| intent.intent.as_str())),
        confidence: ahead.map(|intent| intent.confidence),
        ..facts(&lead.state.profile, name, url)
    }
}
