//! Changes what is said about a deal: absent keeps, null clears.
//!
//! Where it stands is changed by move and close, whose it is by lead. Refuses companies and owners that do not exist, taking the
//! company from a deal that has nothing else, and a version that is no longer current.

use std::process::ExitCode;

use shared::domain::ids::DealId;
use shared::http::{self, Call, Json};
use shared::store::deals::write::{self, DealFacts};
use shared::views::deals::DealView;
use shared::views::deals_input::DealPatch;
use shared::{Failure, Scope};

pub fn main() -> ExitCode {
    http::patch(["/api/v1/deals/{id}", "/api/v1/crm/deals/{id}"], Scope::DealsWrite, handle)
}

async fn handle(call: Call<DealPatch>) -> Result<Json<DealView>, Failure> {
    let id: DealId = call.id("id")?;
    let before = write::lock(&call.tx, id).await?;
    call.if_current(before.version)?;
    let present = DealFacts::of(&before);
    let facts = call.body.clone().check(present.clone())?;
    if facts == present {
        return Ok(Json::of(before.into()));
    }
    if facts.company.is_none() && before.lead.is_none() && before.contact.is_none() {
        return Err(Failure::conflict(
            "nobody",
            "A deal is somebody's. Give it a lead before you take the company away.",
        ));
    }
    // What was there before may be gone by now; only what is new must exist.
    let company = facts.company.filter(|_| facts.company != present.company);
    let owner = facts.owner.filter(|_| facts.owner != present.owner);
    write::check_links(&call.tx, company, owner).await?;
    let after = DealView::from(write::update(&call.tx, id, &facts, call.now).await?);
    call.note("update", &before.into(), &after).await?;
    Ok(Json::of(after))
}
