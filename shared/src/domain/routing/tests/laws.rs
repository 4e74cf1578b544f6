//! Laws of deciding, on generated leads.

use proptest::prelude::*;

use super::*;
use crate::domain::fixtures::cases;

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let candidate =
        (prop::bool::weighted(0.8), prop::bool::weighted(0.8), 0..6_u32, 0..6_u32, prop::option::of(0..3_i64));
    prop::collection::vec(candidate, 0..6).prop_map(|drafts| {
        let numbered = drafts.into_iter().enumerate();
        let made = numbered.map(|(position, (active, serves_pipeline, load, capacity, hours))| Candidate {
            active,
            serves_pipeline,
            ..member(100 - position as u128, load, capacity, hours)
        });
        made.collect()
    })
}

/// Leads of all kinds under settings of all kinds.
fn leads() -> impl Strategy<Value = DecisionInputs> {
    let sums = (-40..60_i32, -40..60_i32, -40..60_i32);
    let signals = prop::collection::vec((0..3_usize, 1..40_u32), 0..6);
    let thresholds = (-5..80_i32, 1..100_u16, prop::option::of(0..30_u32));
    let settings = (0..30_u32, 0..30_u16, 0..60_u16);
    let flags = prop::collection::vec(prop::bool::weighted(0.05), 3);
    let pipelines = (prop::collection::vec(prop::bool::weighted(0.9), 3), prop::bool::weighted(0.8));
    (sums, signals, thresholds, settings, flags, pipelines, prop::option::of(0..40_i64)).prop_map(
        |(sums, signals, (min_score, min_confidence, discovery), settings, flags, (mapped, has_discovery), reached)| {
            let mut lead = inputs(0, [0, 0, 0], reached);
            lead.scores = ScoreSums { demographic: sums.0, engagement: sums.1, behavior: sums.2 };
            lead.total_score = lead.scores.total();
            lead.config.min_score = min_score;
            lead.config.min_confidence = Confidence::percent(min_confidence);
            lead.config.discovery_after_days = discovery;
            lead.intent_settings = IntentSettings {
                prior: settings.0,
                conflict_margin: Confidence::percent(settings.1),
                conflict_min_confidence: Confidence::percent(settings.2),
            };
            lead.flags =
                LeadFlags { routed: flags[0], suppressed: flags[1], anonymized: flags[2], ..LeadFlags::default() };
            for (intent, _) in INTENTS.iter().zip(mapped).filter(|(_, mapped)| !mapped) {
                lead.config.pipelines.remove(*intent);
            }
            if !has_discovery {
                lead.config.discovery_pipeline = None;
            }
            signals.into_iter().for_each(|(intent, weight)| add_signal(&mut lead, INTENTS[intent], weight));
            lead.intents = lead.picture().intents;
            lead
        },
    )
}

/// The lead after everything that is missing was added, but for what `but` takes back.
fn applied(inputs: &DecisionInputs, missing: &Missing, but: impl Fn(&mut Missing)) -> DecisionInputs {
    let (mut lead, mut missing) = (inputs.clone(), missing.clone());
    but(&mut missing);
    lead.scores.behavior += missing.score.unwrap_or(0);
    if let Some(confidence) = &missing.confidence {
        let weight = u32::try_from(confidence.weight.unwrap()).unwrap();
        add_signal(&mut lead, confidence.intent.as_deref().unwrap(), weight);
    }
    if let Some(intent) = missing.pipeline_for {
        lead.config.pipelines.insert(intent, PipelineId(uuid(1)));
    }
    if missing.blocked.is_some() {
        lead.flags = LeadFlags::default();
    }
    lead
}

fn is_routed(inputs: &DecisionInputs) -> bool {
    matches!(assess(inputs), Assessment::Routed { .. })
}

proptest! {
    #![proptest_config(cases(10_000))]

    /// The record alone decides the same again, also after it was stored as JSON.
    #[test]
    fn a_record_decides_itself_again(inputs in leads(), candidates in candidates()) {
        let record = decide(inputs, &candidates);
        let stored: DecisionRecord = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        prop_assert_eq!(&stored, &record);
        prop_assert_eq!(redecide(&stored), stored.outcome);
    }

    /// Adding exactly what is missing gets the lead routed; leaving any of it out, or a little less, does not.
    #[test]
    fn what_is_missing_is_what_it_takes(inputs in leads()) {
        if is_routed(&inputs) {
            prop_assert_eq!(missing_of(&inputs), Missing::default());
            return Ok(());
        }
        let missing = missing_of(&inputs);
        if missing.confidence.as_ref().is_some_and(|confidence| confidence.weight.is_none()) {
            // Said to be out of reach: no weight within reason gets there.
            let heap = |confidence: &mut MissingConfidence| confidence.weight = Some(2_000_000_000);
            prop_assert!(!is_routed(&applied(&inputs, &missing, |missing| missing.confidence.iter_mut().for_each(heap))));
            return Ok(());
        }
        let after = applied(&inputs, &missing, |_| {});
        prop_assert!(is_routed(&after), "{missing:?}");
        if let Some(confidence) = &missing.confidence {
            let reached = after.intents.iter().find(|known| Some(&known.intent) == confidence.intent.as_ref()).unwrap();
            prop_assert!(reached.confidence >= confidence.to && confidence.to >= confidence.from);
        }
        let less: [fn(&mut Missing); 4] = [
            |missing| missing.score = missing.score.map(|score| score - 1),
            |missing| {
                if let Some(confidence) = &mut missing.confidence {
                    confidence.weight = confidence.weight.map(|weight| weight - 1);
                }
            },
            |missing| missing.pipeline_for = None,
            |missing| missing.blocked = None,
        ];
        for less in less {
            let mut changed = missing.clone();
            less(&mut changed);
            prop_assert!(changed == missing || !is_routed(&applied(&inputs, &missing, less)), "{missing:?} without {changed:?}");
        }
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    /// The owner against the sheet's words: nobody eligible is less loaded, or equally loaded and longer without a lead.
    #[test]
    fn the_owner_is_the_best_one(candidates in candidates()) {
        let choice = choose_owner(&candidates);
        prop_assert_eq!(choice.verdicts.len(), candidates.len());
        let free = |it: &&Candidate| it.active && it.serves_pipeline && it.load < it.capacity;
        let Some(owner) = choice.owner else {
            prop_assert_eq!(candidates.iter().filter(free).count(), 0);
            return Ok(());
        };
        let owner = candidates.iter().find(|candidate| candidate.member_id == owner).unwrap();
        prop_assert!(free(&owner));
        let key = |it: &Candidate| (60 * it.load / it.capacity, it.last_assigned_at, it.member_id);
        for other in candidates.iter().filter(free) {
            prop_assert!(key(owner) <= key(other));
        }
        let chosen = choice.verdicts.iter().filter(|verdict| verdict.verdict == Verdict::Chosen).count();
        prop_assert_eq!(chosen, 1);
        // Who comes first in the list does not matter.
        let mut turned = candidates.clone();
        turned.reverse();
        prop_assert_eq!(choose_owner(&turned).owner, choice.owner);
    }

    /// Every decision can be told, in both languages.
    #[test]
    fn every_decision_has_words(inputs in leads(), candidates in candidates()) {
        let told = explain(&decide(inputs, &candidates));
        for text in [&told.de, &told.en] {
            prop_assert!(text.len() > 40 && text.ends_with('.') && !text.contains("  "), "{text}");
        }
        prop_assert_ne!(told.de, told.en);
    }
}
