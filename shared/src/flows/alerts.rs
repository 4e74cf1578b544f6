//! Hot-lead alerts: one per crossing into `hot` or above, at most one per lead and tier in 24 hours.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::app::App;
use crate::domain::ids::{EffectId, LeadId};
use crate::failure::Failure;
use crate::flows::event_path::{Changed, profile};
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
    changes: &[Changed<'_>],
    now: Timestamp,
) -> Result<(), Failure> {
    let crossed: Vec<_> = changes.iter().filter_map(|(one, change)| Some((one.lead, change.alert?))).collect();
    let told: HashSet<LeadId> = store::claim_alerts(tx, &crossed, now).await?.into_iter().collect();
    let alert = |changed: &Changed<'_>| {
        let (lead, tier) = (changed.0.lead, changed.1.alert?);
        let payload = super::texts::hot_lead(app, &tenant.tenant, lead, profile(changed), &changed.1.standing);
        let cause = format!("tier:{lead}:{}:{}", tier.as_str(), now.as_second());
        let (id, target) = (EffectId(app.new_id()), slack::target(&payload));
        Some(NewEffect { lead: Some(lead), ..NewEffect::new(id, slack::KIND, cause, target, payload) })
    };
    let alerts: Vec<NewEffect> = changes.iter().filter(|(one, _)| told.contains(&one.lead)).filter_map(alert).collect();
    effects::insert(tx, slack::NAME, &alerts, now).await
}
