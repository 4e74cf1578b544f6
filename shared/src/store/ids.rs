//! The domain's ids as Postgres `uuid`.

use std::error::Error;

use postgres_types::private::BytesMut;
use postgres_types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use super::sql::Bind;
use crate::domain::ids::{
    ApiKeyId, CampaignId, DealId, DecisionId, DeliveryId, EffectId, EventId, LeadId, MemberId, OrganizationId,
    PipelineId, RuleId, SavedViewId, StageId, TaskId, TenantId,
};

macro_rules! id_as_uuid {
    ($($id:ident),*) => {$(
        impl ToSql for $id {
            fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
                self.0.to_sql(ty, out)
            }
            fn accepts(ty: &Type) -> bool {
                <Uuid as ToSql>::accepts(ty)
            }
            to_sql_checked!();
        }
        impl<'a> FromSql<'a> for $id {
            fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
                Uuid::from_sql(ty, raw).map(Self)
            }
            fn accepts(ty: &Type) -> bool {
                <Uuid as FromSql>::accepts(ty)
            }
        }
        impl Bind for $id {
            const TYPE: Type = Type::UUID;
            const ARRAY: Type = Type::UUID_ARRAY;
        }
    )*};
}

id_as_uuid!(
    ApiKeyId,
    SavedViewId,
    CampaignId,
    DealId,
    DecisionId,
    DeliveryId,
    EffectId,
    EventId,
    LeadId,
    MemberId,
    OrganizationId,
    PipelineId,
    RuleId,
    StageId,
    TaskId,
    TenantId
);
