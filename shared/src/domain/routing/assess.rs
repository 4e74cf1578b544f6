//! Whether a lead is ready to be routed, and what is missing if it is not.

use jiff::{SignedDuration, Timestamp};

use super::super::ids::PipelineId;
use super::super::intent::{IntentPicture, IntentSettings};
use super::{Blocked, DecisionInputs, Missing, MissingConfidence};

/// What the inputs of a decision call for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assessment {
    /// Route it to the pipeline of its intent.
    Routed {
        /// The primary intent.
        intent: String,
        /// Its pipeline.
        pipeline: PipelineId,
    },
    /// Ask a person: two intents are too close.
    Conflict {
        /// The intent that is ahead.
        first: String,
        /// The intent close behind.
        second: String,
        /// What would let the machine decide.
        missing: Missing,
    },
    /// Route it to Discovery: its score has been high for long, its intent is still unclear.
    Discovery {
        /// The Discovery pipeline.
        pipeline: PipelineId,
        /// What would have let the machine route it by intent.
        missing: Missing,
    },
    /// Leave it in the pool.
    Pending {
        /// What would let the machine route it.
        missing: Missing,
    },
}

impl Assessment {
    /// The pipeline for which an owner is to be chosen.
    pub const fn pipeline(&self) -> Option<PipelineId> {
        match self {
            Self::Routed { pipeline, .. } | Self::Discovery { pipeline, .. } => Some(*pipeline),
            Self::Conflict { .. } | Self::Pending { .. } => None,
        }
    }
}

/// Assesses a lead from the inputs alone.
///
/// In order: a lead that is routed, suppressed or anonymised is left alone; so is one below `min_score`; a conflict goes
/// to a person; enough confidence routes it; a score that has been reached for `discovery_after_days` sends it to
/// Discovery; everything else waits.
pub fn assess(inputs: &DecisionInputs) -> Assessment {
    let picture = inputs.picture();
    let config = &inputs.config;
    let blocked = blocked(inputs);
    let score = config.min_score > inputs.scores.total();
    let confidence = missing_confidence(&picture, inputs);
    // The intent that would be routed, once everything else is there.
    let intended = picture.primary().or(picture.intents.first()).map(|ahead| ahead.intent.clone());
    let pipeline = intended.as_ref().and_then(|intent| config.pipelines.get(intent)).copied();
    let mut missing = Missing {
        // Below zero the total stands still: what was lost must be gained back as well.
        score: score.then(|| config.min_score.saturating_sub(inputs.scores.net())),
        confidence,
        pipeline_for: if pipeline.is_none() { intended.clone() } else { None },
        blocked,
        discovery_at: None,
        routed_by: None,
    };
    if blocked.is_some() || score {
        return Assessment::Pending { missing };
    }
    if picture.conflict
        && let (Some(first), Some(second)) = (picture.primary(), picture.runner_up())
    {
        return Assessment::Conflict { first: first.intent.clone(), second: second.intent.clone(), missing };
    }
    if missing.confidence.is_none() {
        return match (intended, pipeline) {
            (Some(intent), Some(pipeline)) => Assessment::Routed { intent, pipeline },
            _ => Assessment::Pending { missing },
        };
    }
    let due = discovery_due(inputs);
    match (config.discovery_pipeline, due) {
        (Some(pipeline), Some(due)) if due <= inputs.decided_at => Assessment::Discovery { pipeline, missing },
        (Some(_), due) => {
            missing.discovery_at = due;
            Assessment::Pending { missing }
        }
        (None, _) => Assessment::Pending { missing },
    }
}

const fn blocked(inputs: &DecisionInputs) -> Option<Blocked> {
    let flags = inputs.flags;
    if flags.anonymized {
        Some(Blocked::Anonymized)
    } else if flags.suppressed {
        Some(Blocked::Suppressed)
    } else if flags.returned {
        Some(Blocked::Returned)
    } else if flags.routed {
        Some(Blocked::AlreadyRouted)
    } else {
        None
    }
}

/// When a score that stays high and an intent that stays unclear send the lead to Discovery.
fn discovery_due(inputs: &DecisionInputs) -> Option<Timestamp> {
    let days = i64::from(inputs.config.discovery_after_days?);
    // A day beyond the end of time never comes.
    inputs.score_reached_at?.checked_add(SignedDuration::from_hours(24 * days)).ok()
}

/// What confidence is missing: up to the threshold, and further where a second intent is too close.
fn missing_confidence(picture: &IntentPicture, inputs: &DecisionInputs) -> Option<MissingConfidence> {
    let (settings, threshold) = (inputs.intent_settings, inputs.config.min_confidence);
    let ahead = picture.primary().or(picture.intents.first());
    let from = ahead.map(|ahead| ahead.confidence).unwrap_or_default();
    if ahead.is_some() && from >= threshold && !picture.conflict {
        return None;
    }
    let position = picture.primary.unwrap_or(0);
    let with = |more: u64| raised(picture, position, more, settings);
    let confident = |more: u64| with(more).intents.get(position).is_some_and(|raised| raised.confidence >= threshold);
    let weight = least(|more| confident(more) && !with(more).conflict);
    let to = match weight {
        // The threshold alone is what is missing, when the weight that reaches it also settles the conflict.
        Some(weight) if from < threshold && least(confident) == Some(weight) => threshold,
        Some(weight) => with(weight).intents.get(position).map_or(threshold, |raised| raised.confidence),
        None => threshold.max(from),
    };
    Some(MissingConfidence {
        intent: ahead.map(|ahead| ahead.intent.clone()),
        from,
        to,
        weight,
        too_close: picture.runner_up().filter(|_| picture.conflict).map(|second| second.intent.clone()),
    })
}

/// The picture with `more` weight for one intent.
fn raised(picture: &IntentPicture, position: usize, more: u64, settings: IntentSettings) -> IntentPicture {
    let weights = picture.intents.iter().enumerate().map(|(at, known)| {
        let more = if at == position { more } else { 0 };
        (known.intent.clone(), known.weight.saturating_add(more))
    });
    IntentPicture::from_weights(weights, settings)
}

/// The least positive number that satisfies a condition which, once satisfied, stays so. None below 2^32.
fn least(satisfied: impl Fn(u64) -> bool) -> Option<u64> {
    let mut high = 1_u64;
    while !satisfied(high) {
        high *= 2;
        if high > 1 << 32 {
            return None;
        }
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if satisfied(middle) { high = middle } else { low = middle }
    }
    Some(high)
}
