//! The entry point of a partner's worker.

use std::process::ExitCode;

use super::consume;
use crate::flows::effects;
use crate::integrations::partner::Partner;
use crate::messages::EffectDue;

/// Does the effects of one partner, from the queue that is named like it.
#[track_caller]
pub fn do_effects(partner: &'static dyn Partner) -> ExitCode {
    consume(partner.name(), move |app, due: EffectDue| async move { effects::work(&app, partner, &due).await })
}
