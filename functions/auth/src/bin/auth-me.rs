//! Shows who is calling: the member, what they may do, and the tenant whose data they see.
//!
//! Everybody who is signed in may ask. API keys, and people of an identity provider who are not in the team, have no member.

use std::process::ExitCode;

use shared::domain::access::CallerKind;
use shared::domain::ids::MemberId;
use shared::http::{self, Anyone, Call, Json};
use shared::views::team::MeView;
use shared::{Failure, store};

pub fn main() -> ExitCode {
    http::get("/api/v1/auth/me", Anyone, handle)
}

async fn handle(call: Call) -> Result<Json<MeView>, Failure> {
    let member = match (call.caller.kind, call.caller.subject.parse::<MemberId>()) {
        (CallerKind::Person, Ok(id)) => store::team::find(&call.tx, id).await?,
        _ => None,
    };
    let tenant = store::tenants::get(&call.tx).await?;
    Ok(Json::new(MeView::of(&call.caller, member, tenant)))
}
