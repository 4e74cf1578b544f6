//! Hot-lead alerts: one per crossing into `hot` or above, at most one per lead and tier in 24 hours.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::app::App;
use crate::domain::engine::LeadChange;
use crate::domain::ids::{EffectId, LeadId};
use crate::domain::scoring::Tier;
use crate::failure::Failure;
use crate::integrations::slack;
use crate::store::effects::{self, NewEffect};
use crate::store::rules::TenantRules;
use crate::store::{Tx, event_path as store};

/// Writes an effect for every crossing that may be told.
///
/// # Errors
/// When the database does not answer.
pub async fn hot_leads(
    app: &App,
    tx: &Tx,
    tenant: &TenantRules,
    changes: &HashMap<LeadId, &LeadChange>,
    crossed: &[(LeadId, Tier)],
    now: Timestamp,
) -> Result<(), Failure> {
    let told = store::claim_alerts(tx, crossed, now).await?;
    let alerts: Vec<NewEffect> = told
        .iter()
        .filter_map(|lead| {
            let change = changes.get(lead)?;
            let tier = change.alert?;
            let payload = super::texts::hot_lead(app, &tenant.tenant, *lead, change);
            Some(NewEffect {
                id: EffectId(app.new_id()),
                kind: slack::KIND,
                cause: format!("tier:{lead}:{}:{}", tier.as_str(), now.as_second()),
                target: slack::target(&payload),
                lead: Some(*lead),
                payload,
            })
        })
        .collect();
    effects::insert(tx, slack::QUEUE, &alerts, now).await
}
