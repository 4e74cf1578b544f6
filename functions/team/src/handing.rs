//! What becomes of a member's open work when they may own nothing any more.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use shared::Failure;
use shared::domain::ids::MemberId;
use shared::http::Call;
use shared::store::team::{self, Member, MemberProfile, work};

/// Who gets it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handing {
    /// Who gets the open deals, the open tasks and the leads of a member that is deactivated or becomes a viewer: the id of another
    /// member, or `nobody`, which leaves them without an owner.
    hand_over_to: Option<String>,
}

/// Hands over what there is, when the change makes a member one who may own nothing.
///
/// # Errors
/// `Conflict` with the counts when there is something and nobody was named; `Invalid` when whoever was named cannot own anything.
pub async fn hand_over(call: &Call<(), Handing>, before: &Member, after: &MemberProfile) -> Result<(), Failure> {
    let (from, may_own) = (before.id, |profile: &MemberProfile| profile.active && profile.role != "viewer");
    if !may_own(&before.profile) || may_own(after) {
        return Ok(());
    }
    let open = work::count(&call.tx, from).await?;
    if open.is_done() {
        return Ok(());
    }
    let to = match call.query.hand_over_to.as_deref() {
        Some("nobody") => None,
        Some(id) => Some(heir(call, from, id).await?),
        None => {
            return Err(Failure::Conflict {
                code: "open_work",
                detail: format!(
                    "This member still has {} open deals, {} open tasks and {} leads. Say with hand_over_to who gets them: \
                     another member's id, or nobody.",
                    open.deals, open.tasks, open.leads
                ),
                matches: Some(json!(open)),
            });
        }
    };
    work::hand_over(&call.tx, from, to, &call.actor(), &call.request_id, call.now).await
}

async fn heir(call: &Call<(), Handing>, from: MemberId, id: &str) -> Result<MemberId, Failure> {
    let refused = |code, detail: &str| Failure::invalid("?hand_over_to", code, detail);
    let id: MemberId = id.parse().map_err(|_| refused("format", "Name a member by id, or write nobody."))?;
    if id == from {
        return Err(refused("not_allowed", "Name somebody else."));
    }
    match team::find(&call.tx, id).await? {
        None => Err(refused("unknown_value", "There is no such member of the team.")),
        Some(member) if !member.profile.active || member.profile.role == "viewer" => {
            Err(refused("not_allowed", "This member may own nothing: not active, or a viewer. Name somebody else."))
        }
        Some(_) => Ok(id),
    }
}
