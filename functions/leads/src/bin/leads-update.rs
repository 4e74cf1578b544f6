//! Changes a lead: absent keeps, null clears. What a person typed wins over whatever events say, also that a field is empty.
//!
//! A new e-mail address, phone number or LinkedIn profile is added to those the lead is known by: events under the old one still
//! belong to it. Clearing one takes it away. One that belongs to another lead is refused (409). `If-Match` guards against
//! lost updates (412).

use std::process::ExitCode;

use serde_json::json;
use shared::flows::event_path::{reevaluate, reevaluate_loaded};
use shared::http::{self, Call, Json};
use shared::store::leads::LeadStatus;
use shared::store::leads::write::{self, Handling};
use shared::views::leads::{LeadMatchView, LeadView};
use shared::views::leads_input::LeadPatch;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::patch("/api/v1/leads/{id}", Scope::LeadsWrite, handle)
}

async fn handle(call: Call<LeadPatch>) -> Result<Json<LeadView>, Failure> {
    let id = call.id("id")?;
    let tenant = call.app.rules().get(&call.tx).await?;
    let country = tenant.tenant.default_country.parse().unwrap_or_default();
    let change = call.body.check(country).map_err(Failure::Invalid)?;

    // The rules, identifiers, then the lead: as everybody takes them. What turns out to be refused is taken back with the transaction.
    if change.sets_organization() || change.is_read_by_rules() {
        store::event_path::hold_rules(&call.tx).await?;
    }
    write::insert_identifiers(&call.tx, id, &change.identifiers).await?;
    let (before, mut loaded) = write::lock(&call.tx, id).await?;
    call.if_current(before.version)?;
    if change.is_empty() {
        return Ok(Json::of(before.into()));
    }
    if before.status == LeadStatus::Anonymized {
        return Err(Failure::conflict("anonymized", "This person's data were erased. Make a new lead instead."));
    }
    let (organization, owner) = change.links();
    write::check_links(&call.tx, organization, owner).await?;

    let handling = Handling { tags: before.tags.clone(), organization: before.organization, owner: before.owner };
    let cleared = change.cleared_identifiers(&loaded.state.profile);
    let new = change.new_identifiers(&loaded.state.profile);
    change.apply(&mut loaded.state.profile, call.now)?;
    write::update(&call.tx, id, &loaded.state.profile, &change.handling(handling), call.now).await?;
    write::delete_identifiers(&call.tx, id, &cleared, call.now).await?;
    let matches = write::list_matches(&call.tx, id, &new).await?;
    if !matches.is_empty() {
        let matches: Vec<LeadMatchView> = matches.into_iter().map(LeadMatchView::from).collect();
        return Err(Failure::Conflict {
            code: "identifier_in_use",
            detail: "Another lead is known by this. Clear it there first, or keep both as they are.".to_owned(),
            matches: Some(json!(matches)),
        });
    }
    if change.sets_organization() {
        reevaluate(&call.app, &call.tx, &[id], call.now).await?;
    } else if change.is_read_by_rules() {
        reevaluate_loaded(&call.app, &call.tx, loaded, call.now).await?;
    }

    let lead = store::leads::get(&call.tx, id).await?;
    let (before, after) = (LeadView::from(before), LeadView::from(lead));
    call.note("update", &before, &after).await?;
    Ok(Json::of(after))
}
