//! Adds a lead typed by a person. What was typed wins over whatever events say.
//!
//! Refuses (409, with the matches) an e-mail address, phone number or LinkedIn profile that belongs to a lead already.
//! `?force=true` makes the lead all the same: it gets the identifiers that are free, and the pair is noted as a suspicion.

use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use shared::domain::ids::LeadId;
use shared::domain::profile::Profile;
use shared::flows::event_path::reevaluate;
use shared::http::{self, Call, Created};
use shared::store::leads::write::{self, Handling};
use shared::views::leads::{LeadMatchView, LeadView};
use shared::views::leads_input::NewLead;
use shared::{Failure, Scope, store};

pub fn main() -> ExitCode {
    http::post("/api/v1/leads", Scope::LeadsWrite, handle)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Make the lead although somebody has one of its identifiers.
    #[serde(default)]
    force: bool,
}

async fn handle(call: Call<NewLead, Query>) -> Result<Created<LeadView>, Failure> {
    let tenant = call.app.rules().get(&call.tx).await?;
    let country = tenant.tenant.default_country.parse().unwrap_or_default();
    let change = call.body.check(country).map_err(Failure::Invalid)?;
    let (organization, owner) = change.links();
    write::check_links(&call.tx, organization, owner).await?;

    // Before any identifier, as everybody takes them.
    store::event_path::hold_rules(&call.tx).await?;
    let id = LeadId(call.app.new_id());
    let mut profile = Profile::default();
    change.apply(&mut profile, call.now)?;
    write::insert(&call.tx, id, &profile, &change.handling(Handling::default()), call.now).await?;
    write::insert_identifiers(&call.tx, id, &change.identifiers).await?;

    let matches = write::list_matches(&call.tx, id, &change.identifiers).await?;
    if !matches.is_empty() && !call.query.force {
        let matches: Vec<LeadMatchView> = matches.into_iter().map(LeadMatchView::from).collect();
        return Err(Failure::Conflict {
            code: "duplicate_lead",
            detail: "This person seems to be a lead already. Change that lead, or send it again with `?force=true`."
                .to_owned(),
            matches: Some(json!(matches)),
        });
    }
    let others: Vec<LeadId> = matches.iter().map(|other| other.id).collect();
    write::insert_suspicions(&call.tx, id, &others, call.now).await?;
    reevaluate(&call.app, &call.tx, &[id], call.now).await?;

    let lead = store::leads::get(&call.tx, id).await?;
    let value = LeadView::from(lead);
    call.note_new(&value).await?;
    Ok(Created::of(value))
}
