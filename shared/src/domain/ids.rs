//! Ids as types, so that a lead's id cannot be passed where a deal's is expected.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Declares one id type per line. Every id is a UUID (version 7 where Lotse makes it) and reads as one in JSON and logs.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )*};
}

ids! {
    /// A customer of Lotse; every row belongs to exactly one.
    TenantId
    /// A person a tenant may do business with.
    LeadId
    /// One stored event; also the receipt its sender got. Its order is the order of receipt.
    EventId
    /// A scoring or intent rule, the same across its versions.
    RuleId
    /// A pipeline that deals move through.
    PipelineId
    /// One stage of a pipeline.
    StageId
    /// A deal.
    DealId
    /// A member of the tenant's team: whoever can own leads, deals and tasks.
    MemberId
    /// A task for a member.
    TaskId
    /// A company a lead works for.
    OrganizationId
    /// A marketing campaign.
    CampaignId
    /// One routing decision record.
    DecisionId
    /// One recorded suspicion that two leads are the same person.
    SuspicionId
    /// One row of the effects ledger: something done, or to be done, outside Lotse.
    EffectId
    /// One raw delivery kept in the inbox.
    DeliveryId
    /// An API key.
    ApiKeyId
    /// A list's layout, columns, filters and sort under a name.
    SavedViewId
}
