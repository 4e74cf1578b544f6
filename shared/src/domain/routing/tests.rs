//! Routing: when a lead is placed, with whom, what is missing otherwise, and how it is told.

mod laws;
mod telling;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::domain::engine::{LeadState, advance};
use crate::domain::fixtures::{default_rule_set, event, now, pipeline, uuid};

const INTENTS: [&str; 3] = ["research", "b2b", "co_creation"];

/// Inputs under the default settings: points, weights per intent, days since the score was reached.
fn inputs(points: i32, weights: [u32; 3], reached_days_ago: Option<i64>) -> DecisionInputs {
    let rules = default_rule_set();
    let mut inputs = DecisionInputs::of(rules, &LeadState::default(), LeadFlags::default(), now());
    inputs.scores.behavior = points;
    inputs.total_score = points.max(0);
    inputs.tier = rules.tiers().tier(inputs.total_score);
    inputs.score_reached_at = reached_days_ago.map(|days| now() - SignedDuration::from_hours(24 * days));
    for (position, weight) in weights.into_iter().enumerate().filter(|(_, weight)| *weight > 0) {
        add_signal(&mut inputs, INTENTS[position], weight);
    }
    inputs
}

fn add_signal(inputs: &mut DecisionInputs, intent: &str, weight: u32) {
    let rule = RuleId(uuid(8000 + inputs.signals.len() as u128));
    inputs.signals.push(SeenSignal { rule, event: None, intent: intent.to_owned(), weight });
    inputs.intents = inputs.picture().intents;
}

fn member(number: u128, load: u32, capacity: u32, hours_since_assignment: Option<i64>) -> Candidate {
    Candidate {
        member_id: MemberId(uuid(number)),
        name: format!("Member {number}"),
        active: true,
        serves_pipeline: true,
        load,
        capacity,
        last_assigned_at: hours_since_assignment.map(|hours| now() - SignedDuration::from_hours(hours)),
    }
}

#[test]
fn a_lead_is_routed_when_all_is_there() {
    let routed = |inputs: &DecisionInputs| matches!(assess(inputs), Assessment::Routed { .. });
    let enough = inputs(40, [0, 15, 0], Some(0));
    assert_eq!(
        assess(&enough),
        Assessment::Routed { intent: "b2b".to_owned(), pipeline: pipeline("b2b-lab-enablement") }
    );
    assert!(!routed(&inputs(39, [0, 15, 0], None)), "score 39");
    assert!(!routed(&inputs(40, [0, 14, 0], Some(0))), "confidence 58.3");
    for flags in [
        LeadFlags { routed: true, ..LeadFlags::default() },
        LeadFlags { suppressed: true, ..LeadFlags::default() },
        LeadFlags { anonymized: true, ..LeadFlags::default() },
    ] {
        assert!(!routed(&DecisionInputs { flags, ..enough.clone() }), "{flags:?}");
    }
}

fn missing_of(inputs: &DecisionInputs) -> Missing {
    match assess(inputs) {
        Assessment::Pending { missing }
        | Assessment::Conflict { missing, .. }
        | Assessment::Discovery { missing, .. } => missing,
        Assessment::Routed { .. } => Missing::default(),
    }
}

#[test]
fn what_is_missing_is_exact() {
    let missing = missing_of(&inputs(34, [0, 11, 0], None));
    assert_eq!(missing.score, Some(6));
    let confidence = missing.confidence.unwrap();
    assert_eq!((confidence.from, confidence.to), (Confidence::from_tenths(524), Confidence::percent(60)));
    assert_eq!((confidence.intent.as_deref(), confidence.weight, confidence.too_close), (Some("b2b"), Some(4), None));
    // What was lost below zero must be gained back too.
    assert_eq!(missing_of(&inputs(-20, [0, 15, 0], None)).score, Some(60));
    // Nothing known at all.
    let confidence = missing_of(&inputs(40, [0, 0, 0], Some(0))).confidence.unwrap();
    assert_eq!((confidence.from, confidence.weight), (Confidence::ZERO, Some(15)));
    assert_eq!(missing_of(&inputs(40, [0, 15, 0], Some(0))), Missing::default());
}

#[test]
fn a_conflict_is_put_to_a_person_from_the_minimum_score_on() {
    let close = inputs(40, [20, 20, 0], Some(20));
    let Assessment::Conflict { first, second, missing } = assess(&close) else { panic!("{:?}", assess(&close)) };
    assert_eq!((first.as_str(), second.as_str()), ("research", "b2b"));
    let confidence = missing.confidence.unwrap();
    assert_eq!((confidence.too_close.as_deref(), confidence.to), (Some("b2b"), Confidence::percent(60)));
    assert!(matches!(assess(&inputs(39, [20, 20, 0], None)), Assessment::Pending { .. }));
    // Enough confidence alone does not settle it when the thresholds are low.
    let mut low = inputs(40, [30, 25, 0], Some(0));
    low.config.min_confidence = Confidence::percent(40);
    let Assessment::Conflict { missing, .. } = assess(&low) else { panic!("{:?}", assess(&low)) };
    let confidence = missing.confidence.unwrap();
    assert!(confidence.from > low.config.min_confidence && confidence.to > confidence.from, "{confidence:?}");
}

#[test]
fn an_unclear_lead_goes_to_discovery_in_the_end() {
    let waiting = inputs(45, [5, 0, 0], Some(13));
    assert_eq!(missing_of(&waiting).discovery_at, Some(now() + SignedDuration::from_hours(24)));
    let Assessment::Discovery { pipeline: chosen, .. } = assess(&inputs(45, [5, 0, 0], Some(14))) else { panic!() };
    assert_eq!(chosen, pipeline("discovery"));
    let mut off = inputs(45, [5, 0, 0], Some(400));
    off.config.discovery_after_days = None;
    assert_eq!(missing_of(&off).discovery_at, None);
    assert!(matches!(assess(&off), Assessment::Pending { .. }));
    off.config.discovery_after_days = Some(14);
    off.config.discovery_pipeline = None;
    assert!(matches!(assess(&off), Assessment::Pending { .. }));
}

#[test]
fn an_intent_without_a_pipeline_waits_and_says_so() {
    let mut inputs = inputs(50, [0, 50, 0], Some(0));
    inputs.config.pipelines.remove("b2b");
    let missing = missing_of(&inputs);
    assert_eq!((missing.pipeline_for.as_deref(), missing.score, missing.confidence), (Some("b2b"), None, None));
}

/// The owner, the verdicts and the tie-break for candidates.
fn check_owner(candidates: &[Candidate], owner: Option<u128>, verdicts: &[Verdict], tie_break: Option<TieBreak>) {
    let choice = choose_owner(candidates);
    let got: Vec<_> = choice.verdicts.iter().map(|candidate| candidate.verdict).collect();
    assert_eq!(
        (choice.owner, got.as_slice(), choice.tie_break),
        (owner.map(|id| MemberId(uuid(id))), verdicts, tie_break)
    );
}

#[test]
fn the_least_loaded_member_owns_the_lead() {
    use Verdict::{AssignedMoreRecently, Chosen, Full, Inactive, LaterId, MoreLoaded, OtherPipeline};
    let inactive = Candidate { active: false, ..member(1, 0, 9, None) };
    let elsewhere = Candidate { serves_pipeline: false, ..member(2, 0, 9, None) };
    let full = member(3, 9, 9, None);
    check_owner(&[], None, &[], None);
    check_owner(&[inactive.clone(), elsewhere.clone(), full.clone()], None, &[Inactive, OtherPipeline, Full], None);
    // 3 of 10 is less than 2 of 6.
    let (third, tenths) = (member(4, 2, 6, None), member(5, 3, 10, Some(0)));
    check_owner(&[inactive, third, tenths, full], Some(5), &[Inactive, MoreLoaded, Chosen, Full], None);
    // 1 of 3 is 2 of 6.
    let (recent, long) = (member(6, 1, 3, Some(1)), member(7, 2, 6, Some(9)));
    let tie = Some(TieBreak::LastAssignment);
    check_owner(&[recent.clone(), long.clone()], Some(7), &[AssignedMoreRecently, Chosen], tie);
    check_owner(
        &[member(8, 3, 9, None), long, recent],
        Some(8),
        &[Chosen, AssignedMoreRecently, AssignedMoreRecently],
        tie,
    );
    check_owner(&[member(9, 0, 1, None), member(8, 0, 4, None)], Some(8), &[LaterId, Chosen], Some(TieBreak::Id));
    check_owner(&[member(9, 0, 0, None)], None, &[Full], None);
}

#[test]
fn a_lead_from_events_to_a_decision() {
    let rules = default_rule_set();
    let at = |hours: i64| now() - SignedDuration::from_hours(hours);
    let events =
        [event(1, "demo_requested", at(30)), event(2, "form_submitted", at(20)), event(3, "demo_requested", at(1))];
    let mut state = LeadState::default();
    advance(rules, &state, &events.iter().collect::<Vec<_>>(), None, now()).apply_to(&mut state);
    let inputs = DecisionInputs::of(rules, &state, LeadFlags::default(), now());
    assert_eq!((inputs.total_score, inputs.score_reached_at), (75, Some(at(20))));
    assert_eq!(inputs.intents, state.standing.intents);
    let record = decide(inputs, &[member(1, 0, 5, None)]);
    assert_eq!((record.outcome.kind, record.outcome.owner_id), (OutcomeKind::Routed, Some(MemberId(uuid(1)))));
    assert_eq!(record.inputs.signals.iter().map(|signal| signal.weight).sum::<u32>(), 40);
}

#[test]
fn a_record_is_appended_only_when_it_says_something_else() {
    let pending = decide(inputs(10, [0, 0, 0], None), &[]);
    let still_pending = decide(inputs(20, [0, 5, 0], None), &[]);
    let routed = decide(inputs(50, [0, 50, 0], Some(0)), &[member(1, 0, 5, None)]);
    assert!(!pending.is_superseded_by(&still_pending) && pending.is_superseded_by(&routed));
    let choice = |reason: &str| ManualChoice {
        decided_by: None,
        pipeline_id: Some(pipeline("discovery")),
        owner_id: None,
        reason: Some(reason.to_owned()),
    };
    let by_hand = |reason| decide_by_hand(inputs(10, [0, 0, 0], None), choice(reason));
    assert!(pending.is_superseded_by(&by_hand("a")) && by_hand("a").is_superseded_by(&by_hand("b")));
    assert_eq!(redecide(&by_hand("a")), by_hand("a").outcome);
}

#[test]
fn follow_ups_are_due_on_working_days_in_the_tenants_zone() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let check = |from: &str, days, expected: &str| {
        let from: Timestamp = from.parse().unwrap();
        assert_eq!(follow_up_due(from, days, &berlin), expected.parse::<Timestamp>().unwrap(), "{from} + {days}");
    };
    check("2026-06-15T15:00:00+02:00", 1, "2026-06-16T15:00:00+02:00");
    check("2026-06-19T15:00:00+02:00", 1, "2026-06-22T15:00:00+02:00");
    check("2026-06-20T15:00:00+02:00", 1, "2026-06-22T15:00:00+02:00");
    check("2026-06-21T23:30:00+02:00", 1, "2026-06-22T23:30:00+02:00");
    check("2026-06-19T15:00:00+02:00", 6, "2026-06-29T15:00:00+02:00");
    check("2026-06-19T15:00:00+02:00", 0, "2026-06-19T15:00:00+02:00");
    // Friday evening in UTC is Saturday in Berlin.
    check("2026-06-19T22:30:00Z", 1, "2026-06-22T00:30:00+02:00");
    // The clocks go forward on Sunday the 29th: the same time of day, one hour sooner.
    check("2026-03-27T12:00:00+01:00", 1, "2026-03-30T12:00:00+02:00");
    // Half past two does not exist on that Sunday, nor is it asked for: Monday has it.
    check("2026-03-27T02:30:00+01:00", 1, "2026-03-30T02:30:00+02:00");
    check("2026-03-26T02:30:00+01:00", 3, "2026-03-31T02:30:00+02:00");
    // In autumn it comes twice on the Sunday, whichever of the two it is counted from.
    check("2026-10-23T02:30:00+02:00", 1, "2026-10-26T02:30:00+01:00");
    check("2026-10-25T02:30:00+02:00", 1, "2026-10-26T02:30:00+01:00");
    check("2026-10-25T02:30:00+01:00", 1, "2026-10-26T02:30:00+01:00");
    check("2026-10-25T02:30:00+01:00", 0, "2026-10-25T02:30:00+01:00");
    // Where clocks change on a Friday at midnight: the first moment of that hour that exists, and the first of two.
    let cairo = TimeZone::get("Africa/Cairo").unwrap();
    let check = |from: &str, expected: &str| {
        let from: Timestamp = from.parse().unwrap();
        assert_eq!(follow_up_due(from, 1, &cairo), expected.parse::<Timestamp>().unwrap(), "{from}");
    };
    check("2026-04-23T00:30:00+02:00", "2026-04-24T01:30:00+03:00");
    check("2026-10-28T23:30:00+03:00", "2026-10-29T23:30:00+03:00");
}
